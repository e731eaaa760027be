import type { SchemaField } from '@deltacat/contract';
import { makeData, Table, Utf8, Vector, vectorFromArray } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import type { FileStats } from './predicate/predicate.ts';
import { arrowType } from './schema/schema.ts';
import { mergeStats, tableStats } from './stats.ts';

function statsOf(type: string, values: unknown[]) {
  return tableStats(new Table({ a: vectorFromArray(values, arrowType(type)) })).a;
}

describe('the statistics of a column', () => {
  test.each<[string, unknown[], object]>([
    ['int32', [3, null, -1], { min: -1, max: 3, null_count: 1 }],
    ['int64', [1n, 2n ** 53n + 1n], { min: 1n, max: 2n ** 53n + 1n, null_count: 0 }],
    ['uint64', [2n ** 64n - 1n, 0n], { min: 0n, max: 2n ** 64n - 1n, null_count: 0 }],
    ['double', [1.5, Number.NaN, -2], { min: -2, max: 1.5, null_count: 0 }],
    ['double', [Number.NaN], { null_count: 0 }],
    ['double', [Number.POSITIVE_INFINITY, 1], { null_count: 0 }],
    ['halffloat', [1.5, -0.25], { min: -0.25, max: 1.5, null_count: 0 }],
    ['bool', [true, null], { min: true, max: true, null_count: 1 }],
    ['string', ['\u{1f916}', '\uff5e', null], { min: '\uff5e', max: '\u{1f916}', null_count: 1 }],
    ['string', ['x'.repeat(2000), 'a'], { min: 'a', max: `${'x'.repeat(1022)}y`, null_count: 0 }],
    [
      'string',
      [`${'é'.repeat(600)}a`, `${'é'.repeat(600)}b`],
      { min: 'é'.repeat(511), max: `${'é'.repeat(510)}ê`, null_count: 0 },
    ],
    ['string', ['\u{10ffff}'.repeat(300), 'a'], { null_count: 0 }],
    ['binary', [Uint8Array.of(1)], { null_count: 0 }],
    [
      'date32[day]',
      [new Date('2026-03-31'), new Date('1969-12-31')],
      { min: '1969-12-31', max: '2026-03-31', null_count: 0 },
    ],
    [
      'timestamp[ms, tz=UTC]',
      [Date.parse('2026-03-31T12:00:00.5Z')],
      { min: '2026-03-31T12:00:00.500000+00:00', max: '2026-03-31T12:00:00.500000+00:00', null_count: 0 },
    ],
    ['time64[us]', [1_000_001n], { min: '00:00:01.000001', max: '00:00:01.000001', null_count: 0 }],
    ['duration[ms]', [5n], { null_count: 0 }],
    ['list<item: int8>', [[1], null], { null_count: 1 }],
    ['dictionary<values=string, indices=int32, ordered=0>', ['b', null, 'a'], { min: 'a', max: 'b', null_count: 1 }],
    ['int32', [null, null], { null_count: 2 }],
    ['null', [null], { null_count: 1 }],
  ])('of %s are JSON', (type, values, expected) => {
    const stats = statsOf(type, values);
    expect({ ...stats, min: wide(stats?.min), max: wide(stats?.max) }).toEqual({
      min: undefined,
      max: undefined,
      ...Object.fromEntries(
        Object.entries(expected).map(([key, value]) => [key, key === 'null_count' ? value : wide(value)]),
      ),
    });
  });

  test('keep every digit of decimals', () => {
    const words = new Uint32Array(8);
    words.set([1250, 0, 0, 0]);
    words.set([-5 >>> 0, 0xffffffff, 0xffffffff, 0xffffffff], 4);
    const data = makeData({ type: arrowType('decimal128(38, 2)'), length: 2, nullCount: 0, data: words } as never);
    const table = new Table({ a: new Vector([data]) });
    expect(tableStats(table)).toEqual({ a: { min: '-0.05', max: '12.50', null_count: 0 } });
  });

  test('cover all chunks of a column, and the part of it that a slice shows', () => {
    const [one, two] = [vectorFromArray(['m', 'c'], new Utf8()), vectorFromArray(['z', null, 'a'], new Utf8())];
    const table = new Table({ a: one.concat(two) });
    expect(tableStats(table)).toEqual({ a: { min: 'a', max: 'z', null_count: 1 } });
    expect(tableStats(table.slice(1, 4))).toEqual({ a: { min: 'c', max: 'z', null_count: 1 } });
    const numbers = new Table({ a: vectorFromArray([9, null, 5, 7], arrowType('int32')) });
    expect(tableStats(numbers.slice(1, 4))).toEqual({ a: { min: 5, max: 7, null_count: 1 } });
  });
});

test('the statistics of several files are those of all their rows', () => {
  const fields: SchemaField[] = [
    { name: 'n', type: 'int64' },
    { name: 's', type: 'string' },
    { name: 'at', type: 'timestamp[us]' },
  ];
  const files: FileStats[] = [
    {
      record_count: 2,
      column_stats: { n: { min: 5, max: 9, null_count: 0 }, s: { min: 'b', max: 'c', null_count: 1 } },
    },
    { record_count: 2, column_stats: { n: { null_count: 2 }, s: { null_count: 0 } } },
    {
      record_count: 1,
      column_stats: { n: { min: -1, max: -1, null_count: 0 }, at: { min: '2026-03-31', max: '2026-04-01' } },
    },
  ];
  expect(mergeStats(files, fields)).toEqual({ n: { min: -1, max: 9, null_count: 2 }, s: {}, at: {} });
});

/** Whole numbers whatever their JavaScript type. */
function wide(value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
}
