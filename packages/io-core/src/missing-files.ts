import { type DataFile, DeltacatError } from '@deltacat/contract';
import type { StorageAccess } from './storage/access.ts';
import { folderSize } from './storage/real-path.ts';

/** How the ways into a file say that it is not there; a file that has gone in the middle of a query fails in DuckDB. */
const CODES: ReadonlySet<string> = new Set(['invalid_entry', 'not_found']);
const DUCKDB_IO = /^IO Error|No files found/;

/** Files looked for at a time. */
const FILES_AT_ONCE = 64;

/**
 * What a failed read is told: `data_missing` with the path when one of its files is gone, else the error as it is. Only
 * asked after a failure that may mean that, so that reads that succeed look for nothing.
 */
export async function explainMissing(
  error: unknown,
  files: readonly DataFile[],
  access: StorageAccess,
): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  if (error instanceof DeltacatError ? !CODES.has(error.code) : !DUCKDB_IO.test(error.message)) return error;
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const some = files.slice(at, at + FILES_AT_ONCE);
    const sizes = await Promise.all(some.map((file) => sizeOf(file, access)));
    const gone = some[sizes.indexOf(null)];
    if (gone) return missing(gone, error);
  }
  return error;
}

/** A Lance dataset is a folder. */
function sizeOf({ path, content_type }: DataFile, access: StorageAccess): Promise<number | null> {
  const storage = access.open(path);
  return content_type === 'lance' ? folderSize(storage, path) : storage.size(path);
}

function missing({ path }: DataFile, cause: Error): DeltacatError {
  return new DeltacatError(
    'data_missing',
    `The data file ${path} is gone from storage. Bring it back, or roll the table back to a time without it.`,
    { path, cause },
  );
}
