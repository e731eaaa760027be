import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', { fetch: server.fetch });
  await client.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

const ROWS = [
  { id: 1n, name: 'a' },
  { id: 2n, name: 'b' },
  { id: 3n, name: null },
];

test('a table of Lance datasets is read as handles, which open them as they are', async () => {
  const sets = { namespace: 'n', table: 'sets' };
  for (const row of ROWS) await client.catalog.write([row], { ...sets, format: 'lance' });
  const scratch = mkdtempSync(join(tmpdir(), 'deltacat-lance-'));
  vi.stubEnv('TMPDIR', scratch);
  const handles = await client.catalog.read({ ...sets, read_as: 'lance' });
  expect(handles).toHaveLength(3);
  for (const handle of handles) {
    await using set = handle;
    expect(await set.describe()).toMatchObject({ record_count: 1, schema: { names: ['id', 'name'] } });
    const table = await set.open();
    expect(await table.countRows('id > 1')).toBe(set === handles[0] ? 0 : 1);
    expect(await table.query().select(['name']).limit(1).toArray()).toHaveLength(1);
  }
  expect(readdirSync(scratch)).toEqual([]);
  vi.unstubAllEnvs();
  expect(await client.catalog.read({ ...sets, read_as: 'lance', filter_predicate: { gt: ['id', 99] } })).toEqual([]);
});

test('a dataset that lies somewhere else is registered by its folder', async () => {
  const made = await client.catalog.write(ROWS, { namespace: 'n', table: 'made', format: 'lance' });
  expect(made.total_records).toBe(3);
  const [file] = (await client.catalog.plan({ namespace: 'n', table: 'made' })).allFiles();
  const registered = { namespace: 'n', table: 'registered' };
  await client.catalog.write(file?.path ?? '', registered);
  expect(await client.catalog.read({ ...registered, read_as: 'objects' })).toEqual(ROWS);
});

test('rows of other files have no handles, and rows of a dataset are not picked by one', async () => {
  const mixed = { namespace: 'n', table: 'mixed' };
  await client.catalog.write(ROWS, mixed);
  await client.catalog.write(ROWS, { ...mixed, mode: 'append', format: 'lance' });
  await expect(client.catalog.read({ ...mixed, read_as: 'lance' })).rejects.toMatchObject({ code: 'not_supported' });
  const picked = { namespace: 'n', table: 'made', read_as: 'lance', rows_limit: 1 } as const;
  await expect(client.catalog.read(picked)).rejects.toMatchObject({ code: 'invalid_request' });
});

test('a dataset that is gone is told apart from a damaged one', async () => {
  for (const [table, gone, code] of [
    ['damaged', '_versions', 'invalid_entry'],
    ['vanished', '', 'data_missing'],
  ]) {
    await client.catalog.write(ROWS, { namespace: 'n', table: `${table}`, format: 'lance' });
    const [handle] = await client.catalog.read({ namespace: 'n', table: `${table}`, read_as: 'lance' });
    rmSync(`${handle?.path}/${gone}`, { recursive: true });
    // Nothing is read before it is asked for.
    expect(await client.catalog.read({ namespace: 'n', table: `${table}`, read_as: 'lance' })).toHaveLength(1);
    await expect(handle?.describe()).rejects.toMatchObject({ code });
    await expect(handle?.open()).rejects.toMatchObject({ code });
    await expect(client.catalog.read({ namespace: 'n', table: `${table}` })).rejects.toMatchObject({ code });
  }
});
