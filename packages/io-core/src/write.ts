import { randomBytes } from 'node:crypto';
import {
  type ColumnStats,
  type ContentType,
  DeltacatError,
  EMPTY_SCHEME_ID,
  type PartitionScheme,
  type PartitionValue,
  type SchemaField,
  type SortScheme,
  type WriteEntry,
  type WriteMode,
} from '@deltacat/contract';
import type * as arrow from 'apache-arrow';
import { coerceColumns, typeRows } from './coerce.ts';
import { rowsFrom } from './columns/gather.ts';
import type { Compression, Format, StoredRows } from './formats/capability.ts';
import { FORMATS } from './formats/format.ts';
import { type PartitionRows, partitionRows } from './partition/partition.ts';
import type { RowData } from './row-data.ts';
import type { BlockSize, RowStream } from './row-stream.ts';
import { gatherRows, type TypedRows, tableOf } from './rows.ts';
import { deserializeSchema, schemaFields, typeAlias } from './schema/schema.ts';
import { tableStats } from './stats.ts';
import { ambientAccess, type StorageAccess } from './storage/access.ts';
import { sortRows } from './write-order.ts';

/** Where rows go and what they must become: mostly the words of a write session. */
export interface WriteTarget {
  /** The folder of the files: an absolute path or URI, made when it is missing. */
  data_dir: string;
  /** The table's schema as an Arrow schema message; wins over `schema`. Without either, rows are written as they are. */
  schema_serialized?: string | null;
  schema?: SchemaField[] | null;
  schema_evolution_mode?: string | null;
  schema_consistency_type?: string | null;
  partition_scheme?: PartitionScheme | null;
  sort_scheme?: SortScheme | null;
  merge_keys?: string[] | null;
  target_records_per_file?: number | null;
  /** `delete` writes the merge keys of rows to remove; other modes do not change what is written. */
  mode?: WriteMode | null;
  format?: ContentType | null;
  /** What file names begin with; a random part follows, so that writers of one folder never meet. */
  file_prefix?: string | null;
  compression?: Compression | null;
  /** How the folder is reached. */
  access?: StorageAccess | null;
}

/** Rows of one file when the target does not say. */
export const RECORDS_PER_FILE = 4_000_000;

/** Arrow bytes of one file: WebAssembly addresses 4 GiB, and holds the rows twice while it encodes them. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Writes rows as files of a table and tells the entries to commit, in the order of the files. The rows are fitted to
 * the schema (`schema_mismatch` when they do not fit), split by the partition scheme and sorted. Nothing is visible to
 * readers before the entries are committed; when this fails, the files written so far are removed.
 */
export async function writeRows(data: RowData, target: WriteTarget): Promise<WriteEntry[]> {
  writerOf(target.format ?? 'parquet');
  return writeTyped(targetRows(data, target), target);
}

async function writeTyped(rows: TypedRows, target: WriteTarget): Promise<WriteEntry[]> {
  const { extension, write } = writerOf(target.format ?? 'parquet');
  const parts = writeParts(rows, target);
  const written: WriteEntry[] = [];
  const pathOf = filePaths(target, extension);
  try {
    for (const [index, part] of parts.entries()) {
      written.push(await writePart(rows, { ...part, path: pathOf(index), target, write }));
    }
    return written;
  } catch (error) {
    await removeAll(written, target);
    throw error;
  }
}

/** Bytes of rows that are gathered before they are written, whatever the number of rows: they are held a few times over meanwhile. */
const BLOCK_BYTES_MAX = 128 * 1024 * 1024;

/**
 * Writes rows that come one after another, in blocks of as many rows as a file has, or fewer where they are large; otherwise as
 * `writeRows` does. Of a column that the schema does not have, the first block with values tells the type, and later ones must fit it.
 * When the rows or a write fail, the files of earlier blocks are removed as well.
 */
export async function writeRowStream(rows: RowStream, target: WriteTarget): Promise<WriteEntry[]> {
  const written: WriteEntry[] = [];
  const seen = new Map<string, SchemaField>();
  try {
    for await (const block of rows.blocks(blockSize(target))) {
      const typed = targetRows(block, withFields(target, [...seen.values()]));
      written.push(...(await writeTyped(typed, target)));
      if (Array.isArray(block)) noteTypes(typed, seen);
    }
    return written;
  } catch (error) {
    await removeAll(written, target);
    throw error;
  }
}

/** The schema that the first block of rows asks for, before `writeRowStream` writes it; null for no rows. */
export function firstSchema(rows: RowStream, target: WriteTarget): Promise<arrow.Schema | null> {
  return rows.firstSchema(blockSize(target));
}

function blockSize({ target_records_per_file }: WriteTarget): BlockSize {
  return { records_max: target_records_per_file || RECORDS_PER_FILE, bytes_max: BLOCK_BYTES_MAX };
}

/** The types that plain rows asked for; nulls alone ask for none. */
function noteTypes({ columns }: TypedRows, seen: Map<string, SchemaField>): void {
  for (const { field } of columns) {
    const type = typeAlias(field.type);
    if (type !== 'null' && !seen.has(field.name)) seen.set(field.name, { name: field.name, type });
  }
}

function withFields(target: WriteTarget, seen: SchemaField[]): WriteTarget {
  if (seen.length === 0) return target;
  const fields = targetFields(target);
  const known = new Set(fields?.map(({ name }) => name));
  const schema = [...(fields ?? []), ...seen.filter(({ name }) => !known.has(name))];
  // Where there is no schema, every column is welcome.
  const free = fields === null ? { schema_evolution_mode: 'auto' } : {};
  return { ...target, ...free, schema_serialized: null, schema };
}

function removeAll(written: WriteEntry[], target: WriteTarget): Promise<unknown> {
  const access = accessOf(target);
  const { remove } = FORMATS[target.format ?? 'parquet'];
  return Promise.allSettled(
    written.map(({ path }) => (remove ? remove(path, access) : access.open(path).remove(path))),
  );
}

/** The paths of the files of one write, by their number. No other write has one of them. */
export function filePaths({ data_dir, file_prefix }: WriteTarget, extension = ''): (index: number) => string {
  const start = `${data_dir.replace(/\/+$/, '')}/${file_prefix ?? 'w-'}${randomBytes(6).toString('hex')}`;
  return (index) => `${start}-${String(index).padStart(5, '0')}${extension}`;
}

function accessOf({ access }: WriteTarget): StorageAccess {
  return access ?? ambientAccess;
}

type Write = NonNullable<Format['write']>;

function writerOf(format: ContentType): { extension: string; write: Write } {
  const { extension = '', write } = FORMATS[format];
  if (write !== undefined) return { extension, write };
  throw new DeltacatError(
    'not_supported',
    `Files of type ${format} cannot be written here; write Parquet, or use the official Python client (pip install 'deltacat-client[all]').`,
    { content_type: format },
  );
}

/** Rows as what a target wants: cast to its schema, or as they are where it has none. */
export function targetRows(data: RowData, target: WriteTarget): TypedRows {
  const fields = targetFields(target);
  const delete_keys = target.mode === 'delete' ? deleteColumns(target) : null;
  if (fields === null) return typeRows(data);
  const upsert_keys = target.mode && UPSERTING.includes(target.mode) ? (target.merge_keys ?? null) : null;
  return coerceColumns(data, fields, { ...target, delete_keys, upsert_keys });
}

/** The modes whose rows replace others of the same merge keys, where the table has some. */
const UPSERTING: WriteMode[] = ['auto', 'create', 'merge', 'replace', 'replace_partition'];

function targetFields({ schema, schema_serialized }: WriteTarget): SchemaField[] | null {
  if (!schema_serialized) return schema ?? null;
  const known = new Map((schema ?? []).map((field) => [field.name, field]));
  return schemaFields(deserializeSchema(schema_serialized)).map((field) => ({
    ...field,
    future_default: field.future_default ?? known.get(field.name)?.future_default,
    consistency_type: field.consistency_type ?? known.get(field.name)?.consistency_type,
  }));
}

/** What the rows of a delete must tell: their keys, and the partition they are in. */
function deleteColumns({ merge_keys, partition_scheme }: WriteTarget): string[] {
  if (!merge_keys?.length) {
    throw new DeltacatError('merge_keys_required', 'Rows are deleted by merge keys, and the table has none.');
  }
  return [...new Set([...merge_keys, ...(partition_scheme?.keys ?? []).flatMap(({ key }) => key)])];
}

interface Part {
  /** The rows of one file, in their order. */
  order: Int32Array;
  partition_values: PartitionValue[] | null;
}

function writeParts(rows: TypedRows, target: WriteTarget): Part[] {
  const groups = writeGroups(rows, target);
  const size = Math.min(target.target_records_per_file || RECORDS_PER_FILE, rowsThatFit(rows));
  return groups.flatMap(({ rows: order, values: partition_values }) => {
    const sorted = sortRows(rows, order, target);
    const files = Math.ceil(sorted.length / size);
    return Array.from({ length: files }, (_, file) => ({
      order: sorted.subarray(file * size, (file + 1) * size),
      partition_values,
    }));
  });
}

function writeGroups(rows: TypedRows, { partition_scheme }: WriteTarget): PartitionRows[] {
  const sources = new Set(partition_scheme?.keys.flatMap(({ key }) => key));
  if (sources.size === 0) return [{ values: null, rows: rowsFrom(0, rows.row_count) }];
  const columns = rows.columns.filter(({ field }) => sources.has(field.name));
  return partitionRows(tableOf({ ...rows, columns }), partition_scheme);
}

function rowsThatFit({ row_count, columns }: TypedRows): number {
  const bytes = columns.reduce((sum, { chunks }) => sum + chunks.reduce((all, chunk) => all + chunk.byteLength, 0), 0);
  return Math.max(1, Math.floor(row_count / Math.max(1, Math.ceil(bytes / FILE_BYTES_MAX))));
}

async function writePart(
  rows: TypedRows,
  { order, partition_values, path, target, write }: Part & { path: string; target: WriteTarget; write: Write },
): Promise<WriteEntry> {
  const gathered = gatherRows(rows, order);
  const stored = await write(gathered, {
    path,
    compression: target.compression ?? null,
    access: accessOf(target),
  });
  const column_stats = tableStats(tableOf(gathered));
  return entryOf({ path, record_count: order.length, ...stored, column_stats, partition_values }, target);
}

/** What is known of a written file. */
export interface FileFacts extends StoredRows {
  path: string;
  record_count: number;
  column_stats: Record<string, ColumnStats>;
  partition_values: PartitionValue[] | null;
}

/** The entry that stands for a written file. */
export function entryOf(file: FileFacts, target: WriteTarget): WriteEntry {
  const { partition_scheme, sort_scheme, merge_keys, mode } = target;
  return {
    ...file,
    content_type: target.format ?? 'parquet',
    partition_scheme_id: file.partition_values === null ? null : (partition_scheme?.id ?? null),
    sort_scheme_id: sort_scheme?.keys.length ? (sort_scheme.id ?? null) : EMPTY_SCHEME_ID,
    entry_type: 'data',
    entry_params: mode === 'delete' ? { equality_field_locators: merge_keys ?? [] } : null,
  };
}
