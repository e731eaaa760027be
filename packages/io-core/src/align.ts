import { DataType, type Field, Schema } from 'apache-arrow';
import { carrierSql } from './duckdb/carrier.ts';
import { quoteIdentifier, quoteText } from './duckdb/quote.ts';
import { mismatchSql } from './duckdb/session.ts';
import { parseTypeText, type TypeText } from './duckdb/type-text.ts';
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
  if (isNested(carrier)) {
    return { sql: plain, safe_sql: partsSql(column, { from: parseTypeText(source), to: parseTypeText(carrier) }) };
  }
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
  if (carrier === 'VARCHAR') return true;
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

function isNested(carrier: string): boolean {
  return parseTypeText(carrier).kind !== 'plain';
}

/** The type of a value and the one that it is cast to. */
interface Change {
  from: TypeText;
  to: TypeText;
  /** How many lists the value is in: each names its items after it. */
  depth?: number;
}

/** When a cast keeps every part of a nested value; null where it always does, or fails by itself. */
function partsSql(value: string, { from, to, depth = 0 }: Change): string | null {
  if (from.kind === 'list' && to.kind === 'list') return itemsSql(value, { from: from.item, to: to.item, depth });
  if (from.kind === 'map' && to.kind === 'map') {
    const keys = itemsSql(`map_keys(${value})`, { from: from.key, to: to.key, depth });
    return allSql([keys, itemsSql(`map_values(${value})`, { from: from.value, to: to.value, depth })]);
  }
  if (from.kind === 'struct' && to.kind === 'struct') {
    const fields = [...to.fields].map(([name, type]) => {
      const source = from.fields.get(name);
      return source
        ? partsSql(`struct_extract(${value}, ${quoteText(name)})`, { from: source, to: type, depth })
        : null;
    });
    return allSql(fields);
  }
  return from.kind === 'plain' && to.kind === 'plain' ? partSql(value, from.text, to.text) : null;
}

function itemsSql(value: string, { from, to, depth = 0 }: Change): string | null {
  const item = `item${depth}`;
  const safe = partsSql(item, { from, to, depth: depth + 1 });
  return safe === null ? null : `(${value} IS NULL OR len(list_filter(${value}, lambda ${item}: NOT ${safe})) = 0)`;
}

function partSql(value: string, source: string, carrier: string): string | null {
  if (sameType(source, carrier)) return null;
  const safe =
    BYTES_OR_TEXT.includes(source) && BYTES_OR_TEXT.includes(carrier)
      ? // Inside, DuckDB's own cast takes bytes for their escapes.
        `TRY_CAST(${value} AS ${carrier}) IS NOT DISTINCT FROM TRY(${castSql(value, source, carrier).sql})`
      : castSql(value, source, carrier).safe_sql;
  return safe === null ? null : `(${value} IS NULL OR ${safe})`;
}

const BYTES_OR_TEXT = ['BLOB', 'VARCHAR'];

function allSql(conditions: (string | null)[]): string | null {
  const all = conditions.filter((condition) => condition !== null);
  return all.length === 0 ? null : `(${all.join(' AND ')})`;
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
