import type { SchemaField } from '@deltacat/contract';
import type * as arrow from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { coerceRows } from './coerce.ts';
import { Moment } from './columns/encode.ts';
import { readColumn } from './columns/read.ts';
import { arrowType, typeAlias } from './schema/schema.ts';

const field = (type: string, more: Partial<SchemaField> = {}): SchemaField => ({ name: 'c', type, ...more });

/** The values of the only column, times as counts of their unit. */
function valuesOf(table: arrow.Table): unknown[] {
  const vector = table.getChildAt(0) ?? expect.unreachable();
  const read = readColumn(vector);
  return Array.from({ length: vector.length }, (_, row) => {
    const value = read(row);
    return value instanceof Moment ? value.ns : value;
  });
}

function coerceOne(type: string, value: unknown, more: Partial<SchemaField> = {}): unknown {
  const table = coerceRows([{ c: value }], [field(type, more)]);
  expect(typeAlias(table.schema.fields[0]?.type ?? expect.unreachable())).toBe(typeAlias(arrowType(type)));
  return valuesOf(table)[0];
}

describe('plain values become the type of their column', () => {
  test.each([
    ['int8', -128, -128],
    ['int32', 7n, 7],
    ['int64', 2n ** 63n - 1n, 2n ** 63n - 1n],
    ['int64', '9007199254740993', 9007199254740993n],
    ['uint64', 2n ** 64n - 1n, 2n ** 64n - 1n],
    ['int16', 3.0, 3],
    ['int32', true, 1],
    ['float', 0.5, 0.5],
    ['halffloat', -1.5, -1.5],
    ['double', '1e3', 1000],
    ['double', 'NaN', Number.NaN],
    ['double', 3n, 3],
    ['bool', true, true],
    ['bool', 0, false],
    ['bool', 'true', true],
    ['string', 'é😀', 'é😀'],
    ['string', 12, '12'],
    ['large_string', false, 'false'],
    ['binary', 'AP8=', new Uint8Array([0, 255])],
    ['binary', new Uint8Array([1]), new Uint8Array([1])],
    ['fixed_size_binary[2]', 'AP8=', new Uint8Array([0, 255])],
    ['date32[day]', '1969-12-31', -86_400n * 10n ** 9n],
    ['date32[day]', new Date(86_400_000), 86_400n * 10n ** 9n],
    ['timestamp[us]', '2024-01-02T03:04:05.000001', 1704164645000001n * 1000n],
    ['timestamp[s]', '1970-01-01T00:00:09Z', 9n * 10n ** 9n],
    ['timestamp[ns, tz=UTC]', '1970-01-01T02:00:00.000000001+02:00', 1n],
    ['timestamp[ms]', 5, 5n * 10n ** 6n],
    ['timestamp[us, tz=Europe/Berlin]', new Date(1), 10n ** 6n],
    ['time64[us]', '00:00:01.5', 1_500_000_000n],
    ['duration[ms]', 7, 7n * 10n ** 6n],
    ['decimal128(5, 2)', '1.5', { digits: 150n, scale: 2 }],
    ['decimal128(5, 2)', -0.25, { digits: -25n, scale: 2 }],
    ['list<item: int64>', [1, null], [1n, null]],
    ['list<item: float>', new Float32Array([1, 2]), [1, 2]],
    ['fixed_size_list<item: int32>[2]', [1, 2], [1, 2]],
    ['struct<x: int32, y: string>', { x: 1 }, { x: 1, y: null }],
    ['map<string, int32>', { a: 1 }, [{ key: 'a', value: 1 }]],
    ['map<string, int32>', new Map([['a', 1]]), [{ key: 'a', value: 1 }]],
    ['dictionary<values=string, indices=int32, ordered=0>', 'x', 'x'],
    ['int32', null, null],
  ])('%s from %o', (type, value, expected) => {
    expect(coerceOne(type, value)).toEqual(expected);
  });
});

describe('a value that would be changed is refused, naming column and value', () => {
  test.each([
    ['int8', 128, '128'],
    ['uint32', -1, '-1'],
    ['int32', 1.5, '1.5'],
    ['int64', 2n ** 63n, '9223372036854775808'],
    ['int64', 'one', '"one"'],
    ['double', 'one', '"one"'],
    ['bool', 2, '2'],
    ['string', { a: 1 }, 'object'],
    ['date32[day]', '2024-02-30', '2024-02-30'],
    ['timestamp[s]', '1970-01-01T00:00:00.5', '00:00.5'],
    ['time64[us]', '25:00:00', '25:00:00'],
    ['decimal128(5, 2)', '1.234', '1.234'],
    ['decimal128(3, 2)', '12.34', '12.34'],
    ['fixed_size_binary[2]', 'AA==', 'AA=='],
    ['fixed_size_list<item: int32>[2]', [1], 'Array'],
    ['list<item: int32>', 5, '5'],
    ['list<item: int8>', [1, 300], '300'],
    ['struct<x: int32>', [1], 'Array'],
  ])('%s from %o', (type, value, shown) => {
    const refused = expect.objectContaining({
      code: 'schema_mismatch',
      message: expect.stringMatching(new RegExp(`"c.*${shown.replace(/[.*+?^$()[\]]/g, '\\$&')}`)),
    });
    expect(() => coerceOne(type, value)).toThrowError(refused);
  });
});

describe('an Arrow column is cast where nothing is lost', () => {
  const column = (type: string, values: unknown[]) => coerceRows({ c: values }, [field(type)]);
  test.each([
    ['int32', [1, null], 'int64', [1n, null]],
    ['int64', [1n], 'double', [1]],
    ['double', [2], 'int8', [2]],
    ['string', ['7'], 'int32', [7]],
    ['int64', [7n], 'string', ['7']],
    ['string', ['AP8='], 'binary', [new TextEncoder().encode('AP8=')]],
    ['timestamp[ms]', [5], 'timestamp[ns]', [5_000_000n]],
    ['date32[day]', ['1970-01-02'], 'timestamp[us]', [86_400n * 10n ** 9n]],
    ['string', ['1970-01-02'], 'date32[day]', [86_400n * 10n ** 9n]],
    ['decimal128(5, 2)', ['1.50'], 'decimal128(9, 1)', [{ digits: 15n, scale: 1 }]],
    ['list<item: int32>', [[1]], 'list<item: int64>', [[1n]]],
    ['struct<x: int32>', [{ x: 1 }], 'struct<x: int64, y: string>', [{ x: 1n, y: null }]],
    ['dictionary<values=string, indices=int32, ordered=0>', ['a', 'b'], 'string', ['a', 'b']],
  ])('%s %o to %s', (...[from, values, to, expected]) => {
    expect(valuesOf(coerceRows(column(from, values), [field(to)]))).toEqual(expected);
  });

  test.each([
    ['int64', [2n ** 40n], 'int32'],
    ['double', [0.5], 'int64'],
    ['timestamp[us]', [1], 'timestamp[ms]'],
    ['time64[us]', [1], 'timestamp[us]'],
    ['decimal128(5, 2)', ['1.55'], 'decimal128(9, 1)'],
  ])('%s %o not to %s', (from, values, to) => {
    expect(() => coerceRows(column(from, values), [field(to)])).toThrowError(
      expect.objectContaining({ code: 'schema_mismatch', message: expect.stringContaining('"c"') }),
    );
  });
});

describe('columns are matched with the schema', () => {
  const FIELDS = [
    field('int64', { nullable: false }),
    { name: 'd', type: 'string', future_default: 'none' },
    { name: 'e', type: 'bool' },
  ];

  test('in its order, with defaults and nulls for what is missing', () => {
    const table = coerceRows(
      [
        { e: true, c: 1 },
        { c: 2, d: null },
      ],
      FIELDS,
    );
    expect(table.schema.fields.map(({ name, nullable }) => [name, nullable])).toEqual([
      ['c', false],
      ['d', true],
      ['e', true],
    ]);
    expect(table.toArray().map((row) => row.toJSON())).toEqual([
      { c: 1n, d: 'none', e: true },
      { c: 2n, d: null, e: null },
    ]);
    const columns = coerceRows({ c: [1, 2] }, FIELDS);
    expect(columns.getChild('d')?.toArray()).toEqual(['none', 'none']);
  });

  test.each([
    ['a missing column that must not be null', [{ d: 'x' }], '"c"'],
    ['a null in such a column', [{ c: 1 }, { c: null }], 'row 1'],
    ['a column that the table does not have', [{ c: 1, z: 1 }], '"z"'],
  ])('%s is refused', (_name, rows, shown) => {
    expect(() => coerceRows(rows, FIELDS)).toThrowError(
      expect.objectContaining({ code: 'schema_mismatch', message: expect.stringContaining(shown) }),
    );
  });

  test('an Arrow column with nulls is refused where they must not be', () => {
    const table = coerceRows({ c: [1, null] }, [field('int64')]);
    expect(() => coerceRows(table, FIELDS)).toThrowError(expect.objectContaining({ code: 'schema_mismatch' }));
  });

  test('new columns are appended, nullable, where the schema grows by itself', () => {
    const table = coerceRows([{ z: 1.5, c: 1 }], FIELDS, { schema_evolution_mode: 'SchemaEvolutionMode.AUTO' });
    expect(table.schema.fields.map(({ name, type, nullable }) => [name, typeAlias(type), nullable]).at(-1)).toEqual([
      'z',
      'double',
      true,
    ]);
  });
});

describe('a validated column takes its very type', () => {
  const fields = [field('int64', { consistency_type: 'validate' })];
  test('as Arrow and as plain values', () => {
    expect(valuesOf(coerceRows([{ c: 1 }], fields))).toEqual([1n]);
    expect(valuesOf(coerceRows(coerceRows([{ c: 1 }], [field('int64')]), fields))).toEqual([1n]);
  });
  test('and nothing that would have to be converted', () => {
    const refused = expect.objectContaining({ code: 'schema_mismatch' });
    expect(() => coerceRows(coerceRows([{ c: 1 }], [field('int32')]), fields)).toThrowError(refused);
    expect(() => coerceRows([{ c: '1' }], fields)).toThrowError(refused);
    expect(() => coerceRows([{ c: '1' }], [field('int64')], { schema_consistency_type: 'VALIDATE' })).toThrowError(
      refused,
    );
  });
});
