import type { Session } from './duckdb/session.ts';
import { FILE_INDEX_COLUMN, FILE_ROW_COLUMN } from './formats/format.ts';
import { fileNumberSql, type Scan, type ScanRelation } from './scan.ts';

/**
 * How many rows one bitmap tells of. DuckDB copies a bitmap, being a constant, for every 2,048 rows that it looks at, so that
 * one for all rows would cost a time that grows with their square: 0.75 s for 10 million rows, 8 s for 40 million.
 */
const BITMAP_BITS = 21;
const BITMAP_ROWS = 2 ** BITMAP_BITS;
/** How many rows' bitmaps are made at a time: each of DuckDB's threads has its own of all of them, together 8 MB. */
const MARKED_ROWS_MAX = 2 ** 26;

/** The ordinals of a unit's rows: each row's place among all rows before merging, in the order that merging goes by. */
export interface Ordinals {
  /** Of the first row of each file, by the file's place. */
  starts: number[];
  /** The number of each file's first row in the file. */
  firsts: number[];
  count: number;
}

/** Counts the rows of each file. Parquet answers from its footers: 10 ms for 4 million rows. */
export async function measureRows(session: Session, scan: Scan): Promise<Ordinals> {
  const sizes = scan.files.map(() => 0);
  const firsts = scan.files.map(() => 0);
  for (const { from_sql, places } of scan.relations) {
    const rows = await session.rows(
      `SELECT ${FILE_INDEX_COLUMN}, min(${FILE_ROW_COLUMN}), max(${FILE_ROW_COLUMN}) FROM ${from_sql} GROUP BY ALL`,
    );
    for (const [index, first, last] of rows) {
      const place = places[Number(index)] ?? 0;
      firsts[place] = Number(first);
      sizes[place] = Number(last) - Number(first) + 1;
    }
  }
  let count = 0;
  const starts = sizes.map((size) => {
    count += size;
    return count - size;
  });
  return { starts, firsts, count };
}

/** The ordinal of a row, as an expression over a relation's rows. */
export function ordinalSql(relation: ScanRelation, { starts, firsts }: Ordinals): string {
  return `(${fileNumberSql(relation, (place) => (starts[place] ?? 0) - (firsts[place] ?? 0))} + ${FILE_ROW_COLUMN})`;
}

/** Which rows of a unit survive their merge: variables of the session hold a bit for each, in bitmaps of so many ordinals. */
export interface Survivors {
  /** What the variables are called, before their numbers. */
  name: string;
  /** The numbers of the bitmaps; of ordinals whose bitmap lacks, no row survived. */
  bitmaps: ReadonlySet<number>;
  /** How many rows there were before. */
  count: number;
}

/** What the variables of a session are called, where it holds the survivors of one merge at a time. */
export const SURVIVORS = 'survivors';

/**
 * Marks the rows whose ordinals (`ord`) a query gives, of so many rows in all, in variables of a name. Beside the bitmaps, a bit for each row, it holds in
 * memory what DuckDB may put aside on disk.
 */
export async function markRows(
  session: Session,
  sql: string,
  { name, count }: { name: string; count: number },
): Promise<Survivors> {
  const bitmaps = new Set<number>();
  const several = count > MARKED_ROWS_MAX;
  if (several) await session.rows(`CREATE OR REPLACE TEMP TABLE ${name}_marked AS ${sql}`);
  for (let first = 0; first < count; first += MARKED_ROWS_MAX) {
    const some = several ? `${name}_marked WHERE ord >= ${first} AND ord < ${first + MARKED_ROWS_MAX}` : `(${sql})`;
    await session.rows(
      `CREATE OR REPLACE TEMP TABLE ${name}_bitmaps AS SELECT ord >> ${BITMAP_BITS} AS number, ` +
        `bitstring_agg(ord & ${BITMAP_ROWS - 1}, 0, ${BITMAP_ROWS - 1}) AS bits FROM ${some} GROUP BY number`,
    );
    for (const [found] of await session.rows(`SELECT number FROM ${name}_bitmaps`)) {
      const number = Number(found);
      await session.rows(`SET VARIABLE ${name}${number} = (SELECT bits FROM ${name}_bitmaps WHERE number = ${number})`);
      bitmaps.add(number);
    }
  }
  await session.rows(`DROP TABLE IF EXISTS ${name}_marked; DROP TABLE IF EXISTS ${name}_bitmaps`);
  return { name, bitmaps, count };
}

/** A condition on rows of a relation: that they survived the merge of their group. */
export function survivesSql(relation: ScanRelation, ordinals: Ordinals, { name, bitmaps, count }: Survivors): string {
  const ordinal = ordinalSql(relation, ordinals);
  const bit = `CAST(${ordinal} & ${BITMAP_ROWS - 1} AS INTEGER)`;
  // Halved again and again, so that a row is compared with few bounds, and of all bitmaps only its own is copied.
  const among = (first: number, end: number): string => {
    if (end - first <= 1) return bitmaps.has(first) ? `get_bit(getvariable('${name}${first}'), ${bit}) = 1` : 'false';
    const middle = (first + end) >> 1;
    const [lower, upper] = [among(first, middle), among(middle, end)];
    if (lower === upper) return lower;
    return `CASE WHEN ${ordinal} < ${middle * BITMAP_ROWS} THEN ${lower} ELSE ${upper} END`;
  };
  return among(0, Math.ceil(count / BITMAP_ROWS));
}

/** Gives back the memory of a unit's bitmaps. */
export async function forgetSurvivors(session: Session, survivors: Survivors): Promise<void> {
  for (const statement of forgetSql(survivors)) await session.rows(statement);
}

/** The statements that give it back. */
export function forgetSql({ name, bitmaps }: Survivors): string[] {
  return [...bitmaps].map((number) => `RESET VARIABLE ${name}${number}`);
}
