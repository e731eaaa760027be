import { canonicalJson, type PartitionScheme, type PartitionValue, type Predicate } from '@deltacat/contract';
import { partitionFilter } from '@deltacat/io-core';
import { expect, test } from 'vitest';
import { narrowPartitions } from './narrow.ts';

const FIELDS = [
  { name: 'a', type: 'int64' },
  { name: 'b', type: 'string' },
  { name: 'd', type: 'date32[day]' },
  { name: 'x', type: 'double' },
];
const SCHEME: PartitionScheme = {
  id: 's',
  keys: [{ key: ['a'] }, { key: ['b'], transform: 'bucket(4)' }, { key: ['d'], transform: 'month' }],
};

const cases: [string, Predicate, (string[] | null)[]][] = [
  ['equality with an identity key', { eq: ['a', 7] }, [['7', '"7"'], null, null]],
  ['a list of values', { in: ['a', [1, null, 2]] }, [['1', '"1"', '2', '"2"'], null, null]],
  ['a range of an identity key', { gt: ['a', 7] }, [null, null, null]],
  ['equality in an alternative', { or: [{ eq: ['a', 7] }, { eq: ['x', 1.5] }] }, [null, null, null]],
  ['a value that no integer has', { eq: ['a', 7.5] }, [null, null, null]],
  ['the month of a date', { eq: ['d', '2026-03-31'] }, [null, null, ['3', '"3"']]],
];

test.each(cases)('%s is looked up where its text is certain', (_what, predicate, expected) => {
  const found = narrowPartitions(predicate, SCHEME, FIELDS);
  expect([found?.value_1 ?? null, found?.value_2 ?? null, found?.value_3 ?? null]).toEqual(expected);
});

test('a bucket is looked up by its number', () => {
  const found = narrowPartitions({ eq: ['b', 'apple'] }, SCHEME, FIELDS);
  expect(found?.value_2).toHaveLength(2);
  expect(found?.value_1).toBeNull();
});

test('no partition is passed over that the exact check would keep', () => {
  const leaves: Predicate[] = [
    { eq: ['a', 1] },
    { in: ['a', [0, 2]] },
    { neq: ['a', 1] },
    { is_null: 'a' },
    { eq: ['b', 'apple'] },
    { in: ['b', ['pear', 'plum', null]] },
    { is_null: 'b' },
    { eq: ['d', '2026-01-31'] },
    { gte: ['d', '2026-02-01'] },
    { eq: ['x', 0.5] },
    { eq: ['a', null] },
  ];
  const pairs = leaves.flatMap((one) => leaves.map((other) => [one, other] as const));
  const predicates = [
    ...leaves,
    ...leaves.map((leaf): Predicate => ({ not: leaf })),
    ...pairs.flatMap(([one, other]): Predicate[] => [{ and: [one, other] }, { or: [one, { not: other }] }]),
  ];
  const domain: PartitionValue[][] = [
    [null, 0, 1, 2, 3],
    [null, 0, 1, 2, 3],
    [null, 1, 2, 12],
  ];
  const tuples = domain.reduce<PartitionValue[][]>(
    (found, values) => found.flatMap((tuple) => values.map((value) => [...tuple, value])),
    [[]],
  );
  for (const predicate of predicates) {
    const wanted = narrowPartitions(predicate, SCHEME, FIELDS);
    const texts = [wanted?.value_1 ?? null, wanted?.value_2 ?? null, wanted?.value_3 ?? null];
    const mayHold = partitionFilter(predicate, SCHEME, FIELDS);
    const passedOver = tuples.filter(
      (tuple) => mayHold(tuple) && !tuple.every((value, index) => texts[index]?.includes(canonicalJson(value)) ?? true),
    );
    expect(passedOver, JSON.stringify(predicate)).toEqual([]);
  }
});
