import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '../../server/src/testing/random.ts';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import { ConnectionError } from './errors.ts';
import type { Fetch } from './fetch.ts';
import type { Transaction } from './transaction.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await server.close();
});

const random = seededRandom();
/** How many requests the server works on. */
let under_way = 0;

/** A network that loses a request in three, and an answer in three, once it is told to. */
function lossy(is: { lossy: boolean }): Fetch {
  return async (url, init) => {
    const fate = is.lossy ? random.below(3) : 2;
    if (fate === 0) throw new TypeError('fetch failed');
    under_way += 1;
    const response = await server.fetch(url, init).finally(() => {
      under_way -= 1;
    });
    if (fate === 1) throw new TypeError('fetch failed');
    return response;
  };
}

/** Repeats a call until it is answered, as a program would that does not give up. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
  }
}

/** Waits for what waits itself between attempts, without the time. */
async function hurried<T>(promise: Promise<T>): Promise<T> {
  const waiting = { over: false };
  const outcome = promise.finally(() => {
    waiting.over = true;
  });
  outcome.catch(() => {}); // it is awaited below
  while (!waiting.over) {
    // The server's own time must not run out while it works.
    if (under_way > 0) await new Promise((resolve) => setImmediate(resolve));
    else await vi.advanceTimersByTimeAsync(1_000);
  }
  return outcome;
}

async function makeAll(client: Client, { transaction, names }: { transaction: Transaction; names: string[] }) {
  const make = (namespace: string) => {
    const input = { namespace, transaction, operation_id: `make-${namespace}` };
    return insist(() => client.catalog.createNamespace(input));
  };
  const answers = await Promise.all(names.map(make));
  expect(answers.map(({ namespace }) => namespace)).toEqual(names);
}

test(`changes that are repeated over a network that loses much are made once (SEED=${random.seed})`, async () => {
  const is = { lossy: false };
  const client = new Client('http://test', { fetch: lossy(is) });
  const sure = new Client('http://test', { fetch: server.fetch as Fetch });
  for (let round = 0; round < 8; round += 1) {
    is.lossy = true;
    const names = Array.from({ length: 6 }, (_, index) => `r${round}_${index}`);
    const transaction = await hurried(insist(() => client.transaction()));
    await hurried(makeAll(client, { transaction, names }));
    const isKept = random.below(3) > 0;
    await hurried(insist<unknown>(() => (isKept ? transaction.commit() : transaction.abort())));
    is.lossy = false;
    const state = await transaction.get();
    expect([state.status, state.operation_count]).toEqual([isKept ? 'COMMITTED' : 'ABORTED', names.length]);
    for (const namespace of names) expect(await sure.catalog.namespaceExists({ namespace })).toBe(isKept);
  }
});
