import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Patience } from '../storage/s3.ts';

/** How a request is answered in place of the right answer; null where it is answered rightly. */
export type Oddity = (request: IncomingMessage, response: ServerResponse, answer: RightAnswer) => 'answered' | null;

/** The right answer to a read. */
export interface RightAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** Patient enough for a machine that is busy, and no more: tests wait for what never comes. */
export const SHORT_PATIENCE: S3Patience = { connect_ms: 2_000, idle_ms: 300, attempts_max: 3 };

/** A store of one object, at any path, that answers reads as S3 does, or as an oddity wants it. */
export class OddStore implements AsyncDisposable {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  /** What was asked: path, method, range and key of each request. */
  readonly requests: {
    path: string;
    method: string;
    range: string | null;
    if_match: string | null;
    key_id: string | null;
  }[] = [];
  bytes: Uint8Array;
  version = '"one"';
  oddity: Oddity = () => null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on a port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const range = request.headers.range ?? null;
    const if_match = request.headers['if-match'] ?? null;
    const key_id = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? null;
    this.requests.push({ path: request.url ?? '', method: request.method ?? '', range, if_match, key_id });
    request.resume();
    const answer = this.#read(range, if_match);
    if (this.oddity(request, response, answer) !== null) return;
    response.writeHead(answer.status, answer.headers);
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  #read(range: string | null, if_match: string | null): RightAnswer {
    if (if_match !== null && if_match !== this.version) return refusal(412, 'PreconditionFailed');
    const total = this.bytes.byteLength;
    const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? 'bytes=0-') ?? [];
    const from = first ? Number(first) : Math.max(0, total - Number(last));
    const end = first && last ? Math.min(total, Number(last) + 1) : total;
    if (from >= total) return refusal(416, 'InvalidRange');
    const body = this.bytes.subarray(from, end);
    const headers = { 'content-length': String(body.byteLength), etag: this.version };
    if (range === null) return { status: 200, headers, body };
    return { status: 206, headers: { ...headers, 'content-range': `bytes ${from}-${end - 1}/${total}` }, body };
  }
}

/** An answer by which S3 refuses. */
export function refusal(status: number, code: string): RightAnswer {
  const body = Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said the store</Message></Error>`);
  return { status, headers: { 'content-type': 'application/xml', 'content-length': String(body.byteLength) }, body };
}

/** Answers every request so, from the n-th to before the m-th of those that come. */
export function between(
  from: number,
  to: number,
  odd: (answer: RightAnswer, response: ServerResponse) => void,
): Oddity {
  let count = 0;
  return (_request, response, answer) => {
    count += 1;
    if (count <= from || count > to) return null;
    odd(answer, response);
    return 'answered';
  };
}
