import { API } from '@deltacat/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTable } from '../catalog/create-table.ts';
import { publishMadeUp } from '../testing/made-up-files.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { previewRows } from './preview.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const NAMES = { namespace: 'test', table: 't' };

async function makeTable(schema_def: unknown, keys: string[] = []) {
  const fields = (schema_def as { name: string }[] | null)?.map((field) => ({
    ...field,
    is_merge_key: keys.includes(field.name),
  }));
  const body = { ...NAMES, schema_def: fields, auto_create_namespace: true };
  await createTable(server.requestContext(), API.create_table.input.parse(body));
}

async function write(mode: string, data: object[]) {
  const answer = await server.request('POST', '/v1/namespaces/test/tables/t/write', { mode, data });
  expect(answer.body).toMatchObject({ written: true });
}

function preview(asked: object = {}) {
  return previewRows(server.requestContext(), API.preview_rows.input.parse({ ...NAMES, ...asked }));
}

test('a sample has the rows, the schema and the number of rows', async () => {
  await makeTable([
    { name: 'id', type: 'int64' },
    { name: 'v', type: 'string' },
  ]);
  await write('append', [
    { id: 1, v: 'a' },
    { id: 2, v: null },
    { id: 3, v: 'c' },
  ]);
  const sample = await preview({ limit: 2 });
  expect(sample).toMatchObject({ sample_size: 2, total_rows: 3 });
  expect(sample.sample_rows).toEqual([
    { id: 1n, v: 'a' },
    { id: 2n, v: null },
  ]);
  expect(sample.schema?.map((field) => field.name)).toEqual(['id', 'v']);
});

test('a filter applies to rows as they are after merging', async () => {
  await makeTable(
    [
      { name: 'id', type: 'int64' },
      { name: 'v', type: 'string' },
    ],
    ['id'],
  );
  await write('merge', [{ id: 1, v: 'old' }]);
  await write('merge', [{ id: 1, v: 'new' }]);
  expect((await preview({ filter_predicate: { eq: ['v', 'old'] } })).sample_rows).toEqual([]);
  expect((await preview({ filter_predicate: { eq: ['v', 'new'] } })).sample_rows).toEqual([{ id: 1n, v: 'new' }]);
});

test('values that JSON lacks are texts', async () => {
  await makeTable([
    { name: 'at', type: 'timestamp[us]' },
    { name: 'price', type: 'decimal128(10, 2)' },
    { name: 'bytes', type: 'binary' },
  ]);
  await write('append', [{ at: '2026-03-31T23:59:59.123456', price: '12.30', bytes: 'AP8=' }]);
  const { sample_rows } = await preview();
  expect(sample_rows).toEqual([{ at: '2026-03-31T23:59:59.123456', price: '12.30', bytes: 'AP8=' }]);
});

test('an empty table has an empty sample', async () => {
  await makeTable([{ name: 'id', type: 'int64' }]);
  expect(await preview()).toMatchObject({ sample_rows: [], sample_size: 0, total_rows: 0 });
});

test('a schemaless table shows its files', async () => {
  await makeTable(null);
  const deltas = [{ type: 'add' as const, files: [{ name: 'a.parquet' }, { name: 'b.parquet', records: 1 }] }];
  await publishMadeUp(server.requestContext(), 't', { deltas });
  const sample = await preview({ filter_predicate: { gt: ['meta_record_count', 1] } });
  expect(sample.sample_rows?.map((row) => row.path)).toEqual(['/made-up/a.parquet']);
  expect(sample.schema?.map((field) => field.name)).toContain('meta_record_count');
});

test('more rows than a preview may have are refused', async () => {
  await makeTable([{ name: 'id', type: 'int64' }]);
  await expect(preview({ limit: 1001 })).rejects.toMatchObject({ code: 'invalid_request' });
});

test('a filter over an unknown column is refused', async () => {
  await makeTable([{ name: 'id', type: 'int64' }]);
  await expect(preview({ filter_predicate: { eq: ['x', 1] } })).rejects.toMatchObject({ code: 'unknown_column' });
});

test('a data file that is gone is named', async () => {
  await makeTable([{ name: 'id', type: 'int64' }]);
  await publishMadeUp(server.requestContext(), 't', {
    deltas: [{ type: 'append', files: [{ name: 'gone.parquet' }] }],
  });
  const answer = await server.request('GET', '/v1/namespaces/test/tables/t/preview');
  expect(answer).toMatchObject({
    status: 409,
    body: { error: { code: 'data_missing', retryable: false, details: { path: '/made-up/gone.parquet' } } },
  });
});
