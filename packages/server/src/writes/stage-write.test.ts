import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t');
});
afterEach(() => w.close());

const stage = (table: string, query = '') => w.post(`/v1/namespaces/n/tables/${table}/stage${query}`);
const commit = (table: string, manifest_entries: unknown[], validation_token: string) =>
  w.post(`/v1/namespaces/n/tables/${table}/commit`, { manifest_entries, validation_token });

test('staged files become rows when they are committed with their token, once', async () => {
  const staged = await stage('t', '?mode=WriteMode.MERGE&content_type=ContentType.PARQUET');
  expect(staged.body).toMatchObject({ mode: 'merge', content_type: 'parquet', table_exists: true, merge_keys: ['id'] });
  const entry = await w.put(staged.body.data_dir, [{ id: 1n, v: 'a' }]);
  const first = await commit('t', [entry], staged.body.validation_token);
  expect(first.body).toMatchObject({
    committed: true,
    table: 't',
    files_registered: 1,
    total_records: 1,
    deltas_written: 1,
  });
  const again = await commit('t', [entry], staged.body.validation_token);
  expect([again.status, again.body]).toEqual([200, first.body]);
  expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
});

test('a token takes files of its folder only, and of its table only', async () => {
  await w.createTable('other');
  const { body } = await stage('t');
  const elsewhere = await w.put((await w.open('t')).data_dir, [{ id: 1n, v: 'a' }]);
  expect(await commit('t', [elsewhere], body.validation_token)).toMatchObject({
    body: { error: { code: 'entry_outside_session' } },
  });
  expect(await commit('other', [], body.validation_token)).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request' } },
  });
});

test('a token that nobody gave, and a table that is missing, are refused', async () => {
  expect(await commit('t', [], 'nope')).toMatchObject({
    status: 404,
    body: { error: { code: 'write_session_not_found' } },
  });
  expect(await stage('nope', '?mode=append')).toMatchObject({
    status: 404,
    body: { error: { code: 'table_not_found' } },
  });
});
