import { rm } from 'node:fs/promises';
import { dataFile, type ReadPlan } from '@deltacat/contract';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { type ParquetHandle, parquetHandles } from './parquet-handle.ts';
import { openStorage } from './storage/open.ts';
import { Scratch } from './storage/scratch.ts';

const scratch = new Scratch();
let path: string;
let odd: string;

beforeAll(async () => {
  path = await scratch.path('.parquet');
  odd = await scratch.path('.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = "SELECT i AS id, 'v' || i AS v FROM range(5000) t(i)";
  await connection.run(`COPY (${rows}) TO '${path}' (ROW_GROUP_SIZE 2048, KV_METADATA {maker: 'a robot'})`);
  // A column of this name hides DuckDB's own, by which rows are numbered elsewhere.
  await connection.run(`COPY (SELECT i AS file_row_number FROM range(5000) t(i)) TO '${odd}' (ROW_GROUP_SIZE 2048)`);
  connection.closeSync();
});
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

function planOf(paths: string[], more: Partial<ReadPlan> = {}): ReadPlan {
  const files = paths.map((each) => dataFile.parse({ path: each }));
  return {
    namespace: 'n',
    table: 't',
    content_type: 'parquet',
    requires_mor: false,
    total_files: files.length,
    total_records: 0,
    total_bytes: 0,
    returned_files: files.length,
    truncated: false,
    scan_tasks: [{ files }],
    schema: [{ name: 'id', type: 'int64' }],
    ...more,
  };
}

const handleOf = (file: string): ParquetHandle => parquetHandles(planOf([file]))[0] ?? expect.unreachable();
const ids = (rows: Record<string, unknown>[]) => rows.map(({ id }) => Number(id));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe('a Parquet file of a plan', () => {
  test('tells what its footer has', async () => {
    const handle = handleOf(path);
    const found = await handle.describe();
    expect(handle.path).toBe(path);
    expect(found.schema.fields.map(String)).toEqual(['id: Int64', 'v: Utf8']);
    expect(found.record_count).toBe(5000);
    expect(found.size_bytes).toBe(await openStorage(path).size(path));
    expect(found.row_groups).toEqual([{ record_count: 2048 }, { record_count: 2048 }, { record_count: 904 }]);
    expect(found.key_values.get('maker')).toBe('a robot');
  });

  test('reads its rows with its own columns, whatever the table has', async () => {
    const rows = await handleOf(path).read();
    expect(rows.schema.names).toEqual(['id', 'v']);
    expect(ids(await rows.objects())).toEqual(numbers(0, 5000));
    const batches = await Array.fromAsync(handleOf(path));
    expect(batches.reduce((sum, { numRows }) => sum + numRows, 0)).toBe(5000);
  });

  test('reads some columns of some row groups, in the order of the file', async () => {
    const rows = await handleOf(path).read({ columns: ['v', 'id'], row_groups: [2, 0] });
    expect(rows.schema.names).toEqual(['v', 'id']);
    const found = await rows.objects();
    expect(ids(found)).toEqual([...numbers(0, 2048), ...numbers(4096, 5000)]);
    expect(found[3]).toEqual({ v: 'v3', id: 3n });
    expect(await (await handleOf(path).read({ row_groups: [] })).objects()).toEqual([]);
  });

  test('numbers its rows itself where a column has the name of the numbers', async () => {
    const rows = await handleOf(odd).read({ row_groups: [1] });
    expect((await rows.objects()).map((row) => Number(row.file_row_number))).toEqual(numbers(2048, 4096));
  });

  test('is not opened before it is asked', async () => {
    const gone = await scratch.path('.parquet');
    const handle = handleOf(gone);
    await expect(handle.describe()).rejects.toMatchObject({ code: 'data_missing', details: { path: gone } });
    await openStorage(gone).write(gone, await openStorage(path).read(path));
    expect((await handle.describe()).record_count).toBe(5000);
    const rows = await handle.read();
    await rm(gone);
    await expect(rows.objects()).rejects.toMatchObject({ code: 'data_missing', details: { path: gone } });
  });

  test.each([
    ['a column that it lacks', { columns: ['colour'] }, 'unknown_column'],
    ['no column', { columns: [] }, 'invalid_request'],
    ['a column twice', { columns: ['id', 'id'] }, 'invalid_request'],
    ['a row group that it lacks', { row_groups: [3] }, 'invalid_request'],
    ['a row group before the first', { row_groups: [-1] }, 'invalid_request'],
  ])('refuses %s', async (_title, wanted, code) => {
    await expect(handleOf(path).read(wanted)).rejects.toMatchObject({ code });
  });
});

describe('handles of a plan', () => {
  test('are those of its files, in their order', async () => {
    expect(parquetHandles(planOf([odd, path])).map((handle) => handle.path)).toEqual([odd, path]);
    expect(parquetHandles(planOf([]))).toEqual([]);
  });

  test.each([
    ['rows that must be merged', planOf(['/a.parquet'], { requires_mor: true })],
    ['a table without a schema', planOf(['/a.parquet'], { schema: null })],
    [
      'a file of another format',
      planOf([], { scan_tasks: [{ files: [dataFile.parse({ path: '/a.csv', content_type: 'csv' })] }] }),
    ],
  ])('are refused for %s', (_title, plan) => {
    expect(() => parquetHandles(plan)).toThrow(expect.objectContaining({ code: 'not_supported' }));
  });
});
