import * as arrow from 'apache-arrow';
import type { WriterProperties } from 'parquet-wasm';
import type { TypedRows } from '../rows.ts';
import type { Compression, FileWrite, StoredRows } from './capability.ts';
import { distinctColumns } from './parquet-dictionary.ts';
import { storedColumn } from './parquet-storable.ts';

/** Readers split their work by row groups; one of a million rows would keep them to one thread. */
const ROW_GROUP_ROWS = 262_144;

/**
 * Writes gathered rows to a Parquet file, whole and durable, and tells its size. The Arrow types are kept beside
 * Parquet's, so that every Arrow reader gets back the columns that were given.
 */
export async function writeParquet(rows: TypedRows, { path, compression, access }: FileWrite): Promise<StoredRows> {
  const bytes = await encodeParquet(rows, compression ?? 'zstd');
  await access.open(path).writeNew(path, bytes);
  const content_length = bytes.byteLength;
  return { content_length, source_content_length: content_length, content_encoding: 'identity' };
}

/** Gathered rows as the bytes of a Parquet file. */
export async function encodeParquet(rows: TypedRows, compression: Compression): Promise<Uint8Array> {
  const { Table, writeParquet: encode } = await import('parquet-wasm');
  const stream = arrow.tableToIPC(storedTable(rows), 'stream');
  return encode(Table.fromIPCStream(stream), await writerProperties(compression, distinctColumns(rows)));
}

/** Gathered rows in the form they have in a file; of the named columns all lists of a fixed size become lists. */
export function storedTable({ row_count, columns }: TypedRows, listed: ReadonlySet<string> = new Set()): arrow.Table {
  const stored = columns.map(({ field, chunks: [chunk, ...others] }) => {
    if (chunk === undefined || others.length > 0) throw new Error('rows are gathered before they are written');
    const { type, data } = storedColumn(chunk, listed.has(field.name) ? 'all' : 'with nulls');
    return { data, field: new arrow.Field(field.name, type, field.nullable, field.metadata) };
  });
  const schema = new arrow.Schema(stored.map(({ field }) => field));
  const children = stored.map(({ data }) => data);
  const type = new arrow.Struct(schema.fields);
  const batch = new arrow.RecordBatch(schema, arrow.makeData({ type, length: row_count, nullCount: 0, children }));
  return new arrow.Table(schema, [batch]);
}

/** How every file is written, some of its columns without a dictionary; each write needs its own. */
export async function writerProperties(compression: Compression, plain: string[] = []): Promise<WriterProperties> {
  // Loaded on the first write: five megabytes of WebAssembly that readers never need.
  const { Compression, WriterPropertiesBuilder } = await import('parquet-wasm');
  const codec = {
    zstd: Compression.ZSTD,
    snappy: Compression.SNAPPY,
    gzip: Compression.GZIP,
    none: Compression.UNCOMPRESSED,
  }[compression];
  const builder = new WriterPropertiesBuilder()
    .setCompression(codec)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setCreatedBy('deltacat-ts');
  return plain.reduce((made, column) => made.setColumnDictionaryEnabled(column, false), builder).build();
}
