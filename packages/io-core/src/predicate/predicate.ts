import type { ColumnStats, Comparison } from '@deltacat/contract';
import { DeltacatError } from '@deltacat/contract';
import { compareScalars, readScalar, type Scalar } from '../values/scalar.ts';
import { type BoundPredicate, type Term, termOf } from './bind.ts';
import { type StatsRange, statsRange } from './stats-range.ts';

export { type BoundPredicate, bindPredicate, conjunctsOver } from './bind.ts';
export { predicateSql } from './sql.ts';

/** What is known of a file's rows; a `DataFile` of a plan says so much. */
export interface FileStats {
  record_count?: number | null | undefined;
  column_stats?: Readonly<Record<string, ColumnStats>> | null | undefined;
}

/**
 * Whether a row satisfies a predicate, in SQL's three-valued logic: null is "unknown", and only true keeps a row. `in` alone
 * differs, as it does in Arrow: null is in a list that names it, and in no other. Values may be in any form that a literal
 * may have, Arrow's numbers and bytes included.
 */
export function matchesRow(predicate: BoundPredicate, row: (column: string) => unknown): boolean | null {
  return rowTruth(termOf(predicate), row);
}

/** Whether a file may hold a row that satisfies a predicate. May say yes wrongly, for want of statistics; never no. */
export function mightMatch(predicate: BoundPredicate, stats: FileStats): boolean {
  return possibleTruth(termOf(predicate), (leaf) => fileTruth(leaf, stats)).true;
}

/** What a predicate may be for some of the rows in question. Knowing both lets `not` be exact. */
export interface Possible {
  true: boolean;
  false: boolean;
}

/** Nothing is known: rows may satisfy the predicate, and fail it. */
export const ANYTHING: Possible = { true: true, false: true };

/** All rows answer null. */
export const NOTHING: Possible = { true: false, false: false };

/** The terms that ask about one column. */
export type Leaf = Extract<Term, { column: string }>;

/** The terms that compare a column's values. */
export type Comparing = Exclude<Leaf, { op: 'is_null' }>;

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
      return value === null ? term.has_null : listHas(term.values, value);
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

/** What a predicate may be, from what each of its questions about one column may be. */
export function possibleTruth(term: Term, leaf: (leaf: Leaf) => Possible): Possible {
  if (term.op === 'not') {
    const truth = possibleTruth(term.term, leaf);
    return { true: truth.false, false: truth.true };
  }
  if ('column' in term) return leaf(term);
  const parts = term.terms.map((child) => possibleTruth(child, leaf));
  const every = (truth: 'true' | 'false') => parts.every((part) => part[truth]);
  const some = (truth: 'true' | 'false') => parts.some((part) => part[truth]);
  return term.op === 'and'
    ? { true: every('true'), false: some('false') }
    : { true: some('true'), false: every('false') };
}

function fileTruth(leaf: Leaf, stats: FileStats): Possible {
  const known = stats.column_stats?.[leaf.column];
  // A count of zero may stand for an unknown one.
  const rows = stats.record_count || null;
  if (leaf.op === 'is_null') {
    const nulls = known?.null_count ?? null;
    return { true: nulls === null || nulls > 0, false: nulls === null || rows === null || nulls < rows };
  }
  const range = statsRange(leaf.kind, known, rows);
  const nulls = nullTruth(leaf);
  if (range === 'all null') return nulls;
  const values = rangeTruth(leaf, range ?? { min: null, max: null });
  return known?.null_count === 0 ? values : { true: values.true || nulls.true, false: values.false || nulls.false };
}

/** What a comparison is for null. */
export function nullTruth(leaf: Comparing): Possible {
  return leaf.op === 'in' ? { true: leaf.has_null, false: !leaf.has_null } : NOTHING;
}

/** What a comparison may be for values within bounds, null where there is none. */
export function rangeTruth(leaf: Comparing, range: StatsRange): Possible {
  if (leaf.op === 'in') return { true: listMeets(leaf.values, range), false: true };
  if (leaf.value === null) return NOTHING;
  const ends = { min: orderOf(range.min, leaf.value), max: orderOf(range.max, leaf.value) };
  const operator = OPERATORS[leaf.comparison];
  // NaN is in no statistics, and differs from every literal without being above or below it.
  const nan = leaf.kind.name === 'float';
  return {
    true: operator.file(ends) || (nan && leaf.comparison === 'neq'),
    false: OPERATORS[operator.inverse].file(ends) || (nan && leaf.comparison !== 'neq'),
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
