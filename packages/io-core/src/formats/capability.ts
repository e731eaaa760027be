import type { ColumnStats, DataFile, SchemaField } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import type { Scratch } from '../storage/scratch.ts';

/** The column of a scan that numbers its files, as given, from 0. Odd names, so that no column of a user's is hidden. */
export const FILE_INDEX_COLUMN = '__deltacat_file_index';
/** The column of a scan that orders the rows of one file. It rises along the file, but need not start at 0. */
export const FILE_ROW_COLUMN = '__deltacat_file_row';

/** A file of a scan and its place in it. */
export interface IndexedFile {
  file: DataFile;
  index: number;
}

/** Files that DuckDB reads by one relation. */
export interface Relation {
  /** A SELECT of the files' own columns, FILE_INDEX_COLUMN (INTEGER) and FILE_ROW_COLUMN (BIGINT). */
  sql: string;
  /** The files' own columns: all files of a relation have the same. */
  columns: string[];
  indexes: number[];
}

/** What a footer tells: how many rows, of which schema, within which bounds. */
export interface Inspection {
  record_count: number | null;
  size_bytes: number;
  schema: Schema | null;
  column_stats: Record<string, ColumnStats> | null;
}

/** What can be done with files of one content type. What is absent is not supported yet. */
export interface Format {
  inspect?(path: string): Promise<Inspection>;
  scan?(files: IndexedFile[], fields: SchemaField[], scratch: Scratch): Promise<Relation[]>;
}
