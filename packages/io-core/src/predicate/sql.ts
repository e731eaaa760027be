import { type Comparison, DeltacatError, type Predicate, type SchemaField } from '@deltacat/contract';
import { quoteIdentifier, quoteText } from '../duckdb/quote.ts';
import { formatDecimal } from '../values/decimal.ts';
import type { Scalar, ScalarKind } from '../values/scalar.ts';
import {
  floorDivide,
  floorModulo,
  formatDate,
  formatInstant,
  formatTimeOfDay,
  NS_PER_DAY,
} from '../values/temporal.ts';
import { type Term, termOf } from './bind.ts';

/**
 * A predicate as a DuckDB expression with the same three-valued answer for each row as `matchesRow`. Columns have the
 * DuckDB types that their Parquet files give them; `column` says how a name is written, by default quoted alone.
 */
export function predicateSql(
  predicate: Predicate,
  fields: readonly SchemaField[],
  column: (name: string) => string = quoteIdentifier,
): string {
  return termSql(termOf(predicate, fields), column);
}

const SYMBOLS: Record<Comparison, string> = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' };

const UNKNOWN = 'CAST(NULL AS BOOLEAN)';

function termSql(term: Term, column: (name: string) => string): string {
  switch (term.op) {
    case 'and':
    case 'or':
      return `(${term.terms.map((child) => termSql(child, column)).join(` ${term.op.toUpperCase()} `)})`;
    case 'not':
      return `(NOT ${termSql(term.term, column)})`;
    case 'is_null':
      return `(${column(term.column)} IS NULL)`;
    case 'in':
      return inSql(term, column(term.column));
    case 'compare':
      return comparisonSql(term, column(term.column));
  }
}

/** True for every value, or for none, and unknown for null. */
const always = (column: string) => `(${column} = ${column})`;
const never = (column: string) => `(${column} <> ${column})`;

/** Never unknown: null is in the list that names it, and in no other. */
function inSql({ kind, values, has_null }: Term & { op: 'in' }, column: string): string {
  const grid = gridOf(kind);
  const literals = values.flatMap((value) => {
    if (grid === null) return [literalSql(value)];
    const place = grid.place(value);
    return place.exact && place.floor >= grid.min && place.floor <= grid.max ? [grid.literal(place.floor)] : [];
  });
  if (literals.length === 0) return has_null ? `(${column} IS NULL)` : 'FALSE';
  return `(${column} IN (${literals.join(', ')}) ${has_null ? `OR ${column} IS NULL` : `AND ${column} IS NOT NULL`})`;
}

function comparisonSql({ kind, comparison, value }: Term & { op: 'compare' }, column: string): string {
  if (value === null) return UNKNOWN;
  const grid = gridOf(kind);
  if (grid !== null) return gridSql(grid, comparison, { ...grid.place(value), column });
  const plain = `(${column} ${SYMBOLS[comparison]} ${literalSql(value)})`;
  // DuckDB counts NaN as the greatest number; here it is neither above nor below any other.
  const nan = kind.name === 'float' && (comparison === 'gt' || comparison === 'gte');
  return nan ? `(${plain} AND NOT isnan(${column}))` : plain;
}

/**
 * The whole numbers that a column's values are multiples of: cents, days, microseconds. A literal between two of them, or
 * beyond the column's range, cannot be written in the column's type, so the comparison is made with its neighbour.
 */
interface Grid {
  min: bigint;
  max: bigint;
  place(value: Scalar): Place;
  literal(at: bigint): string;
}

interface Place {
  floor: bigint;
  exact: boolean;
}

function gridSql(grid: Grid, comparison: Comparison, { column, floor, exact }: Place & { column: string }): string {
  const inside = floor >= grid.min && floor <= grid.max;
  if (comparison === 'eq' || comparison === 'neq') {
    if (exact && inside) return `(${column} ${SYMBOLS[comparison]} ${grid.literal(floor)})`;
    return comparison === 'eq' ? never(column) : always(column);
  }
  const upwards = comparison === 'gt' || comparison === 'gte';
  if (!inside) return floor < grid.min === upwards ? always(column) : never(column);
  const symbol = exact ? SYMBOLS[comparison] : upwards ? '>' : '<=';
  return `(${column} ${symbol} ${grid.literal(floor)})`;
}

function gridOf(kind: ScalarKind): Grid | null {
  switch (kind.name) {
    case 'int':
      return { min: kind.min, max: kind.max, place: placeNumber, literal: String };
    case 'duration':
      return { ...INT64, place: (value) => placeTime(value, kind.unit_ns), literal: String };
    case 'decimal':
      return decimalGrid(kind);
    case 'date':
      return { ...INT32, place: (value) => placeTime(value, NS_PER_DAY), literal: dateSql };
    case 'time':
      return TIME_GRID;
    case 'timestamp':
      return timestampGrid(kind.unit_ns, kind.zone);
    default:
      return null;
  }
}

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const INT32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n };

function decimalGrid({ precision, scale }: ScalarKind & { name: 'decimal' }): Grid {
  if (precision > 38 || scale < 0 || scale > precision) {
    throw new DeltacatError(
      'not_supported',
      `A filter on a decimal column of ${precision} digits and scale ${scale} cannot be run; DuckDB has no such type.`,
    );
  }
  const limit = 10n ** BigInt(precision);
  return {
    min: -limit + 1n,
    max: limit - 1n,
    place: (value) => placeDecimal(value, scale),
    literal: (at) => `CAST('${formatDecimal({ digits: at, scale })}' AS DECIMAL(${precision}, ${scale}))`,
  };
}

/** Times of day are read to the microsecond, whatever their unit. */
const TIME_GRID: Grid = {
  min: 0n,
  max: NS_PER_DAY / 1000n - 1n,
  place: (value) => placeTime(value, 1000n),
  literal: (at) => `TIME '${formatTimeOfDay(at * 1000n)}'`,
};

/** DuckDB has nanoseconds for naive times only; the seconds and milliseconds of a file are microseconds to it. */
function timestampGrid(unitNs: bigint, zone: string | null): Grid {
  const step = unitNs === 1n && zone === null ? 1n : 1000n;
  return {
    // The two lowest and the highest of the 64-bit values stand for infinities.
    min: INT64.min + 2n,
    max: INT64.max - 1n,
    place: (value) => placeTime(value, step),
    literal: (at) => {
      if (step === 1n) return `make_timestamp_ns(${at})`;
      return zone === null ? `make_timestamp(${at})` : `CAST('${zonedText(at * step)}' AS TIMESTAMPTZ)`;
    },
  };
}

function zonedText(ns: bigint): string {
  const text = formatInstant(ns);
  if (text === null || !/^\d{4}-/.test(text)) {
    throw new DeltacatError('not_supported', 'A filter names a zoned time outside the years 0 to 9999; use another.');
  }
  return `${text}+00`;
}

function dateSql(days: bigint): string {
  const text = formatDate(days * NS_PER_DAY);
  return text !== null && /^\d{4}-/.test(text) ? `DATE '${text}'` : `(DATE '1970-01-01' + ${days})`;
}

function placeNumber(value: Scalar): Place {
  if (typeof value === 'bigint') return { floor: value, exact: true };
  const number = Number(value);
  return { floor: BigInt(Math.floor(number)), exact: Number.isInteger(number) };
}

function placeTime(value: Scalar, step: bigint): Place {
  const ns = value as bigint; // Times are bound as nanoseconds.
  return { floor: floorDivide(ns, step), exact: floorModulo(ns, step) === 0n };
}

function placeDecimal(value: Scalar, scale: number): Place {
  const decimal = value as { digits: bigint; scale: number }; // Decimal literals are bound exactly.
  if (decimal.scale <= scale) return { floor: decimal.digits * 10n ** BigInt(scale - decimal.scale), exact: true };
  return placeTime(decimal.digits, 10n ** BigInt(decimal.scale - scale));
}

function literalSql(value: Scalar): string {
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'string') return quoteText(value);
  if (value instanceof Uint8Array) return `CAST('${bytesText(value)}' AS BLOB)`;
  return `CAST('${value}' AS DOUBLE)`;
}

function bytesText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}
