import type { PartitionScheme, PartitionValue, SchemaField } from '@deltacat/contract';
import { Table, vectorFromArray } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { arrowType } from '../schema/schema.ts';
import { checkPartitionScheme, partitionRows } from './partition.ts';

function scheme(...keys: [string | string[], string?][]): PartitionScheme {
  return { keys: keys.map(([key, transform]) => ({ key: [key].flat(), transform: transform ?? null })) };
}

const robots = new Table({
  robot: vectorFromArray(['b', 'a', null, 'b', 'a', null], arrowType('string')),
  step: vectorFromArray([1n, -15n, 7n, 3n, 15n, null], arrowType('int64')),
});

const plain = (table: Table, by: PartitionScheme | null) =>
  partitionRows(table, by).map(({ values, rows }) => ({ values, rows: [...rows] }));

describe('the rows of a table', () => {
  test('stay together without a scheme', () => {
    const all = [{ values: null, rows: [0, 1, 2, 3, 4, 5] }];
    expect(plain(robots, null)).toEqual(all);
    expect(plain(robots, { keys: [] })).toEqual(all);
  });

  test('are grouped by value in the order of their first row, null being a value', () => {
    expect(plain(robots, scheme(['robot']))).toEqual([
      { values: ['b'], rows: [0, 3] },
      { values: ['a'], rows: [1, 4] },
      { values: [null], rows: [2, 5] },
    ]);
  });

  test('are grouped by all keys together', () => {
    expect(plain(robots, scheme(['step', 'truncate(10)'], ['robot'])).map(({ values }) => values)).toEqual([
      [0, 'b'],
      [-10, 'a'],
      [0, null],
      [10, 'a'],
      [null, null],
    ]);
  });

  test('of a bucket of several columns are placed by the first, as the official writers place them', () => {
    const groups = plain(robots, scheme([['robot', 'step'], 'bucket(1000)']));
    expect(groups).toEqual(plain(robots, scheme(['robot', 'bucket(1000)'])));
    expect(groups.map(({ values }) => values)).toEqual([[598], [759], [null]]);
  });

  test('are none when the table is empty', () => {
    expect(partitionRows(robots.slice(0, 0), scheme(['robot']))).toEqual([]);
  });

  test('keep whole numbers beyond 2^53 apart', () => {
    const table = new Table({ id: vectorFromArray([2n ** 53n, 2n ** 53n + 1n], arrowType('int64')) });
    expect(plain(table, scheme(['id'])).map(({ values }) => values)).toEqual([[2n ** 53n], [2n ** 53n + 1n]]);
  });

  test('keep NaN apart from null', () => {
    const table = new Table({ x: vectorFromArray([Number.NaN, null, 1], arrowType('double')) });
    expect(plain(table, scheme(['x'])).map(({ values }) => values)).toEqual([['NaN'], [null], [1]]);
  });

  test('are refused when the table lacks the column', () => {
    expect(() => partitionRows(robots, scheme(['arm']))).toThrow(/"arm"/);
  });
});

describe('a partition scheme', () => {
  const fields: SchemaField[] = [
    { name: 'robot', type: 'string' },
    { name: 'day', type: 'date32[day]' },
    { name: 'at', type: 'timestamp[us, tz=Europe/Berlin]' },
    { name: 'lost', type: 'timestamp[us, tz=Mars/Olympus]' },
    { name: 'x', type: 'double' },
    { name: 'tags', type: 'list<item: string>' },
  ];

  test.each<[string | string[], string?]>([
    ['robot'],
    ['robot', 'truncate(2)'],
    [['robot', 'x'], 'bucket(8)'],
    ['day', 'month'],
    ['at', 'hour'],
    ['tags', 'void'],
  ])('applies to its columns: %s %s', (key, transform) => {
    expect(() => checkPartitionScheme(scheme([key, transform]), fields)).not.toThrow();
  });

  test.each<[string | string[], string?]>([
    ['arm'],
    ['tags'],
    ['robot', 'day'],
    ['day', 'hour'],
    ['x', 'truncate(2)'],
    ['lost', 'day'],
    ['robot', 'unknown'],
    [['robot', 'x']],
    ['robot', 'weekday'],
  ])('is refused when it does not apply: %s %s', (key, transform) => {
    const refused = expect.objectContaining({ code: 'invalid_schema' });
    expect(() => checkPartitionScheme(scheme([key, transform]), fields)).toThrow(refused);
  });
});

test('partition values are JSON', () => {
  const types: [string, unknown, PartitionValue][] = [
    ['bool', true, true],
    ['date32[day]', new Date('2026-03-31'), '2026-03-31'],
    ['timestamp[us]', Date.parse('2026-03-31T12:00:00.500Z'), '2026-03-31T12:00:00.500000'],
    ['timestamp[ms, tz=UTC]', Date.parse('2026-03-31T12:00:00Z'), '2026-03-31T12:00:00+00:00'],
    ['fixed_size_binary[2]', Uint8Array.of(255, 0), '/wA='],
  ];
  for (const [type, value, expected] of types) {
    const table = new Table({ a: vectorFromArray([value], arrowType(type)) });
    expect(partitionRows(table, scheme(['a'])), type).toMatchObject([{ values: [expected] }]);
  }
});
