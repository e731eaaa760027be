import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { Fetch } from './fetch.ts';

let server: TestServer;
/** A client whose calls go to the first of two catalogs unless they say otherwise. */
let client: Client;
/** Another program, whose calls go to the first as well. */
let other: Client;

const folder = mkdtempSync(join(tmpdir(), 'deltacat-test-'));
const table = { namespace: 'n', table: 't' };

beforeAll(async () => {
  const disk = { root: folder, storage_type: 'local' as const };
  const catalogs = ['first', 'second'].map((name) => ({
    ...{ name, root: folder, data_root: 'disk', data_roots: { disk } },
  }));
  server = await startTestServer({ config: { catalogs } });
  client = new Client('http://test', { fetch: server.fetch as Fetch, catalog: 'first' });
  other = new Client('http://test', { fetch: server.fetch as Fetch, catalog: 'first' });
  await client.catalog.createTable({
    ...table,
    catalog: 'second',
    schema_def: [{ name: 'id', type: 'int64' }],
    auto_create_namespace: true,
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function rowsIn(catalog: string): Promise<number> {
  return (await other.catalog.read({ ...table, catalog })).numRows;
}

test('all that is called in the work of a transaction is about its catalog', async () => {
  await client.transaction({ catalog: 'second' }, async (tx) => {
    expect(tx.catalog).toBe('second');
    await client.catalog.write([{ id: 1 }], table);
    expect((await client.catalog.read(table)).numRows).toBe(1);
    // Also what is not a part of it.
    const { transactions } = await client.catalog.listTransactions({ status: 'RUNNING' });
    expect(transactions.map(({ transaction_id }) => transaction_id)).toEqual([tx.id]);
  });
  expect(await rowsIn('second')).toBe(1);
  expect(await client.catalog.namespaceExists({ namespace: 'n' })).toBe(false);
});

test('a transaction and a session that are found keep their catalog', async () => {
  const before = await rowsIn('second');
  const tx = await client.transaction({ catalog: 'second' });
  const { session_id } = await client.catalog.stage({ ...table, mode: 'append', transaction: tx });
  const session = await other.catalog.getWriteSession({ session_id });
  const found = await other.catalog.getTransaction({ transaction_id: tx.id });
  expect([session.state.catalog, found.catalog]).toEqual(['second', 'second']);
  await session.commit(await writeRows({ id: [2] }, session.state));
  await other.catalog.write([{ id: 3 }], { ...table, mode: 'append', transaction: found });
  await found.commit();
  expect(await rowsIn('second')).toBe(before + 2);
});

test('a catalog that is not that of what is found is refused', async () => {
  const tx = await client.transaction({ catalog: 'second' });
  const session = await client.catalog.stage({ ...table, transaction: tx });
  const { session_id } = session;
  const elsewhere = { catalog: 'first' };
  await expect(client.getTransaction(tx.id, elsewhere)).rejects.toMatchObject({ code: 'transaction_not_found' });
  await expect(client.catalog.getWriteSession({ session_id, ...elsewhere })).rejects.toMatchObject({
    code: 'write_session_not_found',
  });
  await expect(client.catalog.commit({ session, entries: [], ...elsewhere })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('catalog "second", not to catalog "first"'),
  });
  await tx.abort();
});
