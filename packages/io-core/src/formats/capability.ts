import type { ColumnStats, ContentEncoding, DataFile, SchemaField } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import type { TypedRows } from '../rows.ts';
import type { StorageAccess } from '../storage/access.ts';
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

/** What a scan goes by. */
export interface ScanInput {
  /** The schema the files were written by: text files carry no names or types of their own. */
  fields: SchemaField[];
  /** The columns that will be looked at, so that no others are fetched; null for all. */
  wanted: ReadonlySet<string> | null;
  access: StorageAccess;
  /** Where files are put that DuckDB must find by a path of this machine. */
  scratch: Scratch;
}

/** How the values of a file are compressed, where its format leaves the choice. */
export type Compression = 'zstd' | 'snappy' | 'gzip' | 'none';

/** Where rows go, and how. */
export interface FileWrite {
  path: string;
  /** Null for what the format does by itself. */
  compression: Compression | null;
  access: StorageAccess;
}

/** A file that was written, as its manifest entry tells it. */
export interface StoredRows {
  content_length: number;
  /** The size before `content_encoding`. */
  source_content_length: number;
  content_encoding: ContentEncoding;
}

/** What can be done with files of one content type. What is absent cannot be done here. */
export interface Format {
  /** What names of written files end with. */
  extension?: string;
  /**
   * Whether the columns that a file tells are those that were written. Avro has no small or unsigned numbers and no seconds, so that
   * its files tell other types than their table's, which are no change of it.
   */
  tells_columns?: boolean;
  inspect?(path: string, access: StorageAccess): Promise<Inspection>;
  scan?(files: IndexedFile[], input: ScanInput): Promise<Relation[]>;
  /** Writes gathered rows as one file, whole and durable. */
  write?(rows: TypedRows, write: FileWrite): Promise<StoredRows>;
  /** Removes what was written, where that is more than a file. */
  remove?(path: string, access: StorageAccess): Promise<void>;
}
