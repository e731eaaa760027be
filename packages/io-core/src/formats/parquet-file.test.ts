import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SchemaField } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coerceRows } from '../coerce.ts';
import { closeEngine } from '../duckdb/session.ts';
import { executePlan } from '../execute.ts';
import { inspectFile } from '../inspect.ts';
import { planRows } from '../plan-rows.ts';
import { arrowSchema, serializeSchema } from '../schema/schema.ts';
import { COLUMNS } from '../testing/column-values.ts';
import { writeRows } from '../write.ts';
import { writeParquetFile } from './parquet-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-file-'));
});
afterAll(async () => {
  await closeEngine();
  await rm(folder, { recursive: true, force: true });
});

/** A table in batches of odd sizes, so that bitmaps do not fall on bytes. */
function inBatches(table: arrow.Table, size = 1001) {
  return planRows(table.schema, async function* () {
    for (let start = 0; start < table.numRows; start += size) yield* table.slice(start, start + size).batches;
  });
}

function tableOf(type: string, valueAt: (row: number) => unknown): arrow.Table {
  const rows = Array.from({ length: 4000 }, (_, n) => ({ n: BigInt(n), c: valueAt(n) }));
  return coerceRows(rows, fieldsOf(type));
}

function fieldsOf(type: string): SchemaField[] {
  return [
    { name: 'n', type: 'int64' },
    { name: 'c', type },
  ];
}

/** The rows of a file by the types of the table, and what the file itself says of them. */
async function readBack(path: string, schema: arrow.Schema) {
  const { content_length, record_count, schema: stored } = await described(path);
  const file = { path, content_type: 'parquet' as const, content_encoding: 'identity' as const };
  const plan = {
    namespace: 'test',
    table: 'file',
    content_type: 'parquet' as const,
    requires_mor: false,
    total_files: 1,
    total_records: record_count,
    total_bytes: content_length,
    returned_files: 1,
    truncated: false,
    scan_tasks: [{ files: [{ ...file, content_length, record_count }] }],
    schema_serialized: serializeSchema(schema),
  };
  return { rows: await executePlan(plan).objects(), stored, record_count, content_length };
}

async function described(path: string) {
  const { schema, record_count, size_bytes } = await inspectFile({ path, content_type: 'parquet' });
  const stored = (schema ?? expect.unreachable()).fields.map(String);
  return { schema: stored, record_count: record_count ?? -1, content_length: size_bytes };
}

describe.each(Object.entries(COLUMNS))('a column of type %s', (type, values) => {
  test.each([
    ['nulls in all batches', (row: number) => row % 7 !== 5],
    ['nulls in a later batch only', (row: number) => row !== 2500],
    ['a batch of nulls', (row: number) => row > 1001],
  ])('with %s is stored as a write of the whole table stores it', async (_title, isFilled) => {
    const table = tableOf(type, (row) => (isFilled(row) ? values[row % values.length] : null));
    const path = join(folder, `${crypto.randomUUID()}.parquet`);
    const written = await writeParquetFile(inBatches(table), path);
    const [whole] = await writeRows(table, { data_dir: folder });
    const found = await readBack(path, table.schema);
    expect(found).toEqual({
      ...(await readBack(whole?.path ?? '', table.schema)),
      content_length: written.size_bytes,
    });
    expect(found.record_count).toBe(written.records);
    expect(written.records).toBe(4000);
  });
});

test('no rows make a file of the columns, of whatever type', async () => {
  const fields = Object.keys(COLUMNS).map((type) => ({ name: type, type }));
  const path = join(folder, 'empty.parquet');
  const written = await writeParquetFile(inBatches(new arrow.Table(arrowSchema(fields))), path);
  const { schema, ...found } = await described(path);
  expect(found).toEqual({ record_count: 0, content_length: written.size_bytes });
  expect(written.records).toBe(0);
  expect(schema).toHaveLength(fields.length);
});

test.each([0, 1, 3])('rows that fail after %d batches leave neither a file nor a part of one', async (batches) => {
  const table = tableOf('string', String);
  const made = await mkdtemp(join(folder, 'fails-'));
  const failure = new Error('gone');
  const rows = planRows(table.schema, async function* () {
    for (let start = 0; start < batches; start++) yield* table.slice(start * 1000, (start + 1) * 1000).batches;
    throw failure;
  });
  await expect(writeParquetFile(rows, join(made, 'x.parquet'))).rejects.toBe(failure);
  expect(await readdir(made)).toEqual([]);
  const { records } = await writeParquetFile(inBatches(table), join(made, 'y.parquet'));
  expect(records).toBe(4000);
});

test('a place that cannot be written ends the read', async () => {
  const table = tableOf('string', String);
  let open = 0;
  const rows = planRows(table.schema, async function* () {
    open++;
    try {
      while (true) yield* table.batches;
    } finally {
      open--;
    }
  });
  const path = join(folder, 'plain', 'x.parquet');
  await writeParquetFile(inBatches(table), join(folder, 'plain'));
  await expect(writeParquetFile(rows, path)).rejects.toMatchObject({ syscall: 'mkdir' });
  expect(open).toBe(0);
  expect((await readFile(join(folder, 'plain'))).byteLength).toBeGreaterThan(0);
});
