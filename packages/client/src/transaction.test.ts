import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import { ConcurrentModificationError } from './errors.ts';

let server: TestServer;
let client: Client;
/** Another program. */
let other: Client;
const sent: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
  const fetch = server.fetch as (url: string, init: RequestInit) => Promise<Response>;
  client = new Client('http://test', {
    fetch: (url, init) => {
      sent.push(`${init.method} ${new URL(url).pathname}`);
      return fetch(url, init);
    },
  });
  other = new Client('http://test', { fetch });
  await client.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

const schema_def = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'string' },
];

async function makeTable(table: string) {
  await other.catalog.createTable({ namespace: 'n', table, schema_def });
  return { namespace: 'n', table };
}

type Named = { namespace: string; table: string };

/** The ids that someone outside of all transactions sees. */
async function idsOf(table: Named): Promise<number[]> {
  const rows = await other.catalog.read({ ...table, read_as: 'objects' });
  return rows.map(({ id }) => Number(id)).sort((a, b) => a - b);
}

describe('work in a transaction', () => {
  test('becomes visible as a whole when it is done, and its answer is answered', async () => {
    const [a, b] = [await makeTable('whole_a'), await makeTable('whole_b')];
    const answer = await client.transaction({ commit_message: 'both' }, async (tx) => {
      await client.catalog.write({ id: [1], v: ['a'] }, a);
      await client.catalog.write({ id: [2], v: ['b'] }, b);
      expect([await idsOf(a), await idsOf(b)]).toEqual([[], []]);
      return tx.id;
    });
    expect([await idsOf(a), await idsOf(b)]).toEqual([[1], [2]]);
    const tx = await client.getTransaction(answer);
    expect(tx.state).toMatchObject({ status: 'COMMITTED', commit_message: 'both', seq: expect.any(Number) });
  });

  test('holds every operation that may be in one, in whatever it calls and awaits', async () => {
    const table = { namespace: 'staging', table: 'scores' };
    const { catalog } = client;
    const nested = async () => {
      await Promise.resolve();
      await catalog.createTable({ ...table, schema_def });
    };
    await client.transaction(async () => {
      await catalog.createNamespace({ namespace: 'staging' });
      await nested();
      await catalog.write({ id: [1, 2], v: ['a', 'b'] }, table);
      await Promise.all([3, 4, 5].map((id) => catalog.write({ id: [id], v: ['c'] }, table)));
      const seen = await Promise.all([
        catalog.namespaceExists({ namespace: 'staging' }),
        catalog.tableExists(table),
        catalog.read({ ...table }).then(({ numRows }) => numRows),
        catalog.preview({ ...table, limit: 9 }).then(({ sample_size }) => sample_size),
        catalog.plan(table).then(({ total_records }) => total_records),
        catalog.listTables({ namespace: 'staging' }).then(({ length }) => length),
      ]);
      expect(seen).toEqual([true, true, 5, 5, 5, 1]);
      expect(await other.catalog.namespaceExists({ namespace: 'staging' })).toBe(false);
    });
    expect(await idsOf(table)).toEqual([1, 2, 3, 4, 5]);
  });

  test('that throws leaves nothing, and its error is what the caller gets', async () => {
    const table = await makeTable('thrown');
    const error = new Error('the sensor is off');
    let id = '';
    const work = client.transaction(async (tx) => {
      ({ id } = tx);
      await client.catalog.write({ id: [1], v: ['a'] }, table);
      throw error;
    });
    expect(await work.catch((caught: unknown) => caught)).toBe(error);
    expect(await idsOf(table)).toEqual([]);
    const { state } = await other.getTransaction(id);
    expect(state).toMatchObject({ status: 'ABORTED', abort_reason: 'the sensor is off' });
  });

  test('that throws while changes wait for their turn does not make them any more', async () => {
    let id = '';
    let waiting: Promise<PromiseSettledResult<unknown>[]> = Promise.resolve([]);
    const work = client.transaction((tx) => {
      ({ id } = tx);
      const names = ['w1', 'w2', 'w3'];
      waiting = Promise.allSettled(names.map((namespace) => client.catalog.createNamespace({ namespace })));
      throw new Error('enough');
    });
    await expect(work).rejects.toThrow('enough');
    const refused = (await waiting).filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(1);
    expect((await other.getTransaction(id)).state).toMatchObject({ status: 'ABORTED', abort_reason: 'enough' });
  });

  test('that loses is thrown with the winner, and no abort is sent', async () => {
    const table = await makeTable('lost');
    const before = sent.length;
    let winner = '';
    const work = client.transaction(async () => {
      await client.catalog.write({ id: [1], v: ['ours'] }, table);
      await other.transaction(async (tx) => {
        winner = tx.id;
        await other.catalog.write({ id: [1], v: ['theirs'] }, table);
      });
    });
    const error = await work.catch((caught: unknown) => caught);
    if (!(error instanceof ConcurrentModificationError)) throw error;
    expect(error.blocking_transaction_id).toBe(winner);
    expect(error).toMatchObject({ seq: expect.any(Number), conflict_class: 'retryable_stale_read', retryable: true });
    expect(sent.slice(before).filter((request) => request.endsWith('/abort'))).toEqual([]);
    expect((await client.getTransaction(error.transaction_id ?? '')).status).toBe('ABORTED');
    expect(await other.catalog.read({ ...table, read_as: 'objects' })).toMatchObject([{ v: 'theirs' }]);
  });

  test('may end its transaction itself', async () => {
    const table = await makeTable('ended');
    const tried = await client.transaction(async (tx) => {
      const { total_records } = await client.catalog.write({ id: [1], v: ['a'] }, table);
      await tx.abort('only a try');
      return total_records;
    });
    expect([tried, await idsOf(table)]).toEqual([1, []]);
    await client.transaction(async (tx) => {
      await client.catalog.write({ id: [2], v: ['b'] }, table);
      await tx.commit();
    });
    expect(await idsOf(table)).toEqual([2]);
  });

  test('of two at once is kept apart, and so is what is called outside of them', async () => {
    const [a, b] = [await makeTable('apart_a'), await makeTable('apart_b')];
    const fresh = new Client('http://test', { fetch: server.fetch as never });
    const begun = Promise.withResolvers<void>();
    let count = 0;
    const work = async (table: Named, id: number) => {
      if (++count === 2) begun.resolve();
      await begun.promise;
      await fresh.catalog.write({ id: [id], v: ['x'] }, table);
      expect(await idsOf(table)).toEqual([]);
      return (await fresh.catalog.read(table)).numRows;
    };
    const both = Promise.all([fresh.transaction(() => work(a, 1)), fresh.transaction(() => work(b, 2))]);
    await fresh.catalog.createNamespace({ namespace: 'outside' });
    expect(await other.catalog.namespaceExists({ namespace: 'outside' })).toBe(true);
    expect(await both).toEqual([1, 1]);
    expect([await idsOf(a), await idsOf(b)]).toEqual([[1], [2]]);
  });
});

describe('a transaction in hand', () => {
  test('holds what names it until it is committed', async () => {
    const table = await makeTable('hand');
    const tx = await client.transaction({ commit_message: 'by hand' });
    expect([tx.status, tx.version, tx.state.commit_message]).toEqual(['RUNNING', 1, 'by hand']);
    await client.catalog.write({ id: [1], v: ['a'] }, { ...table, transaction: tx });
    await client.catalog.alterNamespace({ namespace: 'n', properties: { k: 'v' }, transaction: tx });
    const seen = await client.catalog.read({ ...table, transaction: tx });
    expect([seen.numRows, (await client.catalog.read(table)).numRows]).toEqual([1, 0]);
    expect((await client.catalog.preview({ ...table, transaction: tx })).sample_size).toBe(1);
    expect(await client.catalog.tableExists({ namespace: 'n', table: 'hand', transaction: tx })).toBe(true);
    const state = await tx.commit();
    expect(state).toMatchObject({ status: 'COMMITTED', committed_at_ns: expect.any(BigInt) });
    expect([tx.status, await idsOf(table)]).toEqual(['COMMITTED', [1]]);
  });

  test('tells what the server tells, when asked', async () => {
    const table = await makeTable('told');
    const tx = await client.transaction();
    const session = await client.catalog.stage({ ...table, mode: 'append', transaction: tx });
    const state = await tx.get();
    expect(state).toMatchObject({ operation_count: 1, bound_write_sessions: [session.session_id] });
    expect(tx.state).toBe(state);
    await tx.abort();
  });

  test('overrides the one in whose work it is named', async () => {
    const [a, b] = [await makeTable('over_a'), await makeTable('over_b')];
    await using tx = await client.transaction();
    await client.transaction(async () => {
      await client.catalog.write({ id: [1], v: ['a'] }, a);
      await client.catalog.write({ id: [2], v: ['b'] }, { ...b, transaction: tx });
    });
    expect([await idsOf(a), await idsOf(b)]).toEqual([[1], []]);
    await tx.commit();
    expect(await idsOf(b)).toEqual([2]);
  });

  test('that is left without a commit is aborted', async () => {
    const table = await makeTable('left');
    let id = '';
    const work = async () => {
      await using tx = await client.transaction();
      ({ id } = tx);
      await client.catalog.write({ id: [1], v: ['a'] }, { ...table, transaction: tx });
      throw new Error('the disk is full');
    };
    await expect(work()).rejects.toThrow('the disk is full');
    expect(await idsOf(table)).toEqual([]);
    expect((await other.getTransaction(id)).state).toMatchObject({ status: 'ABORTED', abort_reason: /left/ });
  });

  test('that lost is over, and is not aborted once more when it is left', async () => {
    const before = sent.length;
    const work = async () => {
      await using tx = await client.transaction();
      await client.catalog.createNamespace({ namespace: 'taken', transaction: tx });
      await other.catalog.createNamespace({ namespace: 'taken' });
      const lost = await tx.commit().catch((error: unknown) => error);
      expect(lost).toMatchObject({ transaction_id: tx.id, blocking_transaction_id: expect.stringMatching(/^commit:/) });
      expect([tx.status, tx.state.abort_reason]).toEqual(['ABORTED', expect.stringContaining('"taken"')]);
    };
    await work();
    expect(sent.slice(before).filter((request) => request.endsWith('/abort'))).toEqual([]);
  });

  test('that is aborted says why, and may be aborted again', async () => {
    const tx = await client.transaction();
    expect(await tx.abort('not needed')).toMatchObject({ status: 'ABORTED', abort_reason: 'not needed' });
    expect((await tx.abort()).status).toBe('ABORTED');
  });

  test('takes files that lie elsewhere, without a session of the caller', async () => {
    const [from, to] = [await makeTable('files_from'), await makeTable('files_to')];
    await other.catalog.write({ id: [1, 2], v: ['a', 'b'] }, from);
    const [origin = ''] = (await other.catalog.plan(from)).filePaths();
    const folder = join(server.root, 'elsewhere');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'more.parquet');
    copyFileSync(origin, path);
    await client.transaction(async () => {
      const answer = await client.catalog.commit({ ...to, entries: [{ path }], mode: 'append' });
      expect(answer).toMatchObject({ status: 'ATTACHED', total_records: 2, seq: null });
      expect(await idsOf(to)).toEqual([]);
    });
    expect(await idsOf(to)).toEqual([1, 2]);
  });

  test('of an earlier time reads that, may be committed, and refuses to be written in', async () => {
    const table = await makeTable('historic');
    const { committed_at_ns } = await other.catalog.write({ id: [1], v: ['a'] }, table);
    await other.catalog.write({ id: [2], v: ['b'] }, table);
    const as_of = committed_at_ns ?? 0n;
    const read = await client.transaction({ as_of }, async () => (await client.catalog.read(table)).numRows);
    expect(read).toBe(1);
    const tx = await client.transaction({ as_of });
    const write = client.catalog.write({ id: [3], v: ['c'] }, { ...table, transaction: tx });
    await expect(write).rejects.toMatchObject({
      code: 'read_only_transaction',
      message: expect.stringContaining('Open one without as_of'),
    });
    expect((await client.catalog.read({ ...table, transaction: tx })).numRows).toBe(1);
    expect((await tx.commit()).status).toBe('COMMITTED');
  });
});

describe('a transaction that is found again', () => {
  test('goes on where it was, in another program', async () => {
    const table = await makeTable('found');
    const tx = await client.transaction();
    await client.catalog.write({ id: [1], v: ['a'] }, { ...table, transaction: tx });
    const found = await other.catalog.getTransaction({ transaction_id: tx.id });
    expect([found.id, found.version, found.status]).toEqual([tx.id, tx.version, 'RUNNING']);
    await other.catalog.write({ id: [2], v: ['b'] }, { ...table, transaction: found });
    await found.commit();
    expect(await idsOf(table)).toEqual([1, 2]);
    expect((await tx.get()).status).toBe('COMMITTED');
  });

  test('is one handle for all of one client', async () => {
    const tx = await client.transaction();
    expect(await client.getTransaction(tx.id)).toBe(tx);
    const [one, same] = await Promise.all([other.getTransaction(tx.id), other.getTransaction(tx.id)]);
    expect(one).toBe(same);
    await tx.abort();
  });

  test('must exist', async () => {
    await expect(client.getTransaction('nope')).rejects.toMatchObject({ code: 'transaction_not_found' });
  });

  test('is that of a session that is found: its commit is a part of it', async () => {
    const table = await makeTable('found_session');
    const tx = await client.transaction();
    const { session_id } = await client.catalog.stage({ ...table, mode: 'append', transaction: tx });
    // What happens meanwhile is not known to whoever finds the session.
    const session = await other.catalog.getWriteSession({ session_id });
    await client.catalog.write({ id: [2], v: ['b'] }, { ...table, transaction: tx });
    const entries = await writeRows({ id: [1], v: ['a'] }, session.state);
    expect(await session.commit(entries)).toMatchObject({ status: 'ATTACHED', transaction_id: tx.id });
    expect(await idsOf(table)).toEqual([]);
    expect((await session.commit(entries)).status).toBe('ATTACHED');
    await tx.get();
    await tx.commit();
    expect(await idsOf(table)).toEqual([1, 2]);
  });
});
