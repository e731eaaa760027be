import * as arrow from 'apache-arrow';
import { gatherColumn } from '../column-gather.ts';
import type { TypedRows } from '../rows.ts';
import { openStorage } from '../storage/open.ts';
import { storedColumn } from './parquet-storable.ts';

/** How the values of a file are compressed. */
export type ParquetCompression = 'zstd' | 'snappy' | 'none';

/** What of some rows goes into which file. */
export interface ParquetWrite {
  path: string;
  compression: ParquetCompression;
  /** The rows to write, in their order. */
  order: Int32Array;
}

/** Readers split their work by row groups; one of a million rows would keep them to one thread. */
const ROW_GROUP_ROWS = 131_072;

/**
 * Writes rows to a Parquet file, whole and durable, and tells its size. The Arrow types are kept beside Parquet's, so
 * that every Arrow reader gets back the columns that were given.
 */
export async function writeParquet(rows: TypedRows, { path, compression, order }: ParquetWrite): Promise<number> {
  const bytes = await encodeParquet(ipcStream(rows, order), compression);
  await openStorage(path).write(path, bytes);
  return bytes.byteLength;
}

function ipcStream({ columns }: TypedRows, order: Int32Array): Uint8Array {
  const stored = columns.map(({ field, chunks }) => {
    const { type, data } = storedColumn(gatherColumn(chunks, order));
    return { data, field: new arrow.Field(field.name, type, field.nullable, field.metadata) };
  });
  const schema = new arrow.Schema(stored.map(({ field }) => field));
  const children = stored.map(({ data }) => data);
  const type = new arrow.Struct(schema.fields);
  const batch = new arrow.RecordBatch(schema, arrow.makeData({ type, length: order.length, nullCount: 0, children }));
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
