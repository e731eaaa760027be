import { dirname } from 'node:path';
import type { ReadPlan, SchemaField } from '@deltacat/contract';
import { afterAll, expect, test } from 'vitest';
import { coerceRows } from './coerce.ts';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { rowObjects } from './row-values.ts';
import { arrowSchema, serializeSchema } from './schema/schema.ts';
import { Scratch } from './storage/scratch.ts';
import { COLUMNS } from './testing/column-values.ts';
import { writeRows } from './write.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

test.each(Object.entries(COLUMNS))('a column of type %s comes back with its type and values', async (type, values) => {
  const fields: SchemaField[] = [
    { name: 'n', type: 'int64' },
    { name: 'c', type },
  ];
  // Enough rows for several chunks; the filter below makes their sizes odd, so that bitmaps do not fall on bytes.
  const rows = Array.from({ length: 7000 }, (_, n) => {
    const value = n % (values.length + 1) === values.length || n % 97 === 5 ? null : values[n % (values.length + 1)];
    return { n: BigInt(n), c: value };
  });
  const plan = await planOf(rows, fields);
  const read = executePlan(plan, { filter: { neq: ['n', 3001] } });
  const table = await read.table();
  expect(table.schema.fields.map((field) => `${field.name}: ${field.type}`)).toEqual(
    arrowSchema(fields).fields.map((field) => `${field.name}: ${field.type}`),
  );
  const expected = coerceRows(rows, fields)
    .batches.flatMap(rowObjects)
    .filter(({ n }) => n !== 3001n);
  expect(table.batches.flatMap(rowObjects)).toEqual(expected);
});

test('a filter finds times of day of every unit', async () => {
  const types = ['time32[s]', 'time32[ms]', 'time64[us]', 'time64[ns]'];
  for (const type of types) {
    const rows = ['00:00:01', '12:30:00', null].map((c) => ({ c }));
    const plan = await planOf(rows, [{ name: 'c', type }]);
    const found = await executePlan(plan, { filter: { gt: ['c', '12:00:00'] } }).objects();
    expect(found, type).toEqual([{ c: '12:30:00' }]);
  }
});

test('sorting keeps the sign of zero', async () => {
  const fields: SchemaField[] = [
    { name: 'n', type: 'int64' },
    { name: 'f', type: 'float' },
    { name: 'd', type: 'double' },
  ];
  const rows = [0, -0, Number.NaN, -1].map((f, n) => ({ n: BigInt(n), f, d: f }));
  const plan = { ...(await planOf(rows, fields)), requires_mor: true, merge_keys: ['n'] };
  for (const column of ['f', 'd']) {
    const sort_scheme = { keys: [{ key: [column], sort_order: 'descending' }] };
    const found = await executePlan({ ...plan, sort_scheme } as ReadPlan).objects();
    expect(found.map(({ f }) => f)).toEqual([0, -0, -1, Number.NaN]);
    expect(found.map(({ d }) => d)).toEqual([0, -0, -1, Number.NaN]);
  }
});

async function planOf(rows: Record<string, unknown>[], fields: SchemaField[]): Promise<ReadPlan> {
  const folder = dirname(await scratch.path(''));
  const entries = await writeRows(rows, { data_dir: folder, schema: fields });
  return {
    namespace: 'test',
    table: 'columns',
    content_type: 'parquet',
    requires_mor: false,
    total_files: entries.length,
    total_records: rows.length,
    total_bytes: 0,
    returned_files: entries.length,
    truncated: false,
    scan_tasks: [
      {
        files: entries.map(({ path }) => ({
          path,
          content_type: 'parquet' as const,
          content_encoding: 'identity' as const,
          content_length: 0,
          record_count: 0,
        })),
      },
    ],
    schema_serialized: serializeSchema(arrowSchema(fields)),
  };
}
