import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY_SCHEME_ID, type SchemaField, type WriteEntry } from '@deltacat/contract';
import { DuckDBInstance } from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coerceRows } from './coerce.ts';
import { FILE_INDEX_COLUMN, FILE_ROW_COLUMN, prepareScan } from './formats/format.ts';
import { inspectFile } from './inspect.ts';
import type { RowData } from './row-data.ts';
import { arrowSchema, schemaFields, serializeSchema } from './schema/schema.ts';
import { writeRows } from './write.ts';

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64', nullable: false, is_merge_key: true },
  { name: 'city', type: 'string' },
  { name: 'at', type: 'timestamp[us]' },
];
const ROWS = [
  { id: 3, city: 'Rome', at: '2024-01-02T03:04:05.000001' },
  { id: 1, city: 'Oslo', at: null },
  { id: 2, city: 'Rome', at: '1969-12-31T23:59:59' },
];

let data_dir: string;
let instance: DuckDBInstance;
beforeAll(async () => {
  data_dir = await mkdtemp(join(tmpdir(), 'write-'));
  instance = await DuckDBInstance.create(':memory:');
});
afterAll(async () => {
  instance.closeSync();
  await rm(data_dir, { recursive: true, force: true });
});

async function readBack(entries: WriteEntry[], fields = FIELDS): Promise<Record<string, unknown>[]> {
  const files = entries.map(({ path, record_count }) => ({
    path,
    record_count: record_count ?? 0,
    content_type: 'parquet' as const,
    content_encoding: 'identity' as const,
    content_length: 0,
  }));
  await using scan = await prepareScan(files, { fields: fields });
  const connection = await instance.connect();
  const sql = `SELECT * EXCLUDE (${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}) FROM ${scan.sql} ORDER BY ${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}`;
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  return rows;
}

describe('an entry', () => {
  test('tells where its file is and what is in it', async () => {
    const [entry, ...others] = await writeRows(ROWS, { data_dir, schema: FIELDS });
    expect(others).toEqual([]);
    const found = await inspectFile({ path: entry?.path ?? '', content_type: 'parquet' });
    expect(entry).toEqual({
      path: expect.stringMatching(/^\/.*\/w-[0-9a-f]{12}-00000\.parquet$/),
      record_count: 3,
      content_length: found.size_bytes,
      source_content_length: found.size_bytes,
      content_type: 'parquet',
      content_encoding: 'identity',
      column_stats: {
        id: { min: 1, max: 3, null_count: 0 },
        city: { min: 'Oslo', max: 'Rome', null_count: 0 },
        at: { min: '1969-12-31T23:59:59', max: '2024-01-02T03:04:05.000001', null_count: 1 },
      },
      partition_values: null,
      partition_scheme_id: null,
      sort_scheme_id: EMPTY_SCHEME_ID,
      entry_type: 'data',
      entry_params: null,
    });
    expect(found.record_count).toBe(3);
    expect(found.column_stats).toEqual(entry?.column_stats);
    expect(
      schemaFields(found.schema ?? expect.unreachable()).map(({ name, type, nullable }) => [name, type, nullable]),
    ).toEqual(FIELDS.map(({ name, type, nullable }) => [name, type, nullable ?? true]));
  });

  test('of a partitioned table tells its partition; groups come in the order of their first row', async () => {
    const partition_scheme = { id: 'p1', keys: [{ key: ['city'], transform: 'identity' }] };
    const entries = await writeRows(ROWS, { data_dir, schema: FIELDS, partition_scheme });
    expect(entries.map((entry) => [entry.partition_values, entry.record_count, entry.partition_scheme_id])).toEqual([
      [['Rome'], 2, 'p1'],
      [['Oslo'], 1, 'p1'],
    ]);
    expect((await readBack(entries)).map(({ id }) => id)).toEqual(['3', '2', '1']);
  });

  test('of a delete names the keys that tell the rows, and has every column of the table', async () => {
    const target = { data_dir, schema: FIELDS, merge_keys: ['id'], mode: 'delete' as const };
    const [entry] = await writeRows([{ id: 1 }, { id: 2 }], target);
    expect(entry?.entry_params).toEqual({ equality_field_locators: ['id'] });
    expect(await readBack(entry ? [entry] : [])).toEqual([
      { id: '1', city: null, at: null },
      { id: '2', city: null, at: null },
    ]);
    await expect(writeRows([{ city: 'Rome' }], target)).rejects.toMatchObject({ code: 'schema_mismatch' });
    await expect(writeRows([{ id: 1 }], { ...target, merge_keys: [] })).rejects.toMatchObject({
      code: 'merge_keys_required',
    });
    const partition_scheme = { keys: [{ key: ['city'] }] };
    await expect(writeRows([{ id: 1 }], { ...target, partition_scheme })).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('"city"'),
    });
  });
});

describe('rows to merge must tell their key', () => {
  const target = { schema: FIELDS.map((field) => ({ ...field, nullable: true })), merge_keys: ['id'] };
  const write = (rows: RowData, more: object = {}) => writeRows(rows, { ...target, data_dir, ...more });

  test.each(['auto', 'create', 'merge', 'replace', 'replace_partition'] as const)('in mode %s', async (mode) => {
    await expect(write([{ city: 'Rome' }], { mode })).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('"id"'),
      details: { column: 'id' },
    });
    await expect(write(coerceRows({ city: ['Rome'] }, FIELDS.slice(1)), { mode })).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
  });

  test('unless they are only appended, or the key has a default', async () => {
    expect(await write([{ city: 'Rome' }], { mode: 'append' })).toHaveLength(1);
    const [id, ...others] = FIELDS;
    const schema = [{ ...id, future_default: 7 }, ...others];
    expect(await write([{ city: 'Rome' }], { mode: 'merge', schema })).toHaveLength(1);
    expect(await write([{ id: null, city: 'Rome' }], { mode: 'merge' })).toHaveLength(1);
    expect(await write([], { mode: 'merge' })).toEqual([]);
  });
});

describe('rows are ordered', () => {
  const order = async (target: object) =>
    (await readBack(await writeRows(ROWS, { data_dir, schema: FIELDS, ...target }))).map(({ id }) => Number(id));

  test('as given when nothing says otherwise', async () => {
    expect(await order({})).toEqual([3, 1, 2]);
  });

  test('by the sort scheme, then by the merge keys', async () => {
    const keys = [{ key: ['city'], sort_order: 'descending' as const }];
    expect(await order({ sort_scheme: { id: 's1', keys }, merge_keys: ['id'] })).toEqual([2, 3, 1]);
    expect(await order({ merge_keys: ['id'] })).toEqual([1, 2, 3]);
  });

  test('with nulls where the scheme wants them', async () => {
    expect(await order({ sort_scheme: { keys: [{ key: ['at'] }] } })).toEqual([2, 3, 1]);
    expect(await order({ sort_scheme: { keys: [{ key: ['at'], null_order: 'at_start' }] } })).toEqual([1, 2, 3]);
  });

  test('across files that hold as many rows as they should', async () => {
    const entries = await writeRows(ROWS, { data_dir, schema: FIELDS, merge_keys: ['id'], target_records_per_file: 2 });
    expect(entries.map(({ record_count }) => record_count)).toEqual([2, 1]);
    expect(new Set(entries.map(({ path }) => path)).size).toBe(2);
    expect((await readBack(entries)).map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(entries[1]?.column_stats?.id).toEqual({ min: 3, max: 3, null_count: 0 });
  });
});

test('an Arrow table of several chunks and slices is written as the rows it shows', async () => {
  const schema = arrowSchema([
    { name: 'n', type: 'int32' },
    { name: 'flag', type: 'bool' },
    { name: 'text', type: 'string' },
    { name: 'list', type: 'list<item: int64>' },
    { name: 'pair', type: 'struct<x: double, y: string>' },
  ]);
  const batch = (from: number, length: number) =>
    arrow.tableFromJSON(
      Array.from({ length }, (_, index) => ({
        n: from + index,
        flag: (from + index) % 3 === 0,
        text: (from + index) % 5 === 0 ? null : `t${from + index}`,
        list: [from + index, index],
        pair: { x: index, y: `${from}` },
      })),
    );
  const whole = batch(0, 40).concat(batch(40, 25));
  const table = whole.slice(7, 61);
  const entries = await writeRows(table, { data_dir, schema_serialized: serializeSchema(schema) });
  const rows = await readBack(entries);
  expect(rows).toHaveLength(54);
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 54 }, (_, index) => index + 7));
  for (const row of rows) {
    const n = Number(row.n);
    expect(row.flag).toBe(n % 3 === 0);
    expect(row.text).toBe(n % 5 === 0 ? null : `t${n}`);
    expect(row.list).toEqual([String(n), String(n < 40 ? n : n - 40)]);
    expect(row.pair).toEqual({ x: n < 40 ? n : n - 40, y: n < 40 ? '0' : '40' });
  }
});

test('text columns that apache-arrow made dictionaries of are written as text', async () => {
  const table = arrow.tableFromArrays({ id: BigInt64Array.from([1n, 2n]), city: ['Rome', 'Rome'] });
  const [entry] = await writeRows(table, { data_dir, schema: FIELDS.slice(0, 2) });
  const { schema } = await inspectFile({ path: entry?.path ?? '', content_type: 'parquet' });
  expect(schemaFields(schema ?? expect.unreachable()).map(({ type }) => type)).toEqual(['int64', 'string']);
});

test('rows of a table without a schema are written by the types they ask for', async () => {
  const [entry] = await writeRows([{ a: 1, b: 1.5, c: 'x', d: [true], e: new Date(0) }, { a: 2n }], { data_dir });
  const { schema } = await inspectFile({ path: entry?.path ?? '', content_type: 'parquet' });
  expect(schemaFields(schema ?? expect.unreachable()).map(({ name, type }) => `${name}: ${type}`)).toEqual([
    'a: int64',
    'b: double',
    'c: string',
    'd: list<item: bool>',
    'e: timestamp[us, tz=UTC]',
  ]);
});

test('no rows make no files', async () => {
  expect(await writeRows([], { data_dir, schema: FIELDS })).toEqual([]);
  const nested = arrowSchema([{ name: 'tags', type: 'list<item: decimal128(9, 2)>' }]);
  const received = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table(nested), 'stream'));
  expect(await writeRows(received, { data_dir, schema: schemaFields(nested) })).toEqual([]);
  expect(await writeRows(received, { data_dir })).toEqual([]);
});

test('two writers of one folder never meet, and nothing half written stays', async () => {
  const folder = join(data_dir, 'both', 'new');
  const entries = await Promise.all([1, 2, 3, 4].map(() => writeRows(ROWS, { data_dir: folder, schema: FIELDS })));
  const names = entries.flat().map(({ path }) => path.slice(folder.length + 1));
  expect((await readdir(folder)).sort()).toEqual(names.sort());
});

test('a write that fails leaves no files behind', async () => {
  const folder = join(data_dir, 'failed');
  await expect(writeRows([{ id: 'x' }], { data_dir: folder, schema: FIELDS })).rejects.toMatchObject({
    code: 'schema_mismatch',
  });
  await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a format that is not written yet is refused', async () => {
  await expect(writeRows(ROWS, { data_dir, format: 'orc' })).rejects.toMatchObject({
    code: 'not_supported',
    message: expect.stringContaining("pip install 'deltacat-client[all]'"),
  });
});
