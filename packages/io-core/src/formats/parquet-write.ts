import * as arrow from 'apache-arrow';
import type { TypedRows } from '../rows.ts';
import { openStorage } from '../storage/open.ts';
import { storedColumn } from './parquet-storable.ts';

/** How the values of a file are compressed. */
export type ParquetCompression = 'zstd' | 'snappy' | 'none';

/** Where rows go, and how. */
export interface ParquetWrite {
  path: string;
  compression: ParquetCompression;
}

/** Readers split their work by row groups; one of a million rows would keep them to one thread. */
const ROW_GROUP_ROWS = 262_144;

/**
 * Writes gathered rows to a Parquet file, whole and durable, and tells its size. The Arrow types are kept beside
 * Parquet's, so that every Arrow reader gets back the columns that were given.
 */
export async function writeParquet(rows: TypedRows, { path, compression }: ParquetWrite): Promise<number> {
  const bytes = await encodeParquet(ipcStream(rows), compression);
  await openStorage(path).write(path, bytes);
  return bytes.byteLength;
}

function ipcStream({ row_count, columns }: TypedRows): Uint8Array {
  const stored = columns.map(({ field, chunks: [chunk, ...others] }) => {
    if (chunk === undefined || others.length > 0) throw new Error('rows are gathered before they are written');
    const { type, data } = storedColumn(chunk);
    return { data, field: new arrow.Field(field.name, type, field.nullable, field.metadata) };
  });
  const schema = new arrow.Schema(stored.map(({ field }) => field));
  const children = stored.map(({ data }) => data);
  const type = new arrow.Struct(schema.fields);
  const batch = new arrow.RecordBatch(schema, arrow.makeData({ type, length: row_count, nullCount: 0, children }));
  return arrow.tableToIPC(new arrow.Table(schema, [batch]), 'stream');
}

async function encodeParquet(stream: Uint8Array, compression: ParquetCompression): Promise<Uint8Array> {
  // Loaded on the first write: five megabytes of WebAssembly that readers never need.
  const { Compression, Table, WriterPropertiesBuilder, writeParquet: encode } = await import('parquet-wasm');
  const codec = { zstd: Compression.ZSTD, snappy: Compression.SNAPPY, none: Compression.UNCOMPRESSED }[compression];
  const properties = new WriterPropertiesBuilder()
    .setCompression(codec)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setCreatedBy('deltacat-ts')
    .build();
  return encode(Table.fromIPCStream(stream), properties);
}
