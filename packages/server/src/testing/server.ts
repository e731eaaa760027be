import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson, stringifyJson } from '@deltacat/contract';
import type { Logger } from 'pino';
import { type Config, readConfig } from '../config.ts';
import type { Clock, RequestContext, ServerContext } from '../context.ts';
import { createApp } from '../http/app.ts';
import { openServer } from '../main.ts';
import { environmentFor } from './database.ts';

/** A clock that tests move by hand. It also moves by one microsecond at every look, as real ones do. */
export class ManualClock implements Clock {
  #now: bigint;

  constructor(now = 1_800_000_000_000_000_000n) {
    this.#now = now;
  }

  nowNs(): bigint {
    this.#now += 1_000n;
    return this.#now;
  }

  advanceSeconds(seconds: number): void {
    this.#now += BigInt(Math.round(seconds * 1_000_000_000));
  }
}

/** An answer as a test looks at it: the body is whatever JSON came back. */
export interface TestAnswer {
  status: number;
  // Tests look into bodies of every shape; typing them would repeat the contract.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
  headers: Headers;
}

/** A whole server without a port, over a folder of its own. */
export interface TestServer {
  root: string;
  context: ServerContext;
  /** A fetch that goes straight into the server. */
  fetch: typeof fetch;
  /** What a handler is given when a newer client calls. */
  requestContext(): RequestContext;
  /** Sends `METHOD /path`; a body that is text is sent as it is, anything else as JSON. */
  request(method: string, path: string, body?: unknown): Promise<TestAnswer>;
  /** The same as a client that sends these headers and no others; none is the oldest client, which cannot merge. */
  requestAs(headers: Record<string, string>): TestServer['request'];
  close(): Promise<void>;
}

/**
 * Starts a server for tests, on the database that they use. Its requests carry a client version unless told otherwise: they come from a reader that can merge. */
export async function startTestServer(
  options: { clock?: Clock; root?: string; config?: Partial<Config>; log?: Logger } = {},
): Promise<TestServer> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'deltacat-test-'));
  const config = { ...readConfig(root, await environmentFor(root)), log_level: 'silent', ...options.config };
  const { clock, log } = options;
  const context = await openServer(config, { ...(clock ? { clock } : {}), ...(log ? { log } : {}) });
  const app = createApp(context);
  const requestAs: TestServer['requestAs'] = (headers) => async (method, path, body) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : stringifyJson(body);
    const response = await app.request(path, { method, headers, ...(text === undefined ? {} : { body: text }) });
    return { status: response.status, body: parseJson(await response.text()), headers: response.headers };
  };
  return {
    root,
    context,
    fetch: async (input, init) => app.fetch(new Request(input, init)),
    requestContext: () => ({ ...context, request_id: 'test', user: null, client_version: 'test' }),
    request: requestAs({ 'X-DeltaCAT-Client-Version': 'test' }),
    requestAs,
    async close() {
      await context.db.close();
      if (!options.root) rmSync(root, { recursive: true, force: true });
    },
  };
}
