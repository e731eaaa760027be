import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WriteEntry } from '@deltacat/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEYED, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
let entry: WriteEntry;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t');
  entry = await w.put(mkdtempSync(join(w.server.root, 'brought-')), [{ id: 1, v: 'a' }]);
});
afterEach(() => w.close());

function commit(table: string, query: string, more: { entries?: unknown[]; headers?: Record<string, string> } = {}) {
  const [namespace, name] = table.includes('/') ? table.split('/') : ['n', table];
  const path = `/v1/namespaces/${namespace}/tables/${name}/commit${query}`;
  const request = more.headers ? w.server.requestAs(more.headers) : w.server.request;
  return request('POST', path, { manifest_entries: more.entries ?? [entry] });
}

test('files are registered where they are, in the mode of the query', async () => {
  const { status, body } = await commit('t', '?mode=WriteMode.MERGE&content_type=PARQUET');
  expect([status, body]).toMatchObject([200, { committed: true, table: 't', namespace: 'n', deltas_written: 1 }]);
  expect(body).toMatchObject({ files_registered: 1, total_records: 1, seq: 3 });
});

test('a repeated commit with its operation id is answered alike, also when its files are gone', async () => {
  const first = await commit('t', '?operation_id=o');
  const before = await w.state();
  rmSync(entry.path);
  expect((await commit('t', '?operation_id=o')).body).toEqual(first.body);
  const other = await commit('t', '?operation_id=o', { entries: [] });
  expect([other.status, other.body.error.code]).toEqual([409, 'operation_id_reused']);
  expect(await w.state()).toEqual(before);
});

test('a missing table is made from the first file; its namespace too, for clients that name no version', async () => {
  expect((await commit('fresh', '')).status).toBe(200);
  expect((await commit('m/t', '')).body.error.code).toBe('namespace_not_found');
  expect((await commit('m/t', '', { headers: {} })).status).toBe(200);
  const { body } = await w.server.request('GET', '/v1/namespaces/m/tables/t');
  expect(body.schema).toMatchObject(KEYED.map(({ name, type }) => ({ name, type })));
});

test.each([
  ['x', '?mode=append', 404, 'table_not_found'],
  ['m/t', '?mode=append', 404, 'namespace_not_found'],
  ['t', '?mode=append&table_version=9', 404, 'table_version_not_found'],
  ['t', '?mode=create', 409, 'name_taken'],
  ['t', '?mode=replace_partition', 400, 'invalid_request'],
  ['t', '?catalog=none', 404, 'catalog_not_found'],
])('a commit to %s%s is refused, and nothing changes', async (...[table, query, status, code]) => {
  const before = await w.state();
  const answer = await commit(table, query);
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  expect(await w.state()).toEqual(before);
});
