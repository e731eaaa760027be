import { DataType, type Field } from 'apache-arrow';
import { quoteIdentifier } from './duckdb/quote.ts';
import type { Session } from './duckdb/session.ts';
import { type OrderTerm, termSql } from './sort.ts';

/** Rows, and the order that they are wanted in. */
export interface SortInput {
  /** What is selected of each row. */
  select_sql: string;
  /** What it is selected from, with the condition that rows must meet. */
  from_sql: string;
  /** By what they are ordered; the last term, a number, differs for each row. Empty where rows come in their order. */
  terms: OrderTerm[];
}

/** The rows as one query, in their order. */
export function sortedSql({ select_sql, from_sql, terms }: SortInput): string {
  const by = terms.length === 0 ? '' : ` ORDER BY ${terms.map(termSql).join(', ')}`;
  return `SELECT ${select_sql} FROM ${from_sql}${by}`;
}

/** How large the rows are. */
export interface SortSize {
  /** There are at most so many. */
  rows: number;
  /** Only so many of them are wanted, the first ones: DuckDB keeps no more when it sorts. Infinity for all. */
  first: number;
  /** What their files take. */
  file_bytes: number;
  /** The columns that are selected. */
  fields: readonly Field[];
}

/** Rows take more in memory than in their files, whose compression is not known before. */
const EXPANSION = 3;
/** What a value takes that is no text. */
const VALUE_BYTES = 16;
/** How many rows the bounds are drawn from: a range is then a tenth larger or smaller than others. */
const SAMPLE_ROWS = 4_000;
/** A bound may be the beginning of a key: so much of a long text tells most apart. */
const BOUND_BYTES_MAX = 1_024;

/**
 * The rows in parts to be read one after the other, each of a range of the order that fits into memory: one where all do.
 * DuckDB sorts more by its disk, but not within its limit: 10 million rows of 6 columns took 1.1 GiB of 1 GiB and 30 s, and ended
 * with an error within 640 MiB. In parts they take 860 MiB and 74 s, because every range reads the files again. Ranges are of whole
 * sort keys, the row's number included, so that a column of one value is divided as well.
 */
export async function sortedRanges(session: Session, input: SortInput, size: SortSize): Promise<SortInput[]> {
  const bytes_max = session.sort_bytes_max;
  const wanted = Math.min(size.rows, size.first);
  const file_bytes = size.file_bytes * (wanted / Math.max(1, size.rows));
  const bytes = Math.max(file_bytes * EXPANSION, wanted * size.fields.length * VALUE_BYTES);
  if (input.terms.length === 0 || bytes <= bytes_max) return [input];
  const bounds = await rangeBounds(session, input, { ...size, bytes_max });
  return [null, ...bounds].map((first, index) => inRange(input, first, bounds[index] ?? null));
}

function inRange(input: SortInput, first: string | null, end: string | null): SortInput {
  const key = keySql(input.terms);
  const from = first === null ? [] : [`${key} >= unhex('${first}')`];
  const until = end === null ? [] : [`${key} < unhex('${end}')`];
  const bounds = [...from, ...until];
  if (bounds.length === 0) return input;
  return { ...input, from_sql: `(SELECT * FROM ${input.from_sql}) WHERE ${bounds.join(' AND ')}` };
}

/** Bytes that compare as rows are ordered: DuckDB itself sorts by them. */
function keySql(terms: OrderTerm[]): string {
  return `create_sort_key(${terms.map(({ value, order }) => `${value}, '${order}'`).join(', ')})`;
}

/** The keys at which ranges begin, as hexadecimal digits, but for the first. */
async function rangeBounds(
  session: Session,
  { from_sql, terms }: SortInput,
  { rows, fields, bytes_max }: SortSize & { bytes_max: number },
): Promise<string[]> {
  const step = Math.max(1, Math.floor(rows / SAMPLE_ROWS));
  const drawn = `hash(${terms.at(-1)?.value}) % ${step} = 0`;
  const sizes = fields.map(bytesSql).join(' + ');
  const sample = await session.rows(
    `SELECT hex(${keySql(terms)})[:${2 * BOUND_BYTES_MAX}] AS key, ${sizes} FROM (SELECT * FROM ${from_sql}) WHERE ${drawn} ORDER BY key`,
  );
  const bounds: string[] = [];
  let bytes = 0;
  for (const [key, row_bytes] of sample) {
    if (bytes >= bytes_max && key !== bounds.at(-1)) {
      bounds.push(String(key));
      bytes = 0;
    }
    bytes += Number(row_bytes) * step;
  }
  return bounds;
}

/** Roughly what a value takes. */
function bytesSql({ name, type }: Field): string {
  const column = quoteIdentifier(name);
  const length = lengthSql(column, type);
  return length === null ? `${VALUE_BYTES}` : `${VALUE_BYTES} + coalesce(${length}, 0)`;
}

function lengthSql(column: string, type: DataType): string | null {
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return `strlen(${column})`;
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) return `octet_length(${column})`;
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) return `${VALUE_BYTES} * len(${column})`;
  return null;
}
