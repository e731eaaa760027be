import type { SchemaField } from '@deltacat/contract';
import { DataType, TimeUnit } from 'apache-arrow';
import { quoteIdentifier, quoteText } from '../duckdb/quote.ts';
import { mismatchSql } from '../duckdb/session.ts';
import { fieldType } from '../schema/schema.ts';

/** The column of a text file's rows that tells the path by which DuckDB opened it. */
export const TEXT_PATH_COLUMN = '__deltacat_text_path';

/**
 * A column's text as a value of its field, named like it. An empty text is null but for texts; what does not fit the
 * type fails the read, naming file, column and text.
 */
export function castTextSql(field: SchemaField, text: string): string {
  const column = quoteIdentifier(field.name);
  const target = fieldType(field);
  if (DataType.isBinary(target) || DataType.isLargeBinary(target)) return `encode(${text}) AS ${column}`;
  const sql = sqlType(target);
  if (sql === null) return `${text} AS ${column}`;
  const cast = `TRY_CAST(${text} AS ${sql})`;
  const loss = lossPattern(target);
  const whole = loss === null ? '' : ` AND NOT regexp_matches(${text}, '${loss}')`;
  return (
    `CASE WHEN ${text} IS NULL OR ${text} = '' THEN CAST(NULL AS ${sql}) ` +
    `WHEN ${cast} IS NOT NULL${whole} THEN ${cast} ELSE CAST(${misfitSql(field, text)} AS ${sql}) END AS ${column}`
  );
}

const FRACTION_DIGITS: Record<TimeUnit, number> = {
  [TimeUnit.SECOND]: 0,
  [TimeUnit.MILLISECOND]: 3,
  [TimeUnit.MICROSECOND]: 6,
  [TimeUnit.NANOSECOND]: 9,
};

/**
 * What a text has when it says more than the type holds: DuckDB rounds '1.5' to an integer, and cuts times to their unit, but a
 * file must not be read as something it does not say.
 */
function lossPattern(type: DataType): string | null {
  if (DataType.isInt(type)) return '[.eE]';
  if (DataType.isDate(type)) return '[T ].*[1-9]';
  if (DataType.isDecimal(type)) return digitsBeyond(type.scale);
  if (DataType.isTimestamp(type) && !type.timezone) return digitsBeyond(FRACTION_DIGITS[type.unit]);
  return null;
}

function digitsBeyond(digits: number): string {
  return `[.][0-9]{${digits}}0*[1-9]`;
}

/** The failure of a text that is no value of its column. */
function misfitSql({ name, type }: SchemaField, text: string): string {
  return mismatchSql(
    `'column ' || ${quoteText(`"${name}"`)} || ' of ' || ${TEXT_PATH_COLUMN} || ` +
      `${quoteText(` holds a text that is no ${type}: `)} || left(${text}, ${SHOWN_CHARACTERS})`,
  );
}

const SHOWN_CHARACTERS = 100;

const TIMESTAMPS: Record<TimeUnit, string> = {
  [TimeUnit.SECOND]: 'TIMESTAMP_S',
  [TimeUnit.MILLISECOND]: 'TIMESTAMP_MS',
  [TimeUnit.MICROSECOND]: 'TIMESTAMP',
  [TimeUnit.NANOSECOND]: 'TIMESTAMP_NS',
};

const INTEGERS: Record<number, string> = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' };

/** The type that a text is read as; null where it stays a text. */
function sqlType(type: DataType): string | null {
  if (DataType.isBool(type)) return 'BOOLEAN';
  if (DataType.isInt(type)) return `${type.isSigned ? '' : 'U'}${INTEGERS[type.bitWidth]}`;
  if (DataType.isFloat(type)) return type.precision === 2 ? 'DOUBLE' : 'FLOAT';
  if (DataType.isDate(type)) return 'DATE';
  if (DataType.isTime(type)) return 'TIME';
  if (DataType.isTimestamp(type)) return type.timezone ? 'TIMESTAMPTZ' : TIMESTAMPS[type.unit];
  if (DataType.isDecimal(type)) return `DECIMAL(${type.precision}, ${type.scale})`;
  return null;
}
