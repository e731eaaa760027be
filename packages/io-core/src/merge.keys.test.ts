import { dirname } from 'node:path';
import type { SchemaField } from '@deltacat/contract';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { Scratch } from './storage/scratch.ts';
import { type DeltaRows, planDeltas } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

/** Types of merge keys: values of which none equals another, null besides, and types that older files have in their place. */
const KEYS: Record<string, { values: unknown[]; older?: string[] }> = {
  bool: { values: [true, false] },
  int8: { values: [-128, 0, 127] },
  int64: { values: [-(2n ** 31n), 0n, 1n], older: ['int32', 'int64'] },
  uint64: { values: [0n, 255n, 7n], older: ['uint8', 'uint32'] },
  'uint64 of any size': { values: [0n, 2n ** 63n, 2n ** 64n - 1n] },
  string: { values: ['', 'null', 'a', 'A', 'a ', 'e\u0301', '\u00e9', 'x'.repeat(300)], older: ['large_string'] },
  binary: { values: [[], [0], [0, 0], [255]].map((bytes) => Uint8Array.from(bytes)), older: ['large_binary'] },
  'fixed_size_binary[16]': { values: [0, 1, 255].map((byte) => new Uint8Array(16).fill(byte)), older: ['binary'] },
  'date32[day]': { values: ['1969-12-31', '1970-01-01', '2024-02-29'] },
  'time64[us]': { values: ['00:00:00', '00:00:00.000001', '23:59:59.999999'], older: ['time64[us]'] },
  'timestamp[us]': {
    values: ['1900-01-01T00:00:00', '1970-01-01T00:00:00', '2024-01-01T00:00:00'],
    older: ['timestamp[s]'],
  },
  'timestamp[ns]': { values: ['2024-01-01T00:00:00', '2024-01-01T00:00:00.000000001'] },
  'timestamp[us, tz=Europe/Berlin]': {
    values: ['2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z', '1970-01-01T00:00:00Z'],
    older: ['timestamp[us, tz=UTC]'],
  },
  'decimal128(20, 3)': { values: ['0.000', '-1.500', '12345678901234567.000'] },
  'decimal128(38, 2)': { values: ['0.00', '1.50', '-1.50'], older: ['decimal128(10, 2)'] },
};

/** A row as places among the values of its key's type (null: null), a second key, a column that older files lack, and its number. */
interface Row {
  key: number | null;
  second: number | null;
  late: number | null;
  n: number;
}
type Column = keyof Row;

/** What rows older than the column have in it. */
const LATE_DEFAULT = 1;

interface Delta {
  kind: 'append' | 'upsert' | 'delete';
  rows: Row[];
  by: Column[];
  is_older: boolean;
}

const place = fc.option(fc.nat(7));
const row = fc.record({ key: place, second: fc.option(fc.nat(1)), late: fc.option(fc.nat(2)), n: fc.constant(0) });
const delta = fc.record({
  kind: fc.constantFrom('append', 'upsert', 'upsert', 'delete'),
  rows: fc.array(row, { minLength: 1, maxLength: 8 }),
  by: fc.constantFrom<Column[]>(['key'], ['key', 'second'], ['late'], ['second', 'late'], ['second', 'key']),
  is_older: fc.boolean(),
});
const merge_keys = fc.constantFrom<Column[]>(['key'], ['key', 'second'], ['second', 'key'], ['late', 'key']);

/** The definition of merging: deltas one by one, rows one by one. */
function mergeOneByOne(deltas: Delta[], keys: Column[]): Row[] {
  const same = (by: Column[], a: Row, b: Row) => by.every((column) => a[column] === b[column]);
  let merged: Row[] = [];
  for (const { kind, rows, by } of deltas) {
    for (const row of rows) {
      merged = merged.filter((other) => !same(kind === 'delete' ? by : keys, other, row));
      if (kind !== 'delete') merged.push(row);
    }
  }
  return merged;
}

/** The files of a delta: older ones lack a column and have other types; those of deletes have the columns they delete by. */
function filesOf(
  { kind, rows, by, is_older }: Delta,
  pos: number,
  { values, older }: (typeof KEYS)[string],
): DeltaRows {
  const written: Column[] = kind === 'delete' ? NAMES.filter((name) => by.includes(name)) : NAMES;
  const columns = written.filter((name) => kind === 'delete' || !is_older || name !== 'late');
  const cell = ({ key, second, late, n }: Row, name: Column) =>
    ({ key: key === null ? null : values[key], second, late, n: BigInt(n) })[name];
  const half = Math.ceil(rows.length / 2);
  const files = [rows.slice(0, half), rows.slice(half)].map((some) =>
    some.map((row) => columns.map((name) => cell(row, name))),
  );
  const type = older?.[pos % older.length];
  const types: Record<string, string> = is_older && type !== undefined ? { key: type, second: 'int8' } : {};
  return { type: kind, pos, files, columns, types, ...(kind === 'delete' && { delete_keys: by }) };
}

const NAMES: Column[] = ['key', 'second', 'late', 'n'];

test.each(Object.entries(KEYS))('rows merge by keys of type %s, and are deleted by them', async (name, kind) => {
  const fields: SchemaField[] = [
    { name: 'key', type: name.replace(' of any size', '') },
    { name: 'second', type: 'int32' },
    { name: 'late', type: 'int64', past_default: LATE_DEFAULT },
    { name: 'n', type: 'int64' },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(delta, { minLength: 1, maxLength: 6 }), merge_keys, async (drawn, keys) => {
      let n = 0;
      const deltas = drawn.map((one): Delta => {
        const rows = one.rows.map((row): Row => {
          n += 1;
          const key = row.key === null ? null : row.key % kind.values.length;
          const late = one.is_older && one.kind !== 'delete' ? LATE_DEFAULT : row.late;
          return { ...row, key, late, n };
        });
        return { ...one, kind: one.kind as Delta['kind'], rows };
      });
      const folder = dirname(await scratch.path(''));
      const written = deltas.map((one, index) => filesOf(one, index + 1, kind));
      const plan = await planDeltas({ folder, fields, merge_keys: keys, deltas: written });
      const found = await executePlan(plan, { columns: ['n', 'late'] }).objects();
      const expected = mergeOneByOne(deltas, keys).map(({ n, late }) => ({
        n: BigInt(n),
        late: late === null ? null : BigInt(late),
      }));
      expect(found).toEqual(expected);
    }),
    { numRuns: 5, ...(process.env.SEED && { seed: Number(process.env.SEED) }) },
  );
});
