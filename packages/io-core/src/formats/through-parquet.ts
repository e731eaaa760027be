import type { RecordBatch } from 'apache-arrow';
import { ambientAccess } from '../storage/access.ts';
import { accessToCopy } from '../storage/local-copy.ts';
import type { Format, IndexedFile, ScanInput } from './capability.ts';
import { requireNames } from './column-names.ts';
import { damaged } from './damaged.ts';
import { scanParquet } from './parquet.ts';
import { type FileRows, storeParquet } from './parquet-file.ts';

/** How the rows of a file are read by ourselves: at least the wanted columns. */
export type ReadRows = (file: IndexedFile['file'], input: ScanInput) => Promise<FileRows>;

/** The same for a format whose files are read in many small parts: one of a remote store is copied whole, once, before. */
export function readCopies(readRows: ReadRows): ReadRows {
  return async (file, input) => {
    const storage = input.access.open(file.path);
    const access = await accessToCopy({ path: file.path, storage, scratch: input.scratch });
    return readRows(file, { ...input, access });
  };
}

/** The rows of a Parquet row group at most, so that few of them are in memory at a time. */
const SLICE_ROWS = 131_072;

/**
 * The scan of a format that DuckDB does not know: each file is written anew as a temporary Parquet file, a batch at a time, with
 * its Arrow types and the wanted columns only. DuckDB's binding for Node takes no Arrow data, and its appender takes one value
 * after another, which is slower than this.
 */
export function scanThroughParquet(readRows: ReadRows): NonNullable<Format['scan']> {
  return async (files, input) => {
    const stored: IndexedFile[] = [];
    for (const { file, index } of files) {
      const { schema, batches } = await readRows(file, input);
      requireNames(file.path, schema.fields);
      const path = await input.scratch.path('.parquet', file.path);
      const rows = { schema, batches: () => sliced(batches()) };
      try {
        await storeParquet(rows, { path, access: ambientAccess, compression: 'snappy' });
      } catch (error) {
        throw refusedByArrow(error) ? damaged(file.path, error.message) : error;
      }
      stored.push({ file: { ...file, path, content_type: 'parquet' }, index });
    }
    return scanParquet(stored, { ...input, access: ambientAccess });
  };
}

async function* sliced(batches: AsyncIterable<RecordBatch>): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    if (batch.numRows <= SLICE_ROWS) yield batch;
    else for (let row = 0; row < batch.numRows; row += SLICE_ROWS) yield batch.slice(row, row + SLICE_ROWS);
  }
}

/** Arrow's own reader looks at what ours does not, such as whether texts are UTF-8. */
function refusedByArrow(error: unknown): error is Error {
  return (
    error instanceof Error && /^(Invalid argument|Schema|Parquet|Arrow|Parser|External|Ipc) error/i.test(error.message)
  );
}
