import { z } from 'zod';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const DECIMAL = /^-?\d{1,19}$/;

/**
 * A 64-bit integer: `bigint` in TypeScript, a bare integer in JSON. Decimal strings are accepted too, for clients whose
 * JSON cannot carry large integers.
 */
export const int64 = z.preprocess(toBigInt, z.bigint('expected a 64-bit integer').min(INT64_MIN).max(INT64_MAX));

function toBigInt(value: unknown): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && DECIMAL.test(value)) return BigInt(value);
  return value;
}

/** Nanoseconds since 1970-01-01T00:00Z. */
export const nanoseconds = int64.meta({ description: 'Nanoseconds since 1970-01-01T00:00:00Z.' });

const COUNT_EXPECTED = 'expected a whole number, 0 or more';

/** A count or a size in bytes: a non-negative integer below 2^53. */
export const count = z.int(COUNT_EXPECTED).min(0, COUNT_EXPECTED);
