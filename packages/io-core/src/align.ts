import { DataType, type Field, Schema } from 'apache-arrow';
import { carrierSql } from './duckdb/carrier.ts';
import { quoteIdentifier, quoteText } from './duckdb/quote.ts';
import { mismatchSql } from './duckdb/session.ts';
import { schemaFields } from './schema/schema.ts';
import { readScalar, scalarJson, scalarKind } from './values/scalar.ts';

/** Where a column's values come from. */
export interface Origin {
  /** The DuckDB types of the files' columns, by name. */
  columns: ReadonlyMap<string, string>;
  /** An SQL expression for the path of the row's file. */
  path_sql: string;
}

/**
 * A column of the target schema as an expression over files: cast where the file's type differs, and the default of rows
 * older than the column, or null, where the files lack it. A value that does not survive the cast fails the query with
 * `schema_mismatch`, naming file and column: silently changed data is worse than none.
 */
export function alignSql(field: Field, { columns, path_sql }: Origin): string {
  const carrier = carrierSql(field.type);
  const source = columns.get(field.name);
  if (source === undefined) return defaultSql(field, carrier);
  const column = quoteIdentifier(field.name);
  if (sameType(source, carrier)) return column;
  const cast = castSql(column, source, carrier);
  if (cast.safe_sql === null) return cast.sql;
  const message =
    `'column ' || ${quoteText(`"${field.name}"`)} || ' of ' || ${path_sql} || ` +
    `${quoteText(` holds a value of type ${source} that is no ${field.type}: `)} || CAST(${column} AS VARCHAR)`;
  return (
    `CASE WHEN ${column} IS NULL THEN CAST(NULL AS ${carrier}) WHEN ${cast.safe_sql} THEN ${cast.sql} ` +
    `ELSE CAST(${mismatchSql(message)} AS ${carrier}) END`
  );
}

function sameType(source: string, carrier: string): boolean {
  return source === carrier || (source === 'JSON' && carrier === 'VARCHAR');
}

interface Cast {
  sql: string;
  /** When the cast keeps the value; null where it always does, or fails by itself. */
  safe_sql: string | null;
}

const INTEGER_BITS: Record<string, number> = {
  TINYINT: 8,
  SMALLINT: 16,
  INTEGER: 32,
  BIGINT: 64,
  UTINYINT: 8,
  USMALLINT: 16,
  UINTEGER: 32,
  UBIGINT: 64,
};

/** The whole numbers that a floating-point type holds exactly, in bits. */
const FLOAT_BITS: Record<string, number> = { FLOAT: 24, DOUBLE: 53 };

function castSql(column: string, source: string, carrier: string): Cast {
  if (source === 'BLOB' && carrier === 'VARCHAR') return { sql: `decode(${column})`, safe_sql: null };
  if (source === 'VARCHAR' && carrier === 'BLOB') return { sql: `encode(${column})`, safe_sql: null };
  const plain = `CAST(${column} AS ${carrier})`;
  if (keepsValues(source, carrier)) return { sql: plain, safe_sql: null };
  const sql = `TRY_CAST(${column} AS ${carrier})`;
  if (source === 'VARCHAR') {
    // DuckDB rounds '1.5' to 2 where a whole number is wanted.
    const whole = carrier in INTEGER_BITS ? ` AND NOT regexp_matches(${column}, '[.eE]')` : '';
    return { sql, safe_sql: `${sql} IS NOT NULL${whole}` };
  }
  // Doubles lose digits as floats by nature; what must not happen is that numbers become others, or times earlier ones.
  if (source === 'DOUBLE' && carrier === 'FLOAT') return { sql, safe_sql: `${sql} IS NOT NULL` };
  return { sql, safe_sql: `TRY_CAST(${sql} AS ${source}) IS NOT DISTINCT FROM ${column}` };
}

function keepsValues(source: string, carrier: string): boolean {
  if (carrier === 'VARCHAR' || isNested(carrier)) return true;
  const from = INTEGER_BITS[source];
  const to = INTEGER_BITS[carrier];
  if (from !== undefined && to !== undefined) {
    const unsigned = source.startsWith('U');
    return unsigned === carrier.startsWith('U') ? to >= from : unsigned && to > from;
  }
  if (from !== undefined && carrier in FLOAT_BITS) return (FLOAT_BITS[carrier] ?? 0) >= from;
  if (source === 'FLOAT' && carrier === 'DOUBLE') return true;
  if (source.startsWith('DECIMAL') && carrier in FLOAT_BITS) return true;
  if (source.startsWith('TIME') && !source.startsWith('TIMESTAMP')) return carrier.startsWith('TIME');
  return source === 'TIMESTAMP' && carrier === 'TIMESTAMP WITH TIME ZONE';
}

/** Casts inside lists and structs fail by themselves, with DuckDB's words. */
function isNested(carrier: string): boolean {
  return /^(STRUCT|MAP)\(|\]$/.test(carrier);
}

function defaultSql(field: Field, carrier: string): string {
  const [{ past_default } = { past_default: null }] = schemaFields(new Schema([field]));
  if (past_default === null || past_default === undefined) return `CAST(NULL AS ${carrier})`;
  const kind = scalarKind(field.type);
  if (kind === null) {
    return `CAST(CAST(${quoteText(JSON.stringify(past_default))} AS JSON) AS ${carrier})`;
  }
  const scalar = readScalar(kind, past_default);
  if (scalar instanceof Uint8Array) return `unhex('${Buffer.from(scalar).toString('hex')}')`;
  if (scalar === undefined || DataType.isDuration(field.type))
    return `CAST(${quoteText(String(past_default))} AS ${carrier})`;
  return `CAST(${quoteText(String(scalarJson(kind, scalar) ?? scalar))} AS ${carrier})`;
}
