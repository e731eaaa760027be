import { dirname } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { coerceRows } from '../coerce.ts';
import { closeEngine } from '../duckdb/session.ts';
import { executePlan } from '../execute.ts';
import { rowObjects } from '../row-values.ts';
import { Scratch } from '../storage/scratch.ts';
import { COLUMNS } from '../testing/column-values.ts';
import { planDeltas } from '../testing/delta-plans.ts';
import { ColumnValues } from './values.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

/** What a column's values are in an array of their type; those of other types come as they were given. */
const TYPED: Record<string, ArrayLike<unknown>> = {
  bool: Uint8Array.of(1, 0),
  int8: Int8Array.of(-128, 127),
  int16: Int16Array.of(-32768, 32767),
  int32: Int32Array.of(-2147483648, 2147483647),
  int64: BigInt64Array.of(-9223372036854775808n, 9223372036854775807n, 0n),
  uint8: Uint8Array.of(0, 255),
  uint16: Uint16Array.of(65535),
  uint32: Uint32Array.of(4294967295),
  uint64: BigUint64Array.of(18446744073709551615n),
  halffloat: Float32Array.of(1.5, -1023 * 2 ** -24, 65504, 2 ** -24, Number.POSITIVE_INFINITY),
  float: Float32Array.of(1.5, -3.25),
  double: Float64Array.of(0.1, Number.MAX_VALUE, -0, Number.NaN),
  'date32[day]': Int32Array.of(-1, 19782),
  'date64[ms]': BigInt64Array.of(1709164800000n),
  'time32[s]': Int32Array.of(86399),
  'time32[ms]': Int32Array.of(86399999),
  'time64[us]': BigInt64Array.of(86399999999n),
  'time64[ns]': BigInt64Array.of(86399999999000n),
  'timestamp[s]': BigInt64Array.of(-1n, 1704067200n),
  'timestamp[ms]': BigInt64Array.of(1704067200123n),
  'timestamp[us]': BigInt64Array.of(-2208988799999999n),
  'timestamp[ns]': BigInt64Array.of(1704067200123456789n),
  'timestamp[s, tz=UTC]': BigInt64Array.of(-1n),
  'timestamp[ms, tz=Europe/Berlin]': BigInt64Array.of(1704067200123n),
  'timestamp[us, tz=UTC]': BigInt64Array.of(-2208988799999999n),
  'timestamp[ns, tz=UTC]': BigInt64Array.of(1704067200123456000n),
  'duration[s]': BigInt64Array.of(-5n),
  'duration[ns]': BigInt64Array.of(123n),
};

const TYPES: [string, unknown[]][] = Object.entries({ ...COLUMNS, 'duration[s]': [-5n] });

async function planOf(type: string, values: unknown[]) {
  const rows = values.map((value) => [value]);
  const fields = [{ name: 'c', type }];
  const deltas = [{ type: 'append' as const, pos: 1, files: [rows, rows] }];
  const plan = await planDeltas({ folder: dirname(await scratch.path('')), fields, merge_keys: [], deltas });
  return executePlan({ ...plan, requires_mor: false });
}

test.each(TYPES)('a column of type %s has its values in an array of the type', async (type, values) => {
  const { c } = await (await planOf(type, values)).columns();
  if (c === undefined) expect.unreachable();
  expect(c.validity).toBeNull();
  const expected = TYPED[type] ?? values;
  expect(c.values.constructor).toBe(expected.constructor);
  expect([...c.values]).toEqual([...Array.from(expected), ...Array.from(expected)]);
});

test.each(TYPES)('nulls of a column of type %s are told by its validity', async (type, values) => {
  const { c } = await (await planOf(type, [null, ...values])).columns();
  if (c === undefined) expect.unreachable();
  const bits = [0, ...values.map(() => 1)];
  expect([...(c.validity ?? [])]).toEqual([...bits, ...bits]);
  const empty = TYPED[type] === undefined ? null : typeof TYPED[type][0] === 'bigint' ? 0n : 0;
  const expected = [empty, ...Array.from(TYPED[type] ?? values)];
  expect([...c.values]).toEqual([...expected, ...expected]);
});

test.each(TYPES)('a column of type %s can be written as it was read', async (type, values) => {
  const read = await planOf(type, [...values, null]);
  const { batches } = coerceRows(await read.columns(), [{ name: 'c', type }], { schema_consistency_type: 'validate' });
  expect(batches.flatMap((batch) => rowObjects(batch))).toEqual(await read.objects());
});

test('no rows are columns of no rows', async () => {
  const columns = await (await planOf('int64', [])).columns();
  expect(columns).toEqual({ c: new ColumnValues(columns.c?.type ?? expect.unreachable(), new BigInt64Array(0), null) });
});

test('a column of nothing but nulls has them one by one', async () => {
  const { c } = await (await planOf('null', [null, null])).columns();
  expect(c?.values).toEqual([null, null, null, null]);
  expect(c?.validity).toEqual(new Uint8Array(4));
});
