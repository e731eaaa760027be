import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { Fetch } from './fetch.ts';
import type { ReadPlan } from './read-plan.ts';
import type { Transaction } from './transaction.ts';

let server: TestServer;
let client: Client;
let other: Client;
let tx: Transaction;
/** Requests of pages. */
const pages: URL[] = [];
/** What happens before a page is asked for. */
let before: (offset: number) => Promise<unknown>;

const plain = async () => {};
const table = { namespace: 'n', table: 't' };

/** A network that makes a server hand out one file a page. */
const fetch: Fetch = async (url, init) => {
  const address = new URL(url);
  if (!address.pathname.endsWith('/plan')) return server.fetch(url, init);
  pages.push(address);
  if (!address.searchParams.has('max_files')) address.searchParams.set('max_files', '1');
  await before(Number(address.searchParams.get('file_offset') ?? 0));
  return server.fetch(address.href, init);
};

beforeAll(async () => {
  before = plain;
  server = await startTestServer();
  client = new Client('http://test', { fetch });
  other = new Client('http://test', { fetch: server.fetch as Fetch });
  const schema_def = [{ name: 'id', type: 'int64' }];
  await other.catalog.createTable({ ...table, schema_def, auto_create_namespace: true });
  for (const id of [1, 2, 3]) await other.catalog.write([{ id }], table);
  tx = await client.transaction();
});
afterAll(() => server.close());
afterEach(() => {
  before = plain;
  pages.length = 0;
});

const change = (namespace: string) => client.catalog.createNamespace({ namespace, transaction: tx });

test('the pages of a read in a transaction are of it, without a time', async () => {
  await client.catalog.write([{ id: 4 }], { ...table, transaction: tx });
  await other.catalog.write([{ id: 5 }], table);
  expect((await client.catalog.read({ ...table, transaction: tx })).numRows).toBe(4);
  expect(pages.map(({ searchParams }) => searchParams.get('as_of'))).toEqual([null, null, null, null]);
  expect(new Set(pages.map(({ searchParams }) => searchParams.get('transaction_id')))).toEqual(new Set([tx.id]));
});

test('a read begins again when its transaction is changed between two pages', async () => {
  before = async (offset) => {
    if (offset !== 1) return;
    before = plain;
    await client.catalog.write([{ id: 6 }], { ...table, transaction: tx });
  };
  expect((await client.catalog.read({ ...table, transaction: tx })).numRows).toBe(5);
  const offsets = pages.map(({ searchParams }) => Number(searchParams.get('file_offset') ?? 0));
  expect(offsets).toEqual([0, 1, 0, 1, 2, 3, 4]);
});

test('a read gives up when its transaction does not come to rest', async () => {
  let count = 0;
  before = async (offset) => {
    if (offset > 0) await change(`restless_${count++}`);
  };
  await expect(client.catalog.read({ ...table, transaction: tx })).rejects.toMatchObject({
    code: 'transaction_version_mismatch',
    message: expect.stringContaining('between two pages of the plan of n.t. Plan it again'),
  });
  expect(count).toBe(5);
});

test('pages that are asked for one by one say when they are not of one state', async () => {
  const plan = await client.catalog.plan({ ...table, limit: 2, transaction: tx });
  const states: number[] = [];
  for await (const page of plan.pages()) states.push(page.allFiles().length);
  expect(states).toEqual([2, 2, 1]);
  await change('between');
  const next = Array.fromAsync(plan.pages());
  await expect(next).rejects.toMatchObject({ code: 'transaction_version_mismatch' });
});

test('a plan that was made in work is of its transaction wherever it goes on', async () => {
  const made = Promise.withResolvers<ReadPlan>();
  // Asked for by someone who is not in the work.
  const outside = made.promise.then((plan) => plan.complete());
  await client.transaction(async (ambient) => {
    await client.catalog.write([{ id: 7 }], table);
    made.resolve(await client.catalog.plan({ ...table, limit: 1 }));
    const { raw } = await outside;
    expect([raw.transaction_id, raw.returned_files]).toEqual([ambient.id, 5]);
    await ambient.abort();
  });
});

test('pages of a list that were begun in work are of its transaction, and see what was made in it', async () => {
  const made = Promise.withResolvers<AsyncGenerator<{ name: string }[]>>();
  const outside = made.promise.then((found) => Array.fromAsync(found));
  await client.transaction(async (ambient) => {
    await client.catalog.createNamespace({ namespace: 'own' });
    made.resolve(client.catalog.pages('list_namespaces', { limit: 1 }));
    expect((await outside).flat().map(({ name }) => name)).toContain('own');
    await ambient.abort();
  });
});

test('a plan can be read while its transaction is open, whatever is changed in it', async () => {
  const plan = await (await client.catalog.plan({ ...table, transaction: tx })).complete();
  await client.catalog.write([{ id: 8 }], { ...table, transaction: tx });
  expect((await client.catalog.read({ plan })).numRows).toBe(5);
  await client.transaction(async () => {
    expect((await client.catalog.read({ plan })).numRows).toBe(5);
  });
});

test('files of a sorted table are read in order in a transaction too', async () => {
  const sorted = { namespace: 'n', table: 'sorted' };
  await other.catalog.createTable({
    ...sorted,
    schema_def: [{ name: 'id', type: 'int64' }],
    sort_scheme: { keys: [{ key: ['id'] }] },
  });
  await client.transaction(async () => {
    for (const id of [3, 1, 2]) await client.catalog.write([{ id }], sorted);
    const rows = await client.catalog.read({ ...sorted, read_as: 'objects' });
    expect(rows.map(({ id }) => Number(id))).toEqual([1, 2, 3]);
  });
});
