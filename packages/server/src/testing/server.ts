import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson, stringifyJson } from '@deltacat/contract';
import { type Config, readConfig } from '../config.ts';
import type { Clock, RequestContext, ServerContext } from '../context.ts';
import { createApp } from '../http/app.ts';
import { openServer } from '../main.ts';

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
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  close(): Promise<void>;
}

/** Starts a server for tests. Its requests carry a client version unless told otherwise: they come from a reader that can merge. */
export async function startTestServer(
  options: { clock?: Clock; root?: string; config?: Partial<Config> } = {},
): Promise<TestServer> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'deltacat-test-'));
  const config = { ...readConfig(root, {}), log_level: 'silent', ...options.config };
  const context = await openServer(config, options.clock ? { clock: options.clock } : {});
  const app = createApp(context);
  return {
    root,
    context,
    fetch: async (input, init) => app.fetch(new Request(input, init)),
    requestContext: () => ({ ...context, request_id: 'test', user: null, client_version: 'test' }),
    async request(method, path, body, headers = { 'X-DeltaCAT-Client-Version': 'test' }) {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : stringifyJson(body);
      const response = await app.request(path, { method, headers, ...(text === undefined ? {} : { body: text }) });
      return { status: response.status, body: parseJson(await response.text()), headers: response.headers };
    },
    async close() {
      await context.db.close();
      if (!options.root) rmSync(root, { recursive: true, force: true });
    },
  };
}
