import type { ColumnStats, SchemaField } from '@deltacat/contract';
import { expect, test } from 'vitest';
import { partitionOfFile } from './of-file.ts';

const FIELDS: SchemaField[] = [
  { name: 's', type: 'string' },
  { name: 'at', type: 'timestamp[us]' },
  { name: 'n', type: 'int64' },
  { name: 'x', type: 'double' },
];

function partition(keys: [string, string][], column_stats: Record<string, ColumnStats>, record_count = 3) {
  const scheme = { keys: keys.map(([column, transform]) => ({ key: [column], transform })) };
  return partitionOfFile(scheme, { fields: FIELDS, record_count, column_stats });
}

const one = (value: unknown): ColumnStats => ({ min: value, max: value, null_count: 0 });

test('a file whose columns hold one value is in the partition of that value', () => {
  expect(partition([['s', 'identity']], { s: one('a') })).toEqual(['a']);
  expect(
    partition(
      [
        ['n', 'truncate(10)'],
        ['s', 'identity'],
      ],
      { n: one(17), s: one('a') },
    ),
  ).toEqual([10, 'a']);
  expect(partition([['at', 'month']], { at: one('2026-03-31T10:00:00') })).toEqual([3]);
});

test('a file of nulls alone is in the partition of null', () => {
  expect(partition([['s', 'identity']], { s: { null_count: 3 } })).toEqual([null]);
});

test('statistics that do not prove one value prove no partition', () => {
  const unproven: ColumnStats[] = [
    { min: 'a', max: 'b', null_count: 0 },
    { min: 'a', max: 'a', null_count: 1 },
    { min: 'a', max: 'a' },
    { null_count: 0 },
    one('x'.repeat(33)),
  ];
  for (const s of unproven) expect(partition([['s', 'identity']], { s })).toBeNull();
  expect(partition([['s', 'identity']], {})).toBeNull();
  expect(partition([['s', 'identity']], { s: { null_count: 0 } }, 0)).toBeNull();
  expect(partition([['x', 'identity']], { x: one(1) })).toBeNull();
  expect(
    partition(
      [
        ['s', 'identity'],
        ['n', 'identity'],
      ],
      { s: one('a') },
    ),
  ).toBeNull();
});
