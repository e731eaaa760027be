import { describe, expect, test } from 'vitest';
import { arrowType } from '../schema/schema.ts';
import { readScalar, type ScalarKind, scalarKind } from '../values/scalar.ts';
import { murmur3 } from './murmur3.ts';
import { PARTITION_VECTORS } from './testing/partition-vectors.ts';
import { compileTransform, parseTransform } from './transform.ts';

const cases = PARTITION_VECTORS.flatMap(({ type, values, partitions }) =>
  Object.entries(partitions).map(([transform, expected]) => ({ type, transform, values, expected })),
);

function kindOf(type: string): ScalarKind {
  const kind = scalarKind(arrowType(type));
  if (kind === null) throw new Error(`${type} does not compare`);
  return kind;
}

function apply(type: string, transform: string, values: unknown[]) {
  const kind = kindOf(type);
  const partitionOf = compileTransform(parseTransform(transform), [kind]);
  return values.map((value) => partitionOf([value === null ? null : (readScalar(kind, value) ?? null)]));
}

test.each(cases)('$transform of $type is what the Python client writes', ({ type, transform, values, expected }) => {
  expect(apply(type, transform, values)).toEqual(expected);
});

test('buckets of texts and integers are stable', () => {
  expect(apply('string', 'bucket(8)', ['a', 'b', 'c', 'd'])).toEqual([7, 6, 4, 6]);
  expect(apply('int64', 'bucket(4)', [-15, 7])).toEqual([3, 1]);
});

test('truncation of integers goes towards zero', () => {
  expect(apply('int64', 'truncate(10)', [-15, 15])).toEqual([-10, 10]);
});

test('the day is that of the month', () => {
  expect(apply('date32[day]', 'day', ['2026-03-31'])).toEqual([31]);
});

test('Iceberg buckets take the hash of the Iceberg specification', () => {
  const long = Buffer.alloc(8);
  long.writeBigInt64LE(34n);
  expect(murmur3(long)).toBe(2017239379);
  expect(murmur3(Buffer.from('iceberg'))).toBe(1210000089);
  expect(murmur3(Buffer.of(0, 1, 2, 3)) | 0).toBe(-188683207);
  expect(apply('int64', 'bucket(1000, iceberg)', [34])).toEqual([2017239379 % 1000]);
  expect(apply('string', 'bucket(1000, iceberg)', ['iceberg'])).toEqual([1210000089 % 1000]);
});

test('a bucket of several columns is that of the first, as the Python clients write it', () => {
  const partitionOf = compileTransform(parseTransform('bucket(1000)'), [kindOf('string'), kindOf('int64')]);
  expect([partitionOf(['x', 1n]), partitionOf(['x', null]), partitionOf(['y', 1n])]).toEqual([958, 958, 61]);
  expect(partitionOf([null, 1n])).toBeNull();
});

describe('a transform', () => {
  test.each(['Bucket( 8 , ICEBERG )', 'IDENTITY', ' day ', '', null])(
    'is read whatever its case and spaces: %s',
    (text) => {
      expect(() => parseTransform(text)).not.toThrow();
    },
  );

  test.each([
    'weekday',
    'bucket',
    'bucket(0)',
    'bucket(-1)',
    'truncate(x)',
    'bucket(8',
    'identity(1)',
    'bucket(8, md5)',
  ])('that is none is refused: %s', (text) => {
    expect(() => parseTransform(text)).toThrow(expect.objectContaining({ code: 'invalid_schema' }));
  });
});
