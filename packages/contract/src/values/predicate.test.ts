import { expect, test } from 'vitest';
import { PREDICATE_DEPTH_MAX, PREDICATE_NODES_MAX, parsePredicate, predicateColumns } from './predicate.ts';

const deep = (levels: number) => {
  let node: unknown = { eq: ['a', 1] };
  for (let level = 1; level < levels; level += 1) node = { not: node };
  return node;
};

test.each([
  [{ eq: ['a', 1] }],
  [{ in: ['a', [1, 'x', null]] }],
  [{ between: ['a', 2n ** 60n, 2] }],
  [{ and: [{ is_null: 'a' }, { not: { or: [{ lt: ['b', 1] }, { gte: ['b', 3] }] } }] }],
  [deep(PREDICATE_DEPTH_MAX)],
])('well-formed case %# is a predicate', (value) => {
  expect(parsePredicate(value)).toEqual({ predicate: value });
});

test.each([[{}], [null], [undefined]])('%j is no filter', (value) => {
  expect(parsePredicate(value)).toEqual({ predicate: null });
});

test.each([
  [{ nope: ['a', 1] }, 'unknown operator "nope"'],
  [{ constructor: ['a', 1] }, 'unknown operator "constructor"'],
  [{ eq: ['a'] }, 'expected ["column", value]'],
  [{ eq: ['a', 1], gt: ['a', 0] }, 'exactly one operator, got 2'],
  [{ eq: ['', 1] }, 'non-empty string'],
  [{ eq: ['a', { b: 1 }] }, 'expected a string, number, boolean or null'],
  [{ in: ['a', 3] }, 'expected ["column", [values]]'],
  [{ in: ['a', [[1]]] }, 'a list'],
  [{ and: [] }, 'two or more'],
  [{ or: [{ eq: ['a', 1] }] }, 'two or more'],
  [{ is_null: ['a'] }, 'takes a column name'],
  [{ not: 7 }, 'expected an object'],
  [[1, 2], 'expected an object with one operator, got a list'],
  ['text', 'expected an object'],
  [deep(PREDICATE_DEPTH_MAX + 1), 'nested deeper'],
  [deep(5_000), 'nested deeper'],
  [{ and: Array.from({ length: PREDICATE_NODES_MAX }, () => ({ eq: ['a', 1] })) }, 'nodes'],
])('%# is refused with its reason', (value, reason) => {
  expect(parsePredicate(value)).toEqual({ problem: expect.stringContaining(reason) });
});

test('each column is named once', () => {
  expect(predicateColumns({ and: [{ eq: ['a', 1] }, { not: { is_null: 'b' } }, { in: ['a', []] }] })).toEqual([
    'a',
    'b',
  ]);
});
