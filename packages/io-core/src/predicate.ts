import type { ColumnStats, Comparison } from '@deltacat/contract';
import { DeltacatError } from '@deltacat/contract';
import { type BoundPredicate, type Term, termOf } from './predicate-bind.ts';
import { compareScalars, readScalar, type Scalar } from './scalar.ts';
import { type StatsRange, statsRange } from './stats-range.ts';

export { type BoundPredicate, bindPredicate, conjunctsOver } from './predicate-bind.ts';
export { predicateSql } from './predicate-sql.ts';

/** What is known of a file's rows; a `DataFile` of a plan says so much. */
export interface FileStats {
  record_count?: number | null | undefined;
  column_stats?: Readonly<Record<string, ColumnStats>> | null | undefined;
}

/**
 * Whether a row satisfies a predicate, in SQL's three-valued logic: null is "unknown", and only true keeps a row. Values
 * may be in any form that a literal may have, Arrow's numbers and bytes included.
 */
export function matchesRow(predicate: BoundPredicate, row: (column: string) => unknown): boolean | null {
  return rowTruth(termOf(predicate), row);
}

/** Whether a file may hold a row that satisfies a predicate. May say yes wrongly, for want of statistics; never no. */
export function mightMatch(predicate: BoundPredicate, stats: FileStats): boolean {
  return fileTruth(termOf(predicate), stats).true;
}

/** What a predicate may be for some row of a file. Knowing both lets `not` be exact. */
interface Possible {
  true: boolean;
  false: boolean;
}

const ANYTHING: Possible = { true: true, false: true };

/** How a range of values stands to a literal: the orders of its two ends, null where an end is unknown. */
interface Ends {
  min: number | null;
  max: number | null;
}

/** Each comparison for one value, and for the values of a file; `order` and the ends are those of value to literal. */
const OPERATORS: Record<
  Comparison,
  { row: (order: number) => boolean; file: (ends: Ends) => boolean; inverse: Comparison }
> = {
  eq: { row: (order) => order === 0, file: ({ min, max }) => !above(min) && !below(max), inverse: 'neq' },
  neq: { row: (order) => order !== 0, file: ({ min, max }) => !(min === 0 && max === 0), inverse: 'eq' },
  gt: { row: (order) => order > 0, file: ({ max }) => max === null || max > 0, inverse: 'lte' },
  gte: { row: (order) => order >= 0, file: ({ max }) => max === null || max >= 0, inverse: 'lt' },
  lt: { row: (order) => order < 0, file: ({ min }) => min === null || min < 0, inverse: 'gte' },
  lte: { row: (order) => order <= 0, file: ({ min }) => min === null || min <= 0, inverse: 'gt' },
};

function rowTruth(term: Term, row: (column: string) => unknown): boolean | null {
  switch (term.op) {
    case 'and':
      return rowEvery(term.terms, row, true);
    case 'or':
      return rowEvery(term.terms, row, false);
    case 'not': {
      const truth = rowTruth(term.term, row);
      return truth === null ? null : !truth;
    }
    case 'is_null':
      return (row(term.column) ?? null) === null;
    case 'in': {
      const value = rowValue(term, row);
      return value === null ? null : listHas(term.values, value);
    }
    case 'compare': {
      const value = rowValue(term, row);
      if (value === null || term.value === null) return null;
      return OPERATORS[term.comparison].row(compareScalars(value, term.value));
    }
  }
}

/** The value that all terms have; one that differs decides, else one that is unknown. */
function rowEvery(terms: Term[], row: (column: string) => unknown, truth: boolean): boolean | null {
  let all: boolean | null = truth;
  for (const term of terms) {
    const one = rowTruth(term, row);
    if (one === !truth) return one;
    if (one === null) all = null;
  }
  return all;
}

function rowValue(term: Term & { op: 'compare' | 'in' }, row: (column: string) => unknown): Scalar | null {
  const raw = row(term.column) ?? null;
  if (raw === null) return null;
  const value = readScalar(term.kind, raw);
  if (value !== undefined) return value;
  throw new DeltacatError(
    'schema_mismatch',
    `Column "${term.column}" should hold a ${term.kind.name}, but a row has a ${typeof raw}; check the file's schema.`,
  );
}

function fileTruth(term: Term, stats: FileStats): Possible {
  switch (term.op) {
    case 'and':
    case 'or': {
      const parts = term.terms.map((child) => fileTruth(child, stats));
      const [every, some] = term.op === 'and' ? (['true', 'false'] as const) : (['false', 'true'] as const);
      const truth = { ...ANYTHING };
      truth[every] = parts.every((part) => part[every]);
      truth[some] = parts.some((part) => part[some]);
      return truth;
    }
    case 'not': {
      const truth = fileTruth(term.term, stats);
      return { true: truth.false, false: truth.true };
    }
    case 'is_null': {
      const nulls = stats.column_stats?.[term.column]?.null_count ?? null;
      // A count of zero may stand for an unknown one.
      const rows = stats.record_count || null;
      return { true: nulls === null || nulls > 0, false: nulls === null || rows === null || nulls < rows };
    }
    case 'in':
    case 'compare':
      return fileComparison(term, stats);
  }
}

function fileComparison(term: Term & { op: 'compare' | 'in' }, stats: FileStats): Possible {
  const range = statsRange(term.kind, stats.column_stats?.[term.column], stats.record_count ?? null);
  if (range === 'all null' || (term.op === 'compare' && term.value === null)) return { true: false, false: false };
  if (range === null) return ANYTHING;
  // NaN is in no statistics, and differs from every literal without being above or below it.
  const nan = term.kind.name === 'float';
  if (term.op === 'in') return { true: listMeets(term.values, range), false: true };
  const value = term.value as Scalar; // The null literal has returned above.
  const ends = { min: orderOf(range.min, value), max: orderOf(range.max, value) };
  const operator = OPERATORS[term.comparison];
  return {
    true: operator.file(ends) || (nan && term.comparison === 'neq'),
    false: OPERATORS[operator.inverse].file(ends) || (nan && term.comparison !== 'neq'),
  };
}

function orderOf(end: Scalar | null, value: Scalar): number | null {
  return end === null ? null : compareScalars(end, value);
}

function above(order: number | null): boolean {
  return order !== null && order > 0;
}

function below(order: number | null): boolean {
  return order !== null && order < 0;
}

function listHas(values: Scalar[], value: Scalar): boolean {
  const found = values[firstAtLeast(values, value)];
  return found !== undefined && compareScalars(found, value) === 0;
}

function listMeets(values: Scalar[], range: StatsRange): boolean {
  const candidate = range.min === null ? values[0] : values[firstAtLeast(values, range.min)];
  return candidate !== undefined && (range.max === null || !(compareScalars(candidate, range.max) > 0));
}

/** The place of the first value of a sorted list that is not below the given one. */
function firstAtLeast(values: Scalar[], value: Scalar): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // The bounds keep the place inside the list.
    if (compareScalars(values[middle] as Scalar, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
