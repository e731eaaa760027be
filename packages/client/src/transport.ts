import { DeltacatError } from '@deltacat/contract';
import { type Answer, answerError, ConnectionError } from './errors.ts';
import { type Fetch, fetchTrusting } from './fetch.ts';
import { pauseBeforeRetry } from './retry.ts';
import { VERSION } from './version.ts';

/** How requests reach a server. */
export interface TransportOptions {
  user_id?: string | undefined;
  bearer_token?: string | undefined;
  headers?: Record<string, string> | undefined;
  verify_ssl?: boolean | string | undefined;
  follow_redirects?: boolean | undefined;
  timeout?: number | undefined;
  fetch?: Fetch | undefined;
  /** How to wait between attempts, in milliseconds. */
  pause?: ((ms: number) => Promise<void>) | undefined;
}

/** One request, ready to be sent. */
export interface Request {
  method: string;
  /** Path and query, from the server's address on. */
  path: string;
  body?: string | undefined;
  /** Whether sending it twice does no more than sending it once. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

/** How long to wait for an answer, in seconds, unless told otherwise. */
const TIMEOUT_DEFAULT_S = 30;
/** A day: what takes longer is not waiting for an answer. */
const TIMEOUT_MAX_S = 86_400;

/**
 * Sends requests to one server and returns good answers; everything else is thrown as a `RequestError`.
 * Repeatable requests survive dropped connections and a server that restarts.
 */
export class Transport {
  readonly url: string;
  readonly #headers: Headers;
  readonly #options: TransportOptions;
  readonly #timeout_ms: number;
  readonly #fetch: Fetch;

  constructor(url: string, options: TransportOptions = {}) {
    this.url = addressOf(url);
    this.#options = options;
    this.#headers = headersOf(options);
    this.#timeout_ms = timeoutOf(options);
    this.#fetch = options.fetch ?? fetchTrusting(options.verify_ssl ?? true);
  }

  /** Sends a request, again where that is safe and may help. Resolves to the answer, a good one. */
  async send(request: Request): Promise<Answer> {
    const started = performance.now();
    for (let number = 1; ; number += 1) {
      const outcome = await this.#attempt(request);
      if ('answer' in outcome && outcome.answer.status < 300) return outcome.answer;
      const answer = 'answer' in outcome ? outcome.answer : null;
      const elapsed_ms = performance.now() - started;
      const pause_ms = request.repeatable ? pauseBeforeRetry({ number, elapsed_ms, answer }) : null;
      if (pause_ms === null) {
        throw 'answer' in outcome ? answerError(outcome.answer, describe(request)) : outcome.failure;
      }
      await (this.#options.pause ?? pauseFor)(pause_ms);
      request.signal?.throwIfAborted();
    }
  }

  async #attempt(request: Request): Promise<{ answer: Answer } | { failure: ConnectionError }> {
    const timeout = AbortSignal.timeout(this.#timeout_ms);
    try {
      const response = await this.#fetch(`${this.url}${request.path}`, this.#init(request, timeout));
      return { answer: { status: response.status, headers: response.headers, text: await response.text() } };
    } catch (cause) {
      // What the caller gave up must look like it, not like a failing server.
      request.signal?.throwIfAborted();
      return { failure: this.#failure(request, timeout.aborted, cause) };
    }
  }

  #init({ method, body, signal }: Request, timeout: AbortSignal): RequestInit {
    const headers = new Headers(this.#headers);
    if (body !== undefined) headers.set('content-type', 'application/json');
    return {
      method,
      headers,
      redirect: (this.#options.follow_redirects ?? true) ? 'follow' : 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body }),
    };
  }

  #failure(request: Request, timedOut: boolean, cause: unknown): ConnectionError {
    const failure = { retryable: request.repeatable, cause };
    const advice = request.repeatable ? '' : ' The server may have done it all the same: look before you repeat it.';
    if (timedOut) {
      const seconds = this.#timeout_ms / 1_000;
      const message = `${describe(request)} got no answer within ${seconds} s; allow more by the option timeout.${advice}`;
      return new ConnectionError('timeout', message, failure);
    }
    const message = `${describe(request)} got no answer from ${this.url}: ${reason(cause)}.${advice}`;
    return new ConnectionError('connection_failed', message, failure);
  }
}

function addressOf(url: string): string {
  const protocol = URL.parse(url)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return url.replace(/\/+$/, '');
  throw new DeltacatError('invalid_input', `"${url}" is not the address of a server; write it as http://host:port.`);
}

function timeoutOf({ timeout = TIMEOUT_DEFAULT_S }: TransportOptions): number {
  if (timeout > 0 && timeout <= TIMEOUT_MAX_S) return timeout * 1_000;
  throw new DeltacatError('invalid_input', `A timeout is more than 0 and at most ${TIMEOUT_MAX_S} s, not ${timeout}.`);
}

function headersOf({ user_id, bearer_token, headers = {} }: TransportOptions): Headers {
  const all = new Headers({ accept: 'application/json', 'x-deltacat-client-version': `ts-${VERSION}` });
  if (bearer_token !== undefined) all.set('authorization', `Bearer ${bearer_token}`);
  if (user_id !== undefined) all.set('x-deltacat-user', user_id);
  // The caller's own win: that is what they are for.
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return all;
}

function describe({ method, path }: Request): string {
  return `${method} ${path.split('?')[0]}`;
}

/** `fetch` hides what went wrong in the cause of a TypeError. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
