import { afterEach, expect, test } from 'vitest';
import type { Committed } from '../commits/commit.ts';
import { commit } from '../commits/commit.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { readHead } from '../snapshots/head.ts';
import { PLAIN, startWriting, type Writing } from '../testing/writing.ts';

const opened: Writing[] = [];
afterEach(async () => {
  for (const writing of opened.splice(0)) await writing.close();
});

async function start(): Promise<Writing> {
  const writing = await startWriting();
  opened.push(writing);
  await writing.createTable('t', { schema_def: PLAIN });
  return writing;
}

async function definitionsOf({ server }: Writing): Promise<string> {
  const { catalog_id } = catalogNamed(server.context, null);
  return (await readHead(server.context.db.reader, catalog_id)).definitions_id;
}

const ROWS = [{ id: 1n, v: 'a' }];

test('appends keep the definitions of their catalog, so that nothing is looked up again', async () => {
  const writing = await start();
  const before = await definitionsOf(writing);
  await writing.write('t', ROWS);
  await writing.write('t', ROWS, 'append');
  expect(await definitionsOf(writing)).toBe(before);
});

const TABLE = '/v1/namespaces/n/tables/t';

test.each([
  { what: 'creating a namespace', method: 'POST', path: '/v1/namespaces', body: { namespace: 'other' } },
  { what: 'altering a namespace', method: 'PUT', path: '/v1/namespaces/n', body: { properties: { a: '1' } } },
  { what: 'altering a table', method: 'PUT', path: TABLE, body: { table_properties: { a: '1' } } },
  { what: 'renaming a table', method: 'POST', path: `${TABLE}/rename`, body: { new_name: 'u' } },
  { what: 'truncating a table', method: 'POST', path: `${TABLE}/truncate`, body: {} },
  { what: 'dropping a table', method: 'DELETE', path: TABLE, body: undefined },
])('$what changes the definitions', async ({ method, path, body }) => {
  const writing = await start();
  const before = await definitionsOf(writing);
  const { status } = await writing.server.request(method, path, body);
  expect(status).toBeOneOf([200, 201]);
  expect(await definitionsOf(writing)).not.toBe(before);
});

test('a change that fails leaves the definitions as they were', async () => {
  const writing = await start();
  const before = await definitionsOf(writing);
  const context = writing.server.requestContext();
  const failing: Promise<Committed<object>> = commit(context, {
    catalog: catalogNamed(context, null),
    operation: 'test',
    async decide(change) {
      const namespace = { namespace_id: 'x', catalog_id: change.catalog.catalog_id, name: 'x', properties: {} };
      await change.insert('namespaces', [namespace]);
      throw new Error('on purpose');
    },
  });
  await expect(failing).rejects.toThrow('on purpose');
  expect(await definitionsOf(writing)).toBe(before);
});

test('a table made anew under the same name gets what is written to it, with its own columns', async () => {
  const writing = await start();
  await writing.write('t', ROWS);
  await writing.server.request('DELETE', TABLE);
  const table_properties = { schema_evolution_mode: 'manual' };
  await writing.createTable('t', { schema_def: [{ name: 'other', type: 'string' }], table_properties });
  const entry = await writing.put(writing.server.root, ROWS, PLAIN);
  const commitPath = `${TABLE}/commit?mode=append`;
  const misfit = await writing.post(commitPath, { manifest_entries: [entry] });
  expect(misfit).toMatchObject({ status: 400, body: { error: { code: 'schema_mismatch' } } });
  const fitting = await writing.put(writing.server.root, [{ other: 'x' }], [{ name: 'other', type: 'string' }]);
  expect(await writing.post(commitPath, { manifest_entries: [fitting] })).toMatchObject({ status: 200 });
  expect(await writing.totals('t')).toMatchObject({ records: 1, deltas: 1 });
});
