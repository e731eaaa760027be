import type { Literal, Predicate, SchemaField } from '@deltacat/contract';
import { describe, expect, test } from 'vitest';
import { bindPredicate, conjunctsOver, type FileStats, matchesRow, mightMatch } from './predicate.ts';

const FIELDS: SchemaField[] = [
  { name: 'n', type: 'int64' },
  { name: 'x', type: 'double' },
  { name: 's', type: 'string' },
  { name: 'flag', type: 'bool' },
  { name: 'at', type: 'timestamp[us]' },
  { name: 'fine', type: 'timestamp[ns]' },
  { name: 'day', type: 'date32[day]' },
  { name: 'money', type: 'decimal128(10, 2)' },
  { name: 'uuid', type: 'fixed_size_binary[16]' },
  { name: 'blob', type: 'binary' },
  { name: 'kind', type: 'dictionary<values=string, indices=int32, ordered=0>' },
  { name: 'tags', type: 'list<item: string>' },
  { name: 'n2', type: 'int64' },
];

function truth(predicate: Predicate, row: Record<string, unknown>): boolean | null {
  return matchesRow(bindPredicate(predicate, FIELDS), (column) => row[column]);
}

function kept(predicate: Predicate, stats: FileStats): boolean {
  return mightMatch(bindPredicate(predicate, FIELDS), stats);
}

describe('a row', () => {
  test.each<[Predicate, boolean | null]>([
    [{ eq: ['n', 1] }, null],
    [{ neq: ['n', 1] }, null],
    [{ not: { eq: ['n', 1] } }, null],
    [{ between: ['n', 0, 9] }, null],
    [{ is_null: 'n' }, true],
    [{ not: { is_null: 'n' } }, false],
    [{ and: [{ eq: ['n', 1] }, { eq: ['s', 'b'] }] }, false],
    [{ or: [{ eq: ['n', 1] }, { eq: ['s', 'a'] }] }, true],
    [{ or: [{ eq: ['n', 1] }, { eq: ['s', 'b'] }] }, null],
  ])('with a null is neither one nor the other: %j is %s', (predicate, expected) => {
    expect(truth(predicate, { n: null, s: 'a' })).toBe(expected);
    expect(truth(predicate, { s: 'a' }), 'absent is null').toBe(expected);
  });

  test.each<[Predicate, boolean | null]>([
    [{ eq: ['n', null] }, null],
    [{ not: { eq: ['n', null] } }, null],
    [{ in: ['n', [1, null]] }, true],
    [{ in: ['n', [2, null]] }, false],
    [{ not: { in: ['n', [2, null]] } }, true],
    [{ in: ['n', []] }, false],
  ])('is compared with null as with something unknown, except in lists: %j is %s', (predicate, expected) => {
    expect(truth(predicate, { n: 1n })).toBe(expected);
  });

  test.each<[Predicate, boolean]>([
    [{ in: ['n', [1, null]] }, true],
    [{ in: ['n', [null]] }, true],
    [{ in: ['n', [1]] }, false],
    [{ in: ['n', []] }, false],
    [{ not: { in: ['n', [1]] } }, true],
    [{ not: { in: ['n', [1, null]] } }, false],
  ])('with a null is in the lists that name null, as for Arrow: %j is %s', (predicate, expected) => {
    expect(truth(predicate, { n: null })).toBe(expected);
  });

  test('keeps integers beyond 2^53 apart', () => {
    expect(truth({ eq: ['n', 9007199254740993n] }, { n: 9007199254740993n })).toBe(true);
    expect(truth({ eq: ['n', 9007199254740993n] }, { n: 9007199254740992n })).toBe(false);
    expect(truth({ eq: ['n', 1.5] }, { n: 1n })).toBe(false);
    expect(truth({ lt: ['n', 1.5] }, { n: 1n })).toBe(true);
  });

  test('orders texts by their characters, not by their UTF-16 units', () => {
    expect(truth({ gt: ['s', '\uff5e'] }, { s: '\u{1f916}' })).toBe(true);
    expect(truth({ lt: ['s', 'a'] }, { s: 'B' })).toBe(true);
  });

  test('compares times in whatever form they come', () => {
    const noon = { at: '2026-03-31T12:00:00', day: '2026-03-31' };
    expect(truth({ eq: ['at', '2026-03-31T14:00:00+02:00'] }, noon)).toBe(true);
    expect(truth({ eq: ['at', 1774958400000000n] }, noon)).toBe(true);
    expect(truth({ eq: ['at', '2026-03-31 12:00'] }, { at: new Date('2026-03-31T12:00:00Z') })).toBe(true);
    expect(truth({ gt: ['at', '2026-03-31'] }, noon)).toBe(true);
    expect(truth({ eq: ['day', 20543] }, noon)).toBe(true);
  });

  test('compares decimals, bytes and dictionary values by value', () => {
    expect(truth({ eq: ['money', 12.5] }, { money: '12.50' })).toBe(true);
    expect(truth({ gt: ['money', '12.499'] }, { money: '12.50' })).toBe(true);
    const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    expect(truth({ eq: ['uuid', '00112233-4455-6677-8899-aabbccddeeff'] }, { uuid })).toBe(true);
    expect(truth({ gt: ['blob', 'AA=='] }, { blob: Uint8Array.of(0, 0) })).toBe(true);
    expect(truth({ eq: ['kind', 'arm'] }, { kind: 'arm' })).toBe(true);
  });

  test('whose value is of another type is an error, not a mismatch', () => {
    const wrong = () => truth({ eq: ['n', 1] }, { n: 'one' });
    expect(wrong).toThrow(expect.objectContaining({ code: 'schema_mismatch' }));
  });
});

describe('a literal', () => {
  test.each<[string, Literal]>([
    ['n', '1'],
    ['n', true],
    ['x', '1.5'],
    ['x', Number.POSITIVE_INFINITY],
    ['x', Number.NaN],
    ['s', 1],
    ['s', '\ud800'],
    ['flag', 1],
    ['flag', 'true'],
    ['at', 'noon'],
    ['at', '2026-02-30'],
    ['at', '2026-03-31T25:00:00'],
    ['at', 1.5],
    ['day', '2026-03-31T12:00:00'],
    ['money', 'much'],
    ['money', '1e99999'],
    ['blob', 'abc'],
    ['tags', 'a'],
  ])('that is no value of its column is refused: %s, %s', (column, literal) => {
    const refused = expect.objectContaining({ code: 'invalid_predicate' });
    expect(() => bindPredicate({ eq: [column, literal] }, FIELDS)).toThrow(refused);
    expect(() => bindPredicate({ in: [column, [literal]] }, FIELDS)).toThrow(refused);
    expect(() => bindPredicate({ not: { between: [column, null, literal] } }, FIELDS)).toThrow(refused);
  });

  test('of a column that nobody knows is refused, also in is_null', () => {
    const refused = expect.objectContaining({ code: 'unknown_column' });
    expect(() => bindPredicate({ eq: ['N', 1] }, FIELDS)).toThrow(refused);
    expect(() => bindPredicate({ is_null: 'missing' }, FIELDS)).toThrow(refused);
  });

  test('stays as it was written in the bound predicate', () => {
    const predicate: Predicate = { eq: ['at', '2026-03-31T14:00:00+02:00'] };
    const bound = bindPredicate(predicate, FIELDS);
    expect(JSON.parse(JSON.stringify(bound))).toEqual(predicate);
    expect(bindPredicate(bound, FIELDS)).toEqual(bound);
  });
});

describe('a file', () => {
  const file: FileStats = { record_count: 10, column_stats: { n: { min: 5, max: 9, null_count: 0 } } };

  test.each<[Predicate, boolean]>([
    [{ eq: ['n', 4] }, false],
    [{ eq: ['n', 5] }, true],
    [{ gt: ['n', 9] }, false],
    [{ gte: ['n', 9] }, true],
    [{ lt: ['n', 5] }, false],
    [{ lte: ['n', 5] }, true],
    [{ between: ['n', 10, 20] }, false],
    [{ between: ['n', 0, 4] }, false],
    [{ between: ['n', 6, 6] }, true],
    [{ in: ['n', [1, 4, 10]] }, false],
    [{ in: ['n', [1, 7]] }, true],
    [{ in: ['n', []] }, false],
    [{ eq: ['n', null] }, false],
    [{ is_null: 'n' }, false],
    [{ not: { is_null: 'n' } }, true],
    [{ not: { lt: ['n', 100] } }, false],
    [{ not: { gte: ['n', 5] } }, false],
    [{ and: [{ eq: ['n', 5] }, { eq: ['n2', 1] }] }, true],
    [{ and: [{ eq: ['n', 4] }, { eq: ['n2', 1] }] }, false],
    [{ or: [{ eq: ['n', 4] }, { eq: ['n2', 1] }] }, true],
    [{ or: [{ eq: ['n', 4] }, { eq: ['n', 10] }] }, false],
  ])('of 5 to 9: %j is %s', (predicate, expected) => {
    expect(kept(predicate, file)).toBe(expected);
  });

  test('without statistics is kept, but for what no row satisfies', () => {
    for (const stats of [
      {},
      { column_stats: null },
      { column_stats: { n: {} } },
      { column_stats: { n: { min: 'a' } } },
    ]) {
      expect(kept({ eq: ['n', 1] }, stats)).toBe(true);
      expect(kept({ is_null: 'n' }, stats)).toBe(true);
      expect(kept({ not: { is_null: 'n' } }, stats)).toBe(true);
    }
  });

  test('of nulls alone is dropped by comparisons', () => {
    const nulls = { record_count: 3, column_stats: { n: { null_count: 3 } } };
    expect(kept({ neq: ['n', 1] }, nulls)).toBe(false);
    expect(kept({ in: ['n', [1]] }, nulls)).toBe(false);
    expect(kept({ not: { in: ['n', [1, null]] } }, nulls)).toBe(false);
    expect(kept({ not: { is_null: 'n' } }, nulls)).toBe(false);
    expect(kept({ is_null: 'n' }, nulls)).toBe(true);
  });

  test('with nulls is kept by lists that name null, or that are negated', () => {
    const some = { record_count: 3, column_stats: { n: { min: 5, max: 5, null_count: 1 } } };
    expect(kept({ in: ['n', [1, null]] }, some)).toBe(true);
    expect(
      kept({ in: ['n', [1, null]] }, { record_count: 3, column_stats: { n: { min: 5, max: 5, null_count: 0 } } }),
    ).toBe(false);
    expect(kept({ not: { in: ['n', [1]] } }, { record_count: 3, column_stats: { n: { null_count: 3 } } })).toBe(true);
  });

  test('of unknown size is not taken for empty', () => {
    const unknown = { record_count: 0, column_stats: { n: { null_count: 0 } } };
    expect(kept({ eq: ['n', 1] }, unknown)).toBe(true);
    expect(kept({ not: { is_null: 'n' } }, unknown)).toBe(true);
  });

  test('may hold NaN, which differs from every number', () => {
    const ones = { record_count: 2, column_stats: { x: { min: 1, max: 1, null_count: 0 } } };
    expect(kept({ neq: ['x', 1] }, ones)).toBe(true);
    expect(kept({ not: { eq: ['x', 1] } }, ones)).toBe(true);
    expect(kept({ gt: ['x', 1] }, ones)).toBe(false);
  });

  test('is kept when its statistics may have lost digits', () => {
    const stats = {
      record_count: 1,
      column_stats: {
        fine: { min: '2026-03-31T12:00:00.123456', max: '2026-03-31T12:00:00.123456' },
        money: { min: 12.5, max: 12.5 },
        at: { min: 0, max: 0 },
        blob: { min: 'AAAA', max: 'AAAA' },
        n: { min: 2 ** 60, max: 2 ** 60 },
      },
    };
    expect(kept({ eq: ['fine', '2026-03-31T12:00:00.123456789'] }, stats)).toBe(true);
    expect(kept({ eq: ['fine', '2026-03-31T12:00:00.123457'] }, stats)).toBe(false);
    expect(kept({ eq: ['money', '12.51'] }, stats)).toBe(true);
    expect(kept({ eq: ['at', '2026-03-31'] }, stats)).toBe(true);
    expect(kept({ eq: ['blob', '////'] }, stats)).toBe(true);
    expect(kept({ eq: ['n', 2n ** 60n + 1n] }, stats)).toBe(true);
  });

  test('with one bound is judged by it', () => {
    const half = { record_count: 2, column_stats: { s: { min: 'm' } } };
    expect(kept({ lt: ['s', 'm'] }, half)).toBe(false);
    expect(kept({ gt: ['s', 'z'] }, half)).toBe(true);
    expect(kept({ in: ['s', ['a', 'b']] }, half)).toBe(false);
  });
});

test('the part of a predicate over some columns is its conjuncts that name no other', () => {
  const keys = new Set(['n', 's']);
  const n: Predicate = { eq: ['n', 1] };
  const x: Predicate = { gt: ['x', 1] };
  expect(conjunctsOver({ and: [n, x] }, keys)).toEqual(n);
  expect(conjunctsOver({ and: [x, { and: [n, { is_null: 's' }] }] }, keys)).toEqual({ and: [n, { is_null: 's' }] });
  expect(conjunctsOver({ or: [n, x] }, keys)).toBeNull();
  expect(conjunctsOver({ not: { and: [n, x] } }, keys)).toBeNull();
  expect(conjunctsOver({ not: { or: [n, { in: ['s', ['a']] }] } }, keys)).not.toBeNull();
});
