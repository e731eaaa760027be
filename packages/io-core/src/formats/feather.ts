import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { rowsFrom } from '../columns/gather.ts';
import { gatherRows, type TypedRows } from '../rows.ts';
import type { StorageAccess } from '../storage/access.ts';
import type { FileWrite, Format, Inspection, StoredRows } from './capability.ts';
import { openFeather, readBatchHeader } from './feather-file.ts';
import { readFeather } from './feather-rows.ts';
import { storedTable } from './parquet-write.ts';
import { readCopies, scanThroughParquet } from './through-parquet.ts';

/** Feather, which is the Arrow file format: its batches are compressed in ways that only Arrow's own readers know. */
export const featherFormat: Format = {
  extension: '.feather',
  tells_columns: true,
  inspect: inspectFeather,
  scan: scanThroughParquet(readCopies(({ path }, input) => readFeather(path, input))),
  write: writeFeather,
};

/** How many headers of batches are read at once. */
const HEADERS_AT_ONCE = 16;

/** Rows are counted by the headers of the batches; their data is not read. */
async function inspectFeather(path: string, access: StorageAccess): Promise<Inspection> {
  const file = await openFeather(path, access);
  let record_count = 0;
  for (let at = 0; at < file.record_batches.length; at += HEADERS_AT_ONCE) {
    const blocks = file.record_batches.slice(at, at + HEADERS_AT_ONCE);
    const headers = await Promise.all(blocks.map((block) => readBatchHeader(file, block)));
    for (const { length } of headers) record_count += length;
  }
  return { record_count, size_bytes: file.size_bytes, schema: file.schema, column_stats: null };
}

/** A batch is decompressed and decoded as a whole, so its rows are few. pyarrow writes as many. */
const BATCH_ROWS = 65_536;

/** Batches are written as they are: apache-arrow knows no compression. */
async function writeFeather(rows: TypedRows, { path, compression, access }: FileWrite): Promise<StoredRows> {
  if (compression !== null && compression !== 'none') {
    throw new DeltacatError(
      'not_supported',
      `Feather files are written here without compression, not by ${compression}; leave it out, or write Parquet.`,
      { compression },
    );
  }
  const bytes = arrow.tableToIPC(batchedTable(rows), 'file');
  await access.open(path).writeNew(path, bytes);
  const content_length = bytes.byteLength;
  return { content_length, source_content_length: content_length, content_encoding: 'identity' };
}

function batchedTable(rows: TypedRows): arrow.Table {
  const batches: arrow.RecordBatch[] = [];
  for (let row = 0; row < rows.row_count; row += BATCH_ROWS) {
    const order = rowsFrom(row, Math.min(BATCH_ROWS, rows.row_count - row));
    batches.push(...storedTable(gatherRows(rows, order)).batches);
  }
  return new arrow.Table(batches);
}
