import { dirname } from 'node:path';
import type { ReadPlan, SchemaField } from '@deltacat/contract';
import { afterAll, expect, test } from 'vitest';
import { coerceRows } from './coerce.ts';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { rowObjects } from './row-values.ts';
import { arrowSchema, serializeSchema } from './schema/schema.ts';
import { Scratch } from './storage/scratch.ts';
import { writeRows } from './write.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const LONG = 'a text that does not fit into twelve bytes, é, 漢字, 🚗';
const BYTES = new Uint8Array([0, 255, 1, 128]);

/** Each type with values that are easily lost. Null is added to each. */
const COLUMNS: Record<string, unknown[]> = {
  bool: [true, false],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n, 0n],
  uint8: [0, 255],
  uint16: [65535],
  uint32: [2 ** 32 - 1],
  uint64: [2n ** 64n - 1n],
  halffloat: [1.5, -0.000061, 65504, 2 ** -24, Number.POSITIVE_INFINITY],
  float: [1.5, -3.25],
  double: [0.1, Number.MAX_VALUE, -0, Number.NaN],
  string: ['', 'short', LONG, 'x'.repeat(5000)],
  large_string: ['', LONG],
  binary: [new Uint8Array(0), BYTES, new Uint8Array(100).fill(7)],
  large_binary: [BYTES],
  'fixed_size_binary[16]': [new Uint8Array(16).fill(9)],
  'date32[day]': ['1969-12-31', '2024-02-29'],
  'date64[ms]': ['2024-02-29'],
  'time32[s]': ['23:59:59'],
  'time32[ms]': ['23:59:59.999'],
  'time64[us]': ['23:59:59.999999'],
  'time64[ns]': ['23:59:59.999999'],
  'timestamp[s]': ['1969-12-31T23:59:59', '2024-01-01T00:00:00'],
  'timestamp[ms]': ['2024-01-01T00:00:00.123'],
  'timestamp[us]': ['1900-01-01T00:00:00.000001'],
  'timestamp[ns]': ['2024-01-01T00:00:00.123456789'],
  'timestamp[s, tz=UTC]': ['1969-12-31T23:59:59Z'],
  'timestamp[ms, tz=Europe/Berlin]': ['2024-01-01T00:00:00.123Z'],
  'timestamp[us, tz=UTC]': ['1900-01-01T00:00:00.000001Z'],
  // DuckDB has microseconds only for this one, and for times of day.
  'timestamp[ns, tz=UTC]': ['2024-01-01T00:00:00.123456Z'],
  'duration[ns]': [123n],
  'decimal128(4, 2)': ['-12.34'],
  'decimal128(9, 0)': ['-999999999'],
  'decimal128(18, 3)': ['-123456789012345.678'],
  'decimal128(38, 10)': ['-1234567890123456789012345678.0123456789', '0.0000000001'],
  'list<item: int64>': [[], [1n, null, 3n]],
  'list<item: list<item: string>>': [[[LONG, null], [], null]],
  'fixed_size_list<item: float>[2]': [[1.5, 2.5]],
  'struct<x: double, y: string>': [
    { x: 1.5, y: LONG },
    { x: null, y: null },
  ],
  'map<string, int64>': [
    [
      { key: LONG, value: 1n },
      { key: 'b', value: null },
    ],
  ],
  'list<item: struct<x: bool, t: timestamp[us]>>': [[{ x: true, t: '2024-01-01T00:00:00' }, null]],
  'dictionary<values=string, indices=int32, ordered=0>': ['a', LONG, 'a'],
};

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
    expect(found.map(({ f }) => f)).toEqual([Number.NaN, 0, -0, -1]);
    expect(found.map(({ d }) => d)).toEqual([Number.NaN, 0, -0, -1]);
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
