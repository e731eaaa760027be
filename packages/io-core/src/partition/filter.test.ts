import type { Literal, PartitionScheme, Predicate, SchemaField } from '@deltacat/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bindPredicate, matchesRow } from '../predicate/predicate.ts';
import { arrowType } from '../schema/schema.ts';
import { readScalar, scalarKind } from '../values/scalar.ts';
import { mightMatchPartition, partitionFilter } from './filter.ts';
import { compileTransform, parseTransform } from './transform.ts';

/** Columns with values that meet at the edges of their partitions, literals beyond them, and transforms to try. */
const COLUMNS: Record<string, { type: string; values: Literal[]; literals: Literal[]; transforms: string[] }> = {
  step: {
    type: 'int64',
    values: [-20, -15, -11, -10, -9, -1, 0, 1, 9, 10, 15, 2n ** 60n, -(2n ** 60n)],
    literals: [1.5, -10.5, 1e300],
    transforms: ['identity', 'truncate(10)', 'bucket(3)', 'bucket(3, iceberg)', 'void'],
  },
  word: {
    type: 'string',
    values: ['', 'a', 'ab', 'aba', 'abz', 'ac', 'b', '\ud7ff', '\ue000', '\u{10ffff}', '\u{10ffff}x', 'é'],
    literals: ['aa', 'abc', '\u{10ffff}\u{10ffff}'],
    transforms: ['identity', 'truncate(1)', 'truncate(2)', 'bucket(3)', 'bucket(3, iceberg)'],
  },
  day: {
    type: 'date32[day]',
    values: ['1969-12-31', '1970-01-01', '2025-12-31', '2026-01-01', '2026-03-31', '0000-01-01'],
    literals: ['2026-02-28', 0, 5_000_000_000_000],
    transforms: ['identity', 'year', 'month', 'day', 'bucket(3)'],
  },
  at: {
    type: 'timestamp[us]',
    values: ['1969-12-31T23:59:59.999999', '2025-12-31T23:59:59.999999', '2026-01-01T00:00:00', '2026-03-31T12:30:00'],
    literals: ['2026-01-01', '2025-12-31T23:59:59.9999999', '2026-01-01T00:00:00+14:00', 10n ** 30n],
    transforms: ['identity', 'year', 'month', 'day', 'hour', 'bucket(3)'],
  },
  local: {
    type: 'timestamp[us, tz=Pacific/Kiritimati]',
    values: ['2025-12-31T10:00:00', '2025-12-31T09:59:59.999999', '2026-01-01T00:00:00', '2026-12-31T10:00:00'],
    literals: ['2026-01-01T00:00:00+14:00'],
    transforms: ['identity', 'year', 'month', 'day', 'hour', 'bucket(3)'],
  },
  money: {
    type: 'decimal128(10, 2)',
    values: ['0.00', '-0.01', '12.50', '12.51'],
    literals: ['12.5', 12.5, '12.505', 0],
    transforms: ['identity', 'bucket(3)'],
  },
  real: { type: 'double', values: [0, -0, 1.5, -2], literals: [1n], transforms: ['identity', 'bucket(3)'] },
  flag: { type: 'bool', values: [true, false], literals: [], transforms: ['identity', 'bucket(2)'] },
};

const FIELDS: SchemaField[] = Object.entries(COLUMNS).map(([name, { type }]) => ({ name, type }));

const column = fc.constantFrom(...Object.entries(COLUMNS));

const row = fc.record(
  Object.fromEntries(
    Object.entries(COLUMNS).map(([name, { values }]) => [name, fc.option(fc.constantFrom(...values))]),
  ),
);

const scheme: fc.Arbitrary<PartitionScheme> = fc
  .array(
    column.chain(([name, { transforms }]) =>
      fc.constantFrom(...transforms).map((transform) => ({ key: [name], transform })),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((keys) => ({ keys }));

const leaf: fc.Arbitrary<Predicate> = column.chain(([name, { values, literals }]) => {
  const literal = fc.option(fc.constantFrom(...values, ...literals), { freq: 9 });
  return fc.oneof(
    ...(['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const).map((op) =>
      literal.map((value) => ({ [op]: [name, value] }) as unknown as Predicate),
    ),
    fc.array(literal, { maxLength: 3 }).map((listed) => ({ in: [name, listed] }) satisfies Predicate),
    fc.tuple(literal, literal).map(([low, high]) => ({ between: [name, low, high] }) satisfies Predicate),
    fc.constant({ is_null: name } satisfies Predicate),
  );
});

const { node: predicate } = fc.letrec<{ node: Predicate }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    tie('node').map((not) => ({ not })),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((or) => ({ or })),
  ),
}));

function partitionValues(one: Record<string, Literal>, { keys }: PartitionScheme) {
  return keys.map(({ key, transform }) => {
    const [name = ''] = key;
    const kind = scalarKind(arrowType(COLUMNS[name]?.type ?? ''));
    if (kind === null) throw new Error(`${name} does not compare`);
    const value = one[name] ?? null;
    const scalar = value === null ? null : (readScalar(kind, value) ?? null);
    return compileTransform(parseTransform(transform), [kind])([scalar]);
  });
}

test('the partition of a row that matches is never dropped', () => {
  fc.assert(
    fc.property(row, scheme, predicate, (one, by, filter) => {
      fc.pre(matchesRow(bindPredicate(filter, FIELDS), (name) => one[name]) === true);
      const values = partitionValues(one, by);
      expect(mightMatchPartition(filter, by, { values, fields: FIELDS })).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

const cases: [string, string, Predicate, (string | number | boolean | null)[], boolean][] = [
  ['word', 'identity', { eq: ['word', 'a'] }, ['b'], false],
  ['word', 'identity', { not: { eq: ['word', 'a'] } }, ['a'], false],
  ['word', 'identity', { is_null: 'word' }, ['a'], false],
  ['word', 'identity', { not: { is_null: 'word' } }, [null], false],
  ['word', 'identity', { neq: ['word', 'a'] }, [null], false],
  ['word', 'identity', { in: ['word', ['a', null]] }, [null], true],
  ['word', 'identity', { in: ['word', ['a', null]] }, ['b'], false],
  ['word', 'identity', { not: { in: ['word', ['a']] } }, [null], true],
  ['word', 'bucket(8)', { eq: ['word', 'a'] }, [7], true],
  ['word', 'bucket(8)', { eq: ['word', 'a'] }, [6], false],
  ['word', 'bucket(8)', { in: ['word', ['a', 'c']] }, [5], false],
  ['word', 'bucket(8)', { gt: ['word', 'a'] }, [0], true],
  ['word', 'truncate(2)', { eq: ['word', 'abc'] }, ['ab'], true],
  ['word', 'truncate(2)', { gte: ['word', 'ac'] }, ['ab'], true],
  ['word', 'truncate(2)', { gt: ['word', 'ac'] }, ['ab'], false],
  ['word', 'truncate(2)', { gt: ['word', 'a'] }, ['a'], false],
  ['step', 'truncate(10)', { eq: ['step', -15] }, [-10], true],
  ['step', 'truncate(10)', { eq: ['step', -15] }, [-20], true],
  ['step', 'truncate(10)', { eq: ['step', -15] }, [0], false],
  ['step', 'truncate(10)', { lt: ['step', 10] }, [10], false],
  ['day', 'year', { lt: ['day', '2026-01-01'] }, [2026], false],
  ['day', 'year', { eq: ['day', '2026-03-31'] }, [2026], true],
  ['day', 'day', { eq: ['day', '2026-03-31'] }, [31], true],
  ['day', 'day', { eq: ['day', '2026-03-31'] }, [30], false],
  ['day', 'day', { gt: ['day', '2026-03-31'] }, [1], true],
  ['step', 'void', { eq: ['step', 1] }, [null], true],
];

test.each(cases)('%s by %s: %j in %j is %s', (...[name, transform, filter, values, kept]) => {
  const by = { keys: [{ key: [name], transform }] };
  expect(mightMatchPartition(filter, by, { values, fields: FIELDS })).toBe(kept);
});

test('year, month and day together leave the partition of one date', () => {
  const keys = ['year', 'month', 'day'].map((transform) => ({ key: ['day'], transform }));
  const filter = partitionFilter({ eq: ['day', '2026-03-31'] }, { keys }, FIELDS);
  expect([filter([2026, 3, 31]), filter([2026, 3, 30]), filter([2026, 4, 31]), filter([2025, 3, 31])]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test('partitions of another scheme, and of none, are kept', () => {
  const filter = partitionFilter({ eq: ['word', 'a'] }, { keys: [{ key: ['word'] }] }, FIELDS);
  expect([filter(null), filter(['x', 'y']), filter([])]).toEqual([true, true, true]);
});

test('an unknown column is told before any partition is looked at', () => {
  const filter = () => partitionFilter({ eq: ['arm', 1] }, { keys: [{ key: ['word'] }] }, FIELDS);
  expect(filter).toThrow(expect.objectContaining({ code: 'unknown_column' }));
});
