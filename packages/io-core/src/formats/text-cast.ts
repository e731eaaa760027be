import type { SchemaField } from '@deltacat/contract';
import { DataType, TimeUnit } from 'apache-arrow';
import { quoteIdentifier, quoteText } from '../duckdb/quote.ts';
import { fieldType } from '../schema/schema.ts';

/**
 * A column's text as a value of its field, named like it. An empty text is null but for texts; what does not fit the
 * type fails the read.
 */
export function castTextSql(field: SchemaField, text: string): string {
  const column = quoteIdentifier(field.name);
  const target = fieldType(field);
  if (DataType.isBinary(target) || DataType.isLargeBinary(target)) return `encode(${text}) AS ${column}`;
  const sql = sqlType(target);
  if (sql === null) return `${text} AS ${column}`;
  const cast = `CAST(nullif(${text}, '') AS ${sql})`;
  if (!DataType.isInt(target)) return `${cast} AS ${column}`;
  // DuckDB rounds '1.5' to an integer; a file must not be read as something it does not say.
  const refusal = `error('Conversion Error: "' || ${text} || '" in column ' || ${quoteText(field.name)} || ' is no integer')`;
  return `CASE WHEN regexp_matches(${text}, '[.eE]') THEN ${refusal}::${sql} ELSE ${cast} END AS ${column}`;
}

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
