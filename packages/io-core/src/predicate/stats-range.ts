import type { ColumnStats } from '@deltacat/contract';
import { readScalar, type Scalar, type ScalarKind } from '../values/scalar.ts';
import { fractionDigits } from '../values/temporal.ts';

/** The bounds that statistics give to a column's values other than null and NaN; null where they give none. */
export interface StatsRange {
  min: Scalar | null;
  max: Scalar | null;
}

/**
 * Reads a column's statistics as bounds, or null when they say nothing that can be relied on. Writers differ in how they
 * put values into JSON, so a form that may have lost digits is not used at all.
 */
export function statsRange(
  kind: ScalarKind,
  stats: ColumnStats | undefined,
  recordCount: number | null,
): StatsRange | 'all null' | null {
  if (!stats) return null;
  const min = bound(kind, stats.min);
  const max = bound(kind, stats.max);
  if (min === null && max === null) {
    const absent = (stats.min ?? null) === null && (stats.max ?? null) === null;
    const nulls = stats.null_count ?? 0;
    return absent && recordCount !== null && recordCount > 0 && nulls >= recordCount ? 'all null' : null;
  }
  return { min, max: max === null ? null : roundUp(kind, max, stats.max) };
}

function bound(kind: ScalarKind, value: unknown): Scalar | null {
  if (value === null || value === undefined || !isReliable(kind, value)) return null;
  const scalar = readScalar(kind, value) ?? null;
  return typeof scalar === 'number' && Number.isNaN(scalar) ? null : scalar;
}

/**
 * Whether a JSON value of a column can be taken at its word, whoever wrote it. Decimals and times only as text, since as numbers they were rounded, or count in a unit that nobody knows; bytes not
 * at all, since writers do not agree on their text.
 */
export function isReliable(kind: ScalarKind, value: unknown): boolean {
  switch (kind.name) {
    case 'int':
      return typeof value === 'bigint' || Number.isSafeInteger(value);
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp':
      return typeof value === 'string';
    case 'bytes':
    case 'duration':
      return false;
    default:
      return true;
  }
}

/** Python cuts nanoseconds to microseconds, so a maximum without nine digits may be a little below the true one. */
function roundUp(kind: ScalarKind, max: Scalar, text: unknown): Scalar {
  const cut = (kind.name === 'timestamp' || kind.name === 'time') && kind.unit_ns === 1n && typeof max === 'bigint';
  return cut && fractionDigits(String(text)) < 9 ? (max as bigint) + 999n : max;
}
