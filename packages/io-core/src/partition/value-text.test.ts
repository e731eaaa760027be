import { expect, test } from 'vitest';
import { partitionValueTexts } from './value-text.ts';

const FIELDS = [
  { name: 'n', type: 'int64' },
  { name: 's', type: 'string' },
  { name: 'x', type: 'double' },
  { name: 'b', type: 'bool' },
  { name: 'd', type: 'date32[day]' },
  { name: 't', type: 'timestamp[us]' },
  { name: 'p', type: 'decimal128(9, 2)' },
];

const textOf = (column: string, value: string | number | bigint | boolean | null, transform = 'identity') =>
  partitionValueTexts({ keys: [{ key: [column], transform }] }, FIELDS)([value]);

test.each([
  ['n', [54, 54n, '54']],
  ['n', [null, 'None']],
  ['s', ['54', 54]],
  ['x', [1, 1.0, '1.0', 1n]],
  ['x', ['nan', 'NaN']],
  ['x', ['inf', 'Infinity']],
  ['b', [true, 'True', 'true']],
  ['d', ['2026-03-01', '2026-03-01']],
  ['t', ['2026-03-01T00:00:00', '2026-03-01 00:00:00']],
  ['p', ['1.50', '1.5', 1.5]],
] as const)('spellings of one value of %s are one (%#)', (column, spellings) => {
  expect(new Set(spellings.map((value) => textOf(column, value))).size).toBe(1);
});

test.each([
  ['n', [54, 55, -54, null, 'abc', 2n ** 63n - 1n, 2n ** 63n - 2n]],
  ['s', ['a', 'A', '', 'None', null, 'null']],
  ['x', [0.1, 1, 'nan', 'inf', '-inf', null]],
  ['b', [true, false, null]],
  ['t', ['2026-03-01T00:00:00', '2026-03-01T00:00:00.000001']],
  ['p', ['1.50', '1.51', '15']],
] as const)('different values of %s stay apart (%#)', (column, values) => {
  expect(new Set(values.map((value) => textOf(column, value))).size).toBe(values.length);
});

test('the values of a bucket and of a calendar component are whole numbers, whatever the column', () => {
  expect(textOf('s', '3', 'bucket(4)')).toBe(textOf('s', 3, 'bucket(4)'));
  expect(textOf('t', '12', 'month')).toBe(textOf('t', 12, 'month'));
});

test('values of several keys are told apart by their places', () => {
  const texts = partitionValueTexts({ keys: [{ key: ['s'] }, { key: ['n'] }] }, FIELDS);
  expect(texts(['a', 1])).toBe(texts(['a', '1']));
  expect(texts(['a', 1])).not.toBe(texts(['a,1', null]));
  expect([texts(['a']), texts(['a', 1, 2]), texts(null)]).toEqual([null, null, null]);
});
