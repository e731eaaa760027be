import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import type { Moment } from '../columns/encode.ts';
import { type Decimal, formatDecimal } from '../values/decimal.ts';
import { type ScalarKind, scalarJson, scalarKind } from '../values/scalar.ts';
import { formatDate, formatInstant } from '../values/temporal.ts';

/** A value of a column that is not null, as the text that stands for it in delimited files and in JSON. */
export type ValueText = (value: unknown) => string;

/**
 * How values of a type are written as text, so that the official clients and we read the same values back; null for types that
 * have no such text: bytes, since text files hold none, and nested ones. Texts themselves are as they are.
 */
export function valueText(column: string, type: arrow.DataType): ValueText | null {
  if (arrow.DataType.isDictionary(type)) return valueText(column, type.dictionary);
  const kind = scalarKind(type);
  if (kind === null || kind.name === 'bytes') return null;
  // What is read from a column of a kind is of the class that belongs to it.
  if (kind.name === 'decimal') return (value) => formatDecimal(value as Decimal);
  if (kind.name === 'float') return floatText(arrow.DataType.isFloat(type) ? type.precision : arrow.Precision.DOUBLE);
  if ('unit_ns' in kind) return (value) => timeText(column, kind, value as Moment);
  return String;
}

function floatText(precision: arrow.Precision): ValueText {
  const shortest = precision === arrow.Precision.DOUBLE ? String : shortSingle;
  return (value) => {
    const number = value as number;
    // Arrow's reader takes "NaN" and "nan" for null.
    if (Number.isNaN(number)) return 'NAN';
    if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
    return Object.is(number, -0) ? '-0.0' : shortest(number);
  };
}

/** Digits that tell any single from its neighbours, and a half all the more. */
const SINGLE_DIGITS_MAX = 9;

/** The shortest text that is read as the same single: as a double, 0.1 would be 0.10000000149011612. */
function shortSingle(value: number): string {
  for (let digits = 1; digits < SINGLE_DIGITS_MAX; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

const MILLISECOND_NS = 1_000_000n;

/**
 * Times as pyarrow writes them: a blank before the time of day, instants in UTC, and no more digits than the unit has,
 * since what has more is no value of its column to the official client, even where they are zeros.
 */
function timeText(column: string, kind: ScalarKind, { ns }: Moment): string {
  if (kind.name === 'time' || kind.name === 'duration') return String(scalarJson(kind, ns));
  const text = kind.name === 'timestamp' ? formatInstant(ns)?.replace('T', ' ') : formatDate(ns);
  if (!text || !/^\d{4}-/.test(text)) {
    throw new DeltacatError(
      'schema_mismatch',
      `Column "${column}" holds a date whose year is not of four digits, which text files do not tell. Write Parquet.`,
      { column },
    );
  }
  if (kind.name !== 'timestamp') return text;
  const counted = kind.unit_ns === MILLISECOND_NS ? text.replace(/(\.\d{3})000$/, '$1') : text;
  return kind.zone === null ? counted : `${counted}Z`;
}
