import { writeRows } from '@deltacat/io-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { Fetch } from './fetch.ts';
import type { Transaction } from './transaction.ts';

let server: TestServer;
let client: Client;
/** Another program. */
let other: Client;

type Sent = { method: string; path: string; version: string | null; operation_id: string | null };
const sent: Sent[] = [];
/** How many requests have no answer yet. */
let under_way = 0;
/** What the network does to a request; by default it is delivered. */
let network: (deliver: () => Promise<Response>, path: string) => Promise<Response>;
const plain: typeof network = (deliver) => deliver();

const fetch: Fetch = async (url, init) => {
  const { pathname: path, searchParams } = new URL(url);
  const body = JSON.parse(String(init.body ?? '{}')) as Record<string, unknown>;
  const of = (field: string) => searchParams.get(field) ?? (field in body ? String(body[field]) : null);
  sent.push({
    ...{ method: String(init.method), path },
    ...{ version: of('transaction_version'), operation_id: of('operation_id') },
  });
  under_way += 1;
  try {
    return await network(() => server.fetch(url, init), path);
  } finally {
    under_way -= 1;
  }
};

beforeAll(async () => {
  network = plain;
  server = await startTestServer();
  client = new Client('http://test', { fetch });
  other = new Client('http://test', { fetch: server.fetch as Fetch });
  await other.catalog.createTable({
    ...table,
    schema_def: [{ name: 'id', type: 'int64' }],
    auto_create_namespace: true,
  });
});
afterAll(() => server.close());
afterEach(() => {
  network = plain;
  vi.useRealTimers();
});

const table = { namespace: 'n', table: 't' };

/** Loses the answers to the first requests of a kind, after the server has done what they ask. */
function loseAnswers(kind: string, times: number): void {
  let left = times;
  network = async (deliver, path) => {
    const response = await deliver();
    if (!path.includes(kind) || left-- <= 0) return response;
    throw new TypeError('fetch failed');
  };
}

/** Waits for what waits itself, between attempts for example, without the time. */
async function hurried<T>(promise: Promise<T>): Promise<T | Error> {
  const waiting = { over: false };
  const outcome = promise
    .catch((error: Error) => error)
    .finally(() => {
      waiting.over = true;
    });
  while (!waiting.over) {
    // The server's own time must not run out while it works.
    if (under_way > 0) await new Promise((resolve) => setImmediate(resolve));
    else await vi.advanceTimersByTimeAsync(1_000);
  }
  return outcome;
}

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

const make = (transaction: Transaction, namespace: string) =>
  client.catalog.createNamespace({ namespace, transaction });
const since = (from: number, end: string) => sent.slice(from).filter(({ path }) => path.endsWith(end));

describe('changes of one transaction', () => {
  test('run one after another, each with the version that the one before it left', async () => {
    const tx = await client.transaction();
    const from = sent.length;
    let running = 0;
    let most = 0;
    network = async (deliver) => {
      most = Math.max(most, ++running);
      const response = await deliver();
      running -= 1;
      return response;
    };
    const names = ['p1', 'p2', 'p3', 'p4', 'p5'];
    const answers = await Promise.all(names.map((name) => make(tx, name)));
    expect(most).toBe(1);
    const requests = since(from, '/v1/namespaces');
    expect(requests.map(({ version }) => version)).toEqual(['1', '2', '3', '4', '5']);
    expect(new Set(requests.map(({ operation_id }) => operation_id)).size).toBe(5);
    expect(answers.map(({ transaction_version }) => transaction_version)).toEqual([2, 3, 4, 5, 6]);
    expect(answers[0]).toMatchObject({ transaction_id: tx.id, seq: null });
    expect(tx.version).toBe(6);
    await tx.abort();
  });

  test('go on after one that is repeated by its id, whose answer has the version of then', async () => {
    const tx = await client.transaction();
    const again = { namespace: 'again', transaction: tx, operation_id: 'again' };
    const first = await client.catalog.createNamespace(again);
    await make(tx, 'since');
    expect(await client.catalog.createNamespace(again)).toEqual(first);
    await make(tx, 'after_again');
    expect(tx.version).toBe(4);
    await tx.abort();
  });

  test('go on after one that was refused', async () => {
    const tx = await client.transaction();
    const outcomes = await Promise.allSettled(['twice', 'twice', 'once'].map((name) => make(tx, name)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await tx.abort();
  });

  test('are not waited for by reads, which see those that were awaited', async () => {
    const tx = await client.transaction();
    await make(tx, 'awaited');
    const held = Promise.withResolvers<void>();
    network = async (deliver, path) => {
      if (path === '/v1/namespaces/awaited') return deliver();
      await held.promise;
      return deliver();
    };
    const change = make(tx, 'held');
    expect(await client.catalog.getNamespace({ namespace: 'awaited', transaction: tx })).toMatchObject({
      name: 'awaited',
    });
    held.resolve();
    await change;
    await tx.abort();
  });

  test('are committed after those that were called before', async () => {
    const tx = await client.transaction();
    const [, state] = await Promise.all([make(tx, 'before'), tx.commit()]);
    expect(state.status).toBe('COMMITTED');
    expect(await other.catalog.namespaceExists({ namespace: 'before' })).toBe(true);
  });
});

describe('an answer that is lost', () => {
  test('is asked for again, and its change is made once', async () => {
    fakeTimers();
    const tx = await client.transaction();
    const from = sent.length;
    loseAnswers('/v1/namespaces', 1);
    expect(await hurried(make(tx, 'lost_once'))).toMatchObject({ created: true, transaction_version: 2 });
    const [first, second] = since(from, '/v1/namespaces');
    expect(second).toEqual(first);
    await make(tx, 'after_lost_once');
    expect((await tx.get()).operation_count).toBe(2);
    await tx.abort();
  });

  test('for good is looked up before the next change', async () => {
    fakeTimers();
    const tx = await client.transaction();
    loseAnswers('/v1/namespaces', 4);
    expect(await hurried(make(tx, 'lost'))).toMatchObject({ name: 'ConnectionError' });
    expect(tx.version).toBe(1);
    const from = sent.length;
    await make(tx, 'next');
    expect(sent.slice(from).map(({ method, version }) => [method, version])).toEqual([
      ['GET', null],
      ['POST', '2'],
    ]);
    await tx.commit();
    for (const namespace of ['lost', 'next']) {
      expect(await other.catalog.namespaceExists({ namespace })).toBe(true);
    }
  });

  test('to the commit of a session lets that be repeated, within the transaction', async () => {
    fakeTimers();
    const tx = await client.transaction();
    const session = await client.catalog.stage({ ...table, mode: 'append', transaction: tx });
    const entries = await writeRows({ id: [1, 2] }, session.state);
    loseAnswers('/commit', 4);
    expect(await hurried(session.commit(entries))).toMatchObject({ name: 'ConnectionError' });
    expect(await session.commit(entries)).toMatchObject({ status: 'ATTACHED', total_records: 2 });
    await tx.commit();
    expect((await other.catalog.read(table)).numRows).toBe(2);
  });

  test('because the caller gave up is looked up too', async () => {
    const tx = await client.transaction();
    const controller = new AbortController();
    network = async (deliver) => {
      await deliver();
      controller.abort(new Error('no more'));
      throw new TypeError('aborted');
    };
    const given = { namespace: 'given_up', transaction: tx };
    await expect(client.catalog.createNamespace(given, { signal: controller.signal })).rejects.toThrow('no more');
    network = plain;
    await make(tx, 'after_given_up');
    expect(tx.version).toBe(3);
    await tx.abort();
  });

  test('to a commit is asked for again', async () => {
    fakeTimers();
    const tx = await client.transaction();
    await make(tx, 'committed_once');
    loseAnswers('/commit', 1);
    expect(await hurried(tx.commit())).toMatchObject({ status: 'COMMITTED', seq: expect.any(Number) });
  });

  test('to a commit for good lets it be repeated, alike', async () => {
    fakeTimers();
    const tx = await client.transaction();
    await make(tx, 'repeated');
    loseAnswers('/commit', 4);
    expect(await hurried(tx.commit())).toMatchObject({ code: 'connection_failed', retryable: true });
    const state = await tx.commit();
    expect(state.status).toBe('COMMITTED');
    expect(await tx.commit()).toEqual(state);
  });

  test('to a commit does not make a transaction be aborted that is left', async () => {
    fakeTimers();
    const work = async () => {
      await using tx = await client.transaction();
      await make(tx, 'left_committed');
      loseAnswers('/commit', 4);
      await tx.commit();
    };
    expect(await hurried(work())).toMatchObject({ code: 'connection_failed' });
    expect(await other.catalog.namespaceExists({ namespace: 'left_committed' })).toBe(true);
  });

  test('never comes to an abort, and what failed is told all the same', async () => {
    fakeTimers();
    const work = client.transaction(async () => {
      network = () => Promise.reject(new TypeError('fetch failed'));
      throw new Error('the first');
    });
    expect(await hurried(work)).toMatchObject({ message: 'the first' });
  });
});

describe('two holders of one transaction', () => {
  test('notice each other at the next change, and go on after a look', async () => {
    const tx = await client.transaction();
    const found = await other.getTransaction(tx.id);
    await other.catalog.createNamespace({ namespace: 'theirs', transaction: found });
    await tx.heartbeat();
    const refused = { code: 'transaction_version_mismatch', status: 409, message: expect.stringContaining('Read it') };
    await expect(make(tx, 'ours')).rejects.toMatchObject(refused);
    await expect(tx.commit()).rejects.toMatchObject(refused);
    expect(tx.status).toBe('RUNNING');
    // Reads may be behind.
    expect(await client.catalog.namespaceExists({ namespace: 'theirs', transaction: tx })).toBe(true);
    await tx.get();
    await make(tx, 'ours');
    await tx.commit();
    expect(await other.catalog.namespaceExists({ namespace: 'ours' })).toBe(true);
  });

  test('of whom one only found a session ask for the version before it is committed', async () => {
    const tx = await other.transaction();
    const { session_id } = await other.catalog.stage({ ...table, mode: 'append', transaction: tx });
    const session = await client.catalog.getWriteSession({ session_id });
    await other.catalog.createNamespace({ namespace: 'meanwhile', transaction: tx });
    const entries = await writeRows({ id: [1] }, session.state);
    const from = sent.length;
    expect(await session.commit(entries)).toMatchObject({ status: 'ATTACHED', transaction_version: 4 });
    expect(sent.slice(from).map(({ method, version }) => [method, version])).toEqual([
      ['GET', null],
      ['POST', '3'],
    ]);
    await tx.abort();
  });

  test('can both give it up', async () => {
    const tx = await client.transaction();
    const found = await other.getTransaction(tx.id);
    await other.catalog.createNamespace({ namespace: 'given', transaction: found });
    expect((await tx.abort('enough')).status).toBe('ABORTED');
    expect((await found.abort()).abort_reason).toBe('enough');
    await expect(other.catalog.createNamespace({ namespace: 'g2', transaction: found })).rejects.toMatchObject({
      code: 'transaction_closed',
    });
  });

  test('learn from a refusal that it is over', async () => {
    const tx = await client.transaction();
    await (await other.getTransaction(tx.id)).abort('elsewhere');
    await expect(client.catalog.read({ ...table, transaction: tx })).rejects.toMatchObject({
      code: 'transaction_closed',
    });
    expect(tx.status).toBe('ABORTED');
  });
});
