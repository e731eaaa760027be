import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEYED, PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t', { schema_def: PLAIN });
  await w.createTable('fixed', { schema_def: PLAIN, table_properties: { schema_evolution_mode: 'manual' } });
});
afterEach(() => w.close());

const write = (table: string, data: unknown, query = '') =>
  w.post(`/v1/namespaces/n/tables/${table}/write${query}`, { data });

const files = () => readdirSync(w.server.root, { recursive: true }).filter((name) => `${name}`.endsWith('.parquet'));

test('rows and columns are written alike', async () => {
  const columns = await write('t', { id: [1, 2], v: ['a', null] });
  expect(columns).toMatchObject({ status: 200, body: { table: 't', written: true, records: 2, deltas_written: 1 } });
  expect((await write('t', [{ id: 1, v: 'a' }, { id: 2 }])).body.records).toBe(2);
  expect(await w.totals('t')).toEqual({ records: 4, files: 2, deltas: 2 });
});

test('a missing table is made from the values: whole numbers, fractions, truth values, text, and nulls as text', async () => {
  await write('fresh', { i: [1, 2 ** 40], f: [1, 0.5], b: [true, null], s: ['x', 'y'], n: [null, null] });
  const { body } = await w.server.request('GET', '/v1/namespaces/n/tables/fresh');
  const types = body.schema.map(({ name, type }: { name: string; type: string }) => [name, type]);
  expect(Object.fromEntries(types)).toEqual({ i: 'int64', f: 'double', b: 'bool', s: 'string', n: 'string' });
  expect(body.total_records).toBe(2);
});

test('values are converted to the types of the columns', async () => {
  const schema_def = [
    { name: 'small', type: 'int32' },
    { name: 'at', type: 'timestamp[us]' },
    { name: 'price', type: 'decimal128(10, 2)' },
  ];
  await w.createTable('typed', { schema_def });
  expect((await write('typed', [{ small: 7, at: '2026-03-31T10:00:00', price: '12.30' }])).status).toBe(200);
});

test('rows of a partitioned table go to their partitions', async () => {
  await w.createTable('parts', { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } });
  expect((await write('parts', { id: [1, 2, 3], v: ['x', 'y', 'x'] })).body).toMatchObject({
    records: 3,
    deltas_written: 2,
  });
});

test('rows are merged into and deleted from a table with merge keys', async () => {
  await w.createTable('keyed', { schema_def: KEYED });
  await write('keyed', [{ id: 1, v: 'a' }]);
  expect((await write('keyed', [{ id: 1 }], '?mode=delete')).status).toBe(200);
  const deltas = await w.server.context.db.reader.selectFrom('deltas').select('delta_type').execute();
  expect(deltas.map(({ delta_type }) => delta_type)).toEqual(['upsert', 'delete']);
});

test('no rows change nothing', async () => {
  const before = await w.state();
  for (const data of [[], {}, { id: [] }]) {
    expect((await write('t', data)).body).toMatchObject({ written: true, records: 0, deltas_written: 0 });
  }
  expect(await w.state()).toEqual(before);
});

test('a repeated write with its operation id is done once, and leaves no second file', async () => {
  const first = await write('t', [{ id: 1 }], '?operation_id=o');
  expect((await write('t', [{ id: 1 }], '?operation_id=o')).body).toEqual(first.body);
  expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  expect(files()).toHaveLength(1);
  const other = await write('t', [{ id: 2 }], '?operation_id=o');
  expect([other.status, other.body.error.code]).toEqual([409, 'operation_id_reused']);
});

describe('a write is refused, and nothing changes:', () => {
  const many = { id: Array.from({ length: 10_001 }, (_, id) => id) };
  test.each<[string, string, unknown, string, number, string]>([
    ['more rows than travel in a request', 't', many, '', 413, 'payload_too_large'],
    ['columns of different lengths', 't', { id: [1, 2], v: ['a'] }, '', 400, 'invalid_request'],
    ['a column that a table that does not evolve lacks', 'fixed', [{ id: 1, more: 2 }], '', 400, 'schema_mismatch'],
    ['a value of another type', 't', [{ id: 'x' }], '', 400, 'schema_mismatch'],
    ['values of several types in a new column', 'fresh', { x: [1, 'a'] }, '', 400, 'schema_mismatch'],
    ['deleting without merge keys', 't', [{ id: 1 }], '?mode=delete', 400, 'merge_keys_required'],
    ['appending to a missing table', 'fresh', [{ id: 1 }], '?mode=append', 404, 'table_not_found'],
    ['creating what is there', 't', [{ id: 1 }], '?mode=create', 409, 'name_taken'],
    ['a missing version', 't', [{ id: 1 }], '?mode=append&table_version=9', 404, 'table_version_not_found'],
    ['a format that cannot be written', 't', [{ id: 1 }], '?content_type=orc', 400, 'not_supported'],
    ['data that is neither rows nor columns', 't', 'x', '', 422, 'invalid_input'],
  ])('%s', async (_title, ...[table, data, query, status, code]) => {
    const before = await w.state();
    const answer = await write(table, data, query);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(await w.state()).toEqual(before);
    expect(files()).toEqual([]);
  });
});
