import { TimeUnit } from 'apache-arrow';
import type { ParquetElement } from './parquet-footer.ts';

// The numbers of parquet.thrift.

/** How values are stored. */
export const PHYSICAL = {
  boolean: 0,
  int32: 1,
  int64: 2,
  int96: 3,
  float: 4,
  double: 5,
  byte_array: 6,
  fixed: 7,
} as const;

/** How often a value occurs. */
export const REPETITION = { required: 0, optional: 1, repeated: 2 } as const;

/** What values mean, by the older annotation. */
export const CONVERTED = {
  utf8: 0,
  map: 1,
  map_key_value: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  time_millis: 7,
  time_micros: 8,
  timestamp_millis: 9,
  timestamp_micros: 10,
  uint_8: 11,
  uint_64: 14,
  int_8: 15,
  int_64: 18,
  json: 19,
} as const;

/** What values mean, by the newer annotation: the member of the union. */
export const LOGICAL = {
  string: 1,
  map: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  integer: 10,
  json: 12,
  uuid: 14,
  float16: 15,
} as const;

/** A time of day or a time, and what its number counts. */
export interface Clock {
  kind: 'time' | 'timestamp';
  unit: TimeUnit;
  unit_ns: bigint;
  zoned: boolean;
}

const UNITS = {
  1: { unit: TimeUnit.MILLISECOND, unit_ns: 1_000_000n },
  2: { unit: TimeUnit.MICROSECOND, unit_ns: 1_000n },
  3: { unit: TimeUnit.NANOSECOND, unit_ns: 1n },
};

const CONVERTED_CLOCKS: Record<number, Clock> = {
  [CONVERTED.time_millis]: { kind: 'time', ...UNITS[1], zoned: false },
  [CONVERTED.time_micros]: { kind: 'time', ...UNITS[2], zoned: false },
  [CONVERTED.timestamp_millis]: { kind: 'timestamp', ...UNITS[1], zoned: true },
  [CONVERTED.timestamp_micros]: { kind: 'timestamp', ...UNITS[2], zoned: true },
};

/** What the number of a time column counts; null for other columns. */
export function clockOf({ logical_type, logical_fields, converted_type }: ParquetElement): Clock | null {
  if (logical_type !== LOGICAL.time && logical_type !== LOGICAL.timestamp) {
    return converted_type === undefined ? null : (CONVERTED_CLOCKS[converted_type] ?? null);
  }
  const stored = logical_fields?.[2];
  const [member] = typeof stored === 'object' && 'fields' in stored ? Object.keys(stored.fields) : [];
  if (member !== '1' && member !== '2' && member !== '3') return null;
  const kind = logical_type === LOGICAL.time ? 'time' : 'timestamp';
  return { kind, ...UNITS[member], zoned: logical_fields?.[1] === true };
}

/** Whether an integer column has no sign. */
export function isUnsigned({ logical_type, logical_fields, converted_type }: ParquetElement): boolean {
  if (logical_type === LOGICAL.integer) return logical_fields?.[2] === false;
  return converted_type !== undefined && converted_type >= CONVERTED.uint_8 && converted_type <= CONVERTED.uint_64;
}
