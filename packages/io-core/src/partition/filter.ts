import type { PartitionScheme, PartitionValue, Predicate, SchemaField } from '@deltacat/contract';
import { termOf } from '../predicate/bind.ts';
import {
  ANYTHING,
  type Comparing,
  type Leaf,
  NOTHING,
  nullTruth,
  type Possible,
  possibleTruth,
  rangeTruth,
} from '../predicate/predicate.ts';
import { isReliable, type StatsRange } from '../predicate/stats-range.ts';
import { fieldType } from '../schema/schema.ts';
import { readScalar, type Scalar, type ScalarKind, scalarKind } from '../values/scalar.ts';
import { formatInstant, NS_PER_DAY, parseInstant } from '../values/temporal.ts';
import { prefixSuccessor } from '../values/text-bounds.ts';
import { compileTransform, type PartitionOf, parseTransform, type Transform } from './transform.ts';

/** Whether a partition of given values may hold rows that are wanted. */
export type PartitionFilter = (values: readonly PartitionValue[] | null | undefined) => boolean;

/**
 * Compiles a predicate for the partitions of one scheme: a partition is dropped only when none of its rows can satisfy
 * the predicate. Throws as `bindPredicate` does.
 */
export function partitionFilter(
  predicate: Predicate,
  scheme: PartitionScheme,
  fields: readonly SchemaField[],
): PartitionFilter {
  const term = termOf(predicate, fields);
  const keys = scheme.keys.map((key) => compileKey(key, fields));
  return (values) => {
    if (!values || values.length !== keys.length) return true;
    return possibleTruth(term, (leaf) => leafTruth(leaf, keys, values)).true;
  };
}

/** Whether a partition may hold a row that satisfies a predicate. May say yes wrongly; never no. */
export function mightMatchPartition(
  predicate: Predicate,
  scheme: PartitionScheme,
  partition: { values: readonly PartitionValue[] | null | undefined; fields: readonly SchemaField[] },
): boolean {
  return partitionFilter(predicate, scheme, partition.fields)(partition.values);
}

interface Key {
  column: string;
  kind: ScalarKind;
  transform: Transform;
  partitionOf: PartitionOf;
}

/** Keys of several columns say nothing of one of them, and neither do keys of columns that are gone. */
function compileKey({ key, transform }: PartitionScheme['keys'][number], fields: readonly SchemaField[]): Key | null {
  const [column] = key;
  const field = key.length === 1 ? fields.find(({ name }) => name === column) : undefined;
  const kind = field ? scalarKind(fieldType(field)) : null;
  const parsed = parseTransform(transform);
  if (column === undefined || kind === null || parsed.name === 'void' || parsed.name === 'unknown') return null;
  return { column, kind, transform: parsed, partitionOf: compileTransform(parsed, [kind]) };
}

/** What a question about a column may be, by all keys that are made of the column: each of them must allow it. */
function leafTruth(leaf: Leaf, keys: (Key | null)[], values: readonly PartitionValue[]): Possible {
  let truth = ANYTHING;
  for (const [index, key] of keys.entries()) {
    if (key?.column !== leaf.column) continue;
    const one = keyTruth(leaf, key, values[index] ?? null);
    truth = { true: truth.true && one.true, false: truth.false && one.false };
  }
  return truth;
}

/** Null values, and they alone, are in the partition of null. */
function keyTruth(leaf: Leaf, key: Key, value: PartitionValue): Possible {
  if (leaf.op === 'is_null') return { true: value === null, false: value !== null };
  if (value === null) return nullTruth(leaf);
  const range = rangeOf(key, value);
  if (range !== null) return rangeTruth(leaf, range);
  return key.transform.name === 'bucket' || key.transform.name in CALENDAR ? hashedTruth(leaf, key, value) : ANYTHING;
}

const CALENDAR = { month: true, day: true, hour: true };

/** The values that a partition may hold, for transforms that keep their order; null when they do not, or nobody knows. */
function rangeOf({ kind, transform }: Key, value: PartitionValue): StatsRange | null {
  if (transform.name === 'year') return yearRange(value, kind.name === 'timestamp' && kind.zone !== null);
  if (transform.name !== 'identity' && transform.name !== 'truncate') return null;
  const scalar = isReliable(kind, value) ? readScalar(kind, value) : undefined;
  if (scalar === undefined) return null;
  if (transform.name === 'identity') return { min: scalar, max: scalar };
  if (typeof scalar === 'string') return prefixRange(scalar, transform.width);
  return kind.name === 'int' ? truncatedRange(BigInt(scalar as bigint | number), BigInt(transform.width)) : null;
}

/** The year of a zone is not quite that of UTC: its clocks are up to 14 hours ahead, or 12 behind. */
function yearRange(value: PartitionValue, zoned: boolean): StatsRange | null {
  const year = Number(value);
  if (!Number.isInteger(year) || year < 0 || year > 9998) return null;
  const start = parseInstant(`${String(year).padStart(4, '0')}-01-01`);
  const end = parseInstant(`${String(year + 1).padStart(4, '0')}-01-01`);
  if (start === null || end === null) return null;
  return zoned ? { min: start - NS_PER_DAY, max: end + NS_PER_DAY } : { min: start, max: end - 1n };
}

/** Writers of integers cut towards zero or downwards; what either puts into a partition is within reach. */
function truncatedRange(value: bigint, width: bigint): StatsRange {
  return { min: value > 0n ? value : value - width + 1n, max: value + width - 1n };
}

/** A shorter text stands for itself alone, one of full width for all that begin with it. */
function prefixRange(prefix: string, width: number): StatsRange {
  if ([...prefix].length < width) return { min: prefix, max: prefix };
  return { min: prefix, max: prefixSuccessor(prefix) };
}

/** A partition of a hash or of a calendar component says which values cannot be in it, and nothing of their order. */
function hashedTruth(leaf: Comparing, key: Key, value: PartitionValue): Possible {
  const isHere = (literal: Scalar) => partitionsOf(key, literal).some((one) => samePartition(one, value));
  if (leaf.op === 'in') return { true: leaf.values.some(isHere), false: true };
  if (leaf.value === null) return NOTHING;
  if (leaf.comparison === 'eq') return { true: isHere(leaf.value), false: true };
  return leaf.comparison === 'neq' ? { true: true, false: isHere(leaf.value) } : ANYTHING;
}

/** Where rows equal to a literal may be. Hashes are of texts, so the literal must look as the column's values look. */
function partitionsOf({ kind, partitionOf }: Key, literal: Scalar): PartitionValue[] {
  if (kind.name === 'float' && Object.is(Math.abs(Number(literal)), 0)) return [partitionOf([0]), partitionOf([-0])];
  if (kind.name === 'int' && typeof literal === 'number') {
    return Number.isInteger(literal) ? [partitionOf([BigInt(literal)])] : [];
  }
  if (typeof literal === 'object' && 'digits' in literal && kind.name === 'decimal') {
    const factor = 10n ** BigInt(Math.max(literal.scale - kind.scale, 0));
    if (literal.digits % factor !== 0n) return [];
    const digits = (literal.digits / factor) * 10n ** BigInt(Math.max(kind.scale - literal.scale, 0));
    return [partitionOf([{ digits, scale: kind.scale }])];
  }
  // Times that far away have no partition, since no calendar here reaches them.
  if (typeof literal === 'bigint' && 'unit_ns' in kind && formatInstant(literal) === null) return [];
  return [partitionOf([literal])];
}

function samePartition(a: PartitionValue, b: PartitionValue): boolean {
  return a !== null && b !== null && Number(a) === Number(b);
}
