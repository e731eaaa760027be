import { hash as digest } from 'node:crypto';
import { DeltacatError, type PartitionValue } from '@deltacat/contract';
import { type Scalar, type ScalarKind, scalarJson } from '../values/scalar.ts';
import { floorDivide, floorModulo, NS_PER_DAY } from '../values/temporal.ts';
import { zoneOffset } from '../values/zone.ts';
import { murmur3 } from './murmur3.ts';
import { pythonText } from './python-text.ts';

/** How a column's value becomes a partition value. */
export type Transform =
  | { name: 'identity' }
  | { name: 'void' }
  | { name: 'unknown' }
  | { name: 'year' | 'month' | 'day' | 'hour' }
  | { name: 'bucket'; buckets: number; hash: 'default' | 'iceberg' }
  | { name: 'truncate'; width: number };

const PLAIN = ['identity', 'void', 'unknown', 'year', 'month', 'day', 'hour'] as const;

/** One partition value of the values of a key's columns. */
export type PartitionOf = (values: (Scalar | null)[]) => PartitionValue;

const NS_PER_HOUR = 3_600_000_000_000n;

/** Reads `identity`, `day`, `bucket(16)`, `bucket(16, iceberg)`, `truncate(4)` and so on. Throws `invalid_schema`. */
export function parseTransform(text: string | null | undefined): Transform {
  const word = (text ?? '').trim().toLowerCase() || 'identity';
  const plain = PLAIN.find((name) => name === word);
  if (plain !== undefined) return { name: plain };
  const found = /^(bucket|truncate)\(\s*(\d{1,9})\s*(?:,\s*(default|iceberg)\s*)?\)$/.exec(word);
  const size = Number(found?.[2] ?? 0);
  if (!found || size < 1) {
    throw new DeltacatError(
      'invalid_schema',
      `Unknown partition transform "${word.slice(0, 60)}"; use identity, year, month, day, hour, bucket(N), truncate(W) or void.`,
    );
  }
  if (found[1] === 'truncate') return { name: 'truncate', width: size };
  return { name: 'bucket', buckets: size, hash: found[3] === 'iceberg' ? 'iceberg' : 'default' };
}

/** Why a transform cannot be applied to columns of these kinds (null: their values do not compare), or null. */
export function transformProblem(transform: Transform, kinds: (ScalarKind | null)[]): string | null {
  if (kinds.length > 1 && transform.name !== 'bucket') return `${transform.name} takes one column`;
  const kind = kinds[0] ?? null;
  if (transform.name === 'void') return null;
  if (transform.name === 'unknown') return 'its transform is unknown, so rows cannot be placed';
  if (kinds.includes(null) || kind === null) return 'a list, struct, map or null column has no partition values';
  const isCalendar = kind.name === 'timestamp' || (kind.name === 'date' && transform.name !== 'hour');
  if (transform.name === 'truncate') {
    return ['int', 'string', 'bytes'].includes(kind.name) ? null : 'truncate takes integers, text or bytes';
  }
  if (transform.name === 'bucket')
    return kinds.some((one) => one?.name === 'duration') ? 'durations have no buckets' : null;
  return transform.name === 'identity' || isCalendar ? null : `${transform.name} takes a timestamp or date`;
}

/** Compiles a transform for columns of these kinds. Null becomes null, whatever the transform. */
export function compileTransform(transform: Transform, kinds: ScalarKind[]): PartitionOf {
  const [kind] = kinds;
  if (kind === undefined || transform.name === 'void' || transform.name === 'unknown') return () => null;
  if (transform.name === 'bucket') return ([value = null]) => bucketOf(transform, kind, value);
  const apply = compileSingle(transform, kind);
  return ([value]) => (value === null || value === undefined ? null : apply(value));
}

function compileSingle(
  transform: Exclude<Transform, { name: 'bucket' | 'void' | 'unknown' }>,
  kind: ScalarKind,
): (value: Scalar) => PartitionValue {
  if (transform.name === 'identity') return (value) => identity(kind, value);
  if (transform.name === 'truncate') return (value) => identity(kind, truncate(value, transform.width));
  const offset = kind.name === 'timestamp' && kind.zone !== null ? zoneOffset(kind.zone) : () => 0n;
  const component = COMPONENTS[transform.name];
  // Only times have these transforms, and times are nanoseconds.
  return (value) => component((value as bigint) + offset(value as bigint));
}

/** JSON has no NaN and no infinities; as text they stay apart from null and from each other. */
function identity(kind: ScalarKind, value: Scalar): PartitionValue {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const json = scalarJson(kind, value);
  if (json !== null) return json;
  throw new DeltacatError('not_supported', `A ${kind.name} beyond the year 275760 cannot be a partition value.`);
}

/** Calendar components, not counts since 1970: the day is that of its month. */
const COMPONENTS: Record<'year' | 'month' | 'day' | 'hour', (ns: bigint) => number> = {
  year: (ns) => dateOf(ns).getUTCFullYear(),
  month: (ns) => dateOf(ns).getUTCMonth() + 1,
  day: (ns) => dateOf(ns).getUTCDate(),
  hour: (ns) => Number(floorModulo(ns, NS_PER_DAY) / NS_PER_HOUR),
};

function dateOf(ns: bigint): Date {
  const date = new Date(Number(floorDivide(ns, NS_PER_DAY)) * 86_400_000);
  if (!Number.isNaN(date.getTime())) return date;
  throw new DeltacatError('not_supported', 'A time beyond the year 275760 has no calendar partition.');
}

/** Integers towards zero, as the Python writers do; text and bytes to their first characters. */
function truncate(value: Scalar, width: number): Scalar {
  if (typeof value === 'bigint') return value - (value % BigInt(width));
  if (typeof value === 'number') return value - (value % width);
  if (value instanceof Uint8Array) return value.subarray(0, width);
  if (typeof value !== 'string' || value.length <= width) return value;
  let end = 0;
  for (let count = 0; count < width && end < value.length; count += 1)
    end += (value.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return value.slice(0, end);
}

/**
 * Of several columns the first one alone places a row: so do the official writers, and rows of one key must meet whoever wrote
 * them.
 */
function bucketOf(
  { buckets, hash }: Transform & { name: 'bucket' },
  kind: ScalarKind,
  value: Scalar | null,
): PartitionValue {
  if (value === null) return null;
  if (hash === 'iceberg') return (murmur3(icebergBytes(kind, value)) & 0x7fffffff) % buckets;
  return digest('sha1', pythonText(kind, value), 'buffer').readUInt32BE(0) % buckets;
}

function icebergBytes(kind: ScalarKind, value: Scalar): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const isInteger = typeof value === 'boolean' || kind.name === 'int';
  if (!isInteger) return Buffer.from(pythonText(kind, value));
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value as bigint | number | boolean)));
  return bytes;
}
