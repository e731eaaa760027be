import type { DataFile, SchemaField } from '@deltacat/contract';
import { Field, Utf8 } from 'apache-arrow';
import { alignSql } from './align.ts';
import { quoteIdentifier, quoteText } from './duckdb/quote.ts';
import type { Session } from './duckdb/session.ts';
import { isTextFormat } from './formats/dialect.ts';
import {
  FILE_INDEX_COLUMN,
  FILE_ROW_COLUMN,
  type PreparedScan,
  prepareScan,
  type ScanInput,
} from './formats/format.ts';

/** Files of one layout, ready to be selected from. */
export interface ScanRelation {
  from_sql: string;
  /** DuckDB's types of the files' columns, by name. */
  columns: ReadonlyMap<string, string>;
  /** For each file of the relation's own numbering, its place among all files of the scan. */
  places: number[];
  /** The places of the files that this relation holds, in the order of its rows. */
  held: number[];
}

/** Files made ready to be read together. Rows are told apart by the place of their file and their number in it. */
export class Scan implements AsyncDisposable {
  readonly files: readonly DataFile[];
  readonly relations: readonly ScanRelation[];
  readonly #prepared: readonly PreparedScan[];

  constructor(files: readonly DataFile[], relations: readonly ScanRelation[], prepared: readonly PreparedScan[]) {
    this.files = files;
    this.relations = [...relations].sort((a, b) => (a.held[0] ?? 0) - (b.held[0] ?? 0));
    this.#prepared = prepared;
  }

  /** Whether the relations, one after the other, give the files in their order. */
  get inOrder(): boolean {
    const places = this.relations.flatMap(({ held }) => held);
    return places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const prepared of this.#prepared) await prepared.dispose();
  }
}

/** What files are opened by. */
export interface ScanOptions extends Pick<ScanInput, 'wanted' | 'access'> {
  /** The schema that a file was written by, for formats that carry none. */
  fieldsOf: (file: DataFile) => SchemaField[];
}

/**
 * Opens files for reading. Whoever opens a scan disposes of it.
 */
export async function openScan(
  session: Session,
  files: readonly DataFile[],
  { fieldsOf, wanted, access }: ScanOptions,
): Promise<Scan> {
  const prepared: PreparedScan[] = [];
  const relations: ScanRelation[] = [];
  try {
    for (const places of groupPlaces(files)) {
      const members = places.flatMap((place) => files[place] ?? []);
      const [first] = members;
      if (first === undefined) continue;
      const scan = await prepareScan(members, { fields: fieldsOf(first), wanted, access });
      prepared.push(scan);
      for (const { sql, indexes } of scan.relations) {
        const held = indexes.map((index) => places[index] ?? 0);
        relations.push({ from_sql: `(${sql})`, columns: await columnsOf(session, sql), places, held });
      }
    }
    return new Scan(files, relations, prepared);
  } catch (error) {
    for (const scan of prepared) await scan.dispose();
    throw error;
  }
}

/** Files that tell their own columns are opened together, others by the schema they were written by. */
function groupPlaces(files: readonly DataFile[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [place, file] of files.entries()) {
    const key = isTextFormat(file.content_type) ? `${file.schema_id}` : '';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [place]);
    else group.push(place);
  }
  return [...groups.values()];
}

async function columnsOf(session: Session, sql: string): Promise<Map<string, string>> {
  const rows = await session.rows(`DESCRIBE ${sql}`);
  const own = [FILE_INDEX_COLUMN, FILE_ROW_COLUMN];
  return new Map(
    rows.map(([name, type]) => [String(name), String(type)] as const).filter(([name]) => !own.includes(name)),
  );
}

/** A number per file of the scan, as an expression over a relation's rows. */
export function fileNumberSql({ places }: ScanRelation, numberOf: (place: number) => number): string {
  const numbers = places.map(numberOf);
  const [first] = numbers;
  if (numbers.every((number) => number === first)) return `CAST(${first ?? 0} AS BIGINT)`;
  return `(CAST([${numbers.join(', ')}] AS BIGINT[]))[${FILE_INDEX_COLUMN} + 1]`;
}

/** The path of each row's file, as an expression over a relation's rows. */
export function filePathSql({ places }: ScanRelation, files: readonly DataFile[]): string {
  const paths = places.map((place) => quoteText(files[place]?.path ?? ''));
  return paths.length === 1 ? (paths[0] ?? `''`) : `([${paths.join(', ')}])[${FILE_INDEX_COLUMN} + 1]`;
}

/** A column of the target schema, as an expression over a relation's rows. */
export function columnSql(relation: ScanRelation, field: Field, files: readonly DataFile[]): string {
  return alignSql(field, { columns: relation.columns, path_sql: filePathSql(relation, files) });
}

/** A relation's rows as one select per relation, in the order of the relations. */
export function unionSql(scan: Scan, select: (relation: ScanRelation) => string): string {
  return scan.relations.map((relation) => `SELECT ${select(relation)}`).join('\nUNION ALL\n');
}

/** The column that tells the path of each row's file, under a name of the reader's choice. */
export function pathField(name: string): Field {
  return new Field(name, new Utf8(), false);
}

/** The expressions of columns, each under its name. */
export function columnsSql(relation: ScanRelation, fields: readonly Field[], files: readonly DataFile[]): string[] {
  return fields.map((field) => `${columnSql(relation, field, files)} AS ${quoteIdentifier(field.name)}`);
}
