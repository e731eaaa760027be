import type { ColumnStats, SchemaField } from '@deltacat/contract';
import { expect, test } from 'vitest';
import { carries, findMisfit } from './fit.ts';
import { arrowSchema, arrowType } from './schema.ts';

const TABLE: SchemaField[] = [
  { name: 'id', type: 'int64', nullable: false },
  { name: 'small', type: 'int32' },
  { name: 'v', type: 'string' },
];

function misfit(
  file: SchemaField[],
  options: { stats?: Record<string, ColumnStats>; required?: string[]; fields?: SchemaField[] } = {},
) {
  const columns = { schema: arrowSchema(file), column_stats: options.stats ?? null };
  return findMisfit(columns, { fields: options.fields ?? TABLE, required: options.required ?? null });
}

test('a file with the columns of its table fits, in any order and with nullable ones left out', () => {
  expect(misfit(TABLE)).toBeNull();
  expect(misfit([...TABLE].reverse())).toBeNull();
  expect(misfit([{ name: 'id', type: 'int64' }])).toBeNull();
});

test('a column that the table lacks, a missing one and nulls do not fit, and are named', () => {
  expect(misfit([...TABLE, { name: 'more', type: 'int64' }])).toMatchObject({ column: 'more' });
  expect(misfit([{ name: 'v', type: 'string' }])).toMatchObject({ column: 'id' });
  expect(misfit(TABLE, { stats: { id: { null_count: 2 } } })).toMatchObject({ column: 'id' });
  expect(misfit(TABLE, { stats: { v: { null_count: 2 } } })).toBeNull();
});

test('a column with a default for older rows may be left out', () => {
  const fields = [...TABLE, { name: 'new', type: 'int64', nullable: false, past_default: 0 }];
  expect(misfit(TABLE, { fields })).toBeNull();
});

test('a file of keys needs only its keys, and nothing else in it counts', () => {
  expect(misfit([{ name: 'v', type: 'string' }], { required: ['v'] })).toBeNull();
  expect(misfit(TABLE, { required: ['v'], stats: { id: { null_count: 1 } } })).toBeNull();
  expect(misfit([{ name: 'small', type: 'int32' }], { required: ['v'] })).toMatchObject({ column: 'v' });
});

test('a wider integer fits when its bounds say that the values do', () => {
  const file: SchemaField[] = [
    { name: 'id', type: 'int64' },
    { name: 'small', type: 'int64' },
  ];
  expect(misfit(file, { stats: { small: { min: -5, max: 7 } } })).toBeNull();
  expect(misfit(file, { stats: { small: { min: -5, max: 2 ** 40 } } })).toMatchObject({ column: 'small' });
  expect(misfit(file)?.reason).toContain('int64');
});

const CASES: [string, string, boolean][] = [
  ['int32', 'int64', true],
  ['uint32', 'int64', true],
  ['uint64', 'int64', false],
  ['int64', 'double', true],
  ['int64', 'decimal128(20, 0)', true],
  ['int64', 'decimal128(20, 2)', false],
  ['double', 'int64', false],
  ['float', 'double', true],
  ['double', 'float', true],
  ['decimal128(10, 2)', 'decimal128(12, 3)', true],
  ['decimal128(10, 2)', 'decimal128(10, 1)', false],
  ['string', 'large_string', true],
  ['string', 'int64', false],
  ['binary', 'string', false],
  ['fixed_size_binary[4]', 'binary', true],
  ['date32[day]', 'timestamp[us]', true],
  ['timestamp[ms]', 'timestamp[us]', true],
  ['timestamp[ns]', 'timestamp[us]', false],
  ['timestamp[us]', 'timestamp[us, tz=UTC]', false],
  ['timestamp[us, tz=Europe/Paris]', 'timestamp[us, tz=UTC]', true],
  ['list<item: int32>', 'list<element: int64>', true],
  ['list<item: string>', 'list<item: int64>', false],
  ['struct<x: int32>', 'struct<x: int64, y: string>', true],
  ['struct<x: int32, z: bool>', 'struct<x: int64, y: string>', false],
  ['map<string, int32>', 'map<string, int64>', true],
  ['null', 'string', true],
  ['bool', 'int64', false],
];

test.each(CASES)('%s carried by %s: %s', (from, to, carried) => {
  expect(carries(arrowType(from), arrowType(to))).toBe(carried);
});

test('what Parquet stores in another type than the table has fits it', () => {
  expect(carries(arrowType('timestamp[ms]'), arrowType('timestamp[s]'))).toBe(true);
  expect(carries(arrowType('time32[ms]'), arrowType('time32[s]'))).toBe(true);
  expect(carries(arrowType('list<item: int64>'), arrowType('fixed_size_list<item: int64>[3]'))).toBe(true);
  expect(carries(arrowType('timestamp[us]'), arrowType('timestamp[s]'))).toBe(false);
});

test('a column that is validated takes its very type and no other, in whatever layout a file stores it', () => {
  const strict = (type: string): SchemaField[] => [{ name: 'v', type, consistency_type: 'validate' }];
  const fits = (file: string, table: string) => misfit([{ name: 'v', type: file }], { fields: strict(table) });
  for (const [file, table] of [
    ['int64', 'int64'],
    ['string', 'large_string'],
    ['timestamp[ms]', 'timestamp[s]'],
    ['dictionary<values=string, indices=int32, ordered=0>', 'string'],
  ] as const) {
    expect(fits(file, table), file).toBeNull();
  }
  for (const [file, table] of [
    ['int32', 'int64'],
    ['float', 'double'],
    ['double', 'float'],
    ['string', 'binary'],
    ['list<float>', 'list<double>'],
    ['null', 'int64'],
  ] as const) {
    expect(fits(file, table)?.reason, file).toContain(
      `nothing but ${table.replace('<', '<item: ').replace('item: item', 'item')}`,
    );
  }
});

test('of rows to delete only the keys are validated', () => {
  const fields: SchemaField[] = [
    { name: 'id', type: 'int64', consistency_type: 'validate' },
    { name: 'v', type: 'int64', consistency_type: 'validate' },
  ];
  const file: SchemaField[] = [
    { name: 'id', type: 'int64' },
    { name: 'v', type: 'null' },
  ];
  expect(misfit(file, { fields, required: ['id'] })).toBeNull();
  expect(misfit(file, { fields })).toMatchObject({ column: 'v' });
});

test('whole numbers fit a column of floats that holds them exactly, as their bounds say', () => {
  const fields: SchemaField[] = [{ name: 'v', type: 'double' }];
  const file: SchemaField[] = [{ name: 'v', type: 'int64' }];
  const bounded = (min: number | bigint, max: number | bigint) => misfit(file, { fields, stats: { v: { min, max } } });
  expect(misfit([{ name: 'v', type: 'int32' }], { fields })).toBeNull();
  expect(bounded(-5, 2n ** 53n)).toBeNull();
  expect(bounded(-5, 2n ** 53n + 1n)).toMatchObject({ column: 'v' });
  expect(misfit(file, { fields })).toMatchObject({ column: 'v' });
});
