import { type DataFile, DeltacatError } from '@deltacat/contract';
import type { Session } from './duckdb/session.ts';
import { openScan, type ScanOptions } from './scan.ts';
import type { StorageAccess } from './storage/access.ts';
import { folderSize } from './storage/real-path.ts';

/** Which files a read went about that failed, and how. */
export interface FailedRead {
  files: readonly DataFile[];
  access: StorageAccess;
  /** By what its files can be read again, one by one; left out where the session is another's and may be busy. */
  again?: { session: Session } & Omit<ScanOptions, 'access'>;
}

/** How the ways into a file say that it is not there; a file that has gone in the middle of a query fails in DuckDB. */
const MISSING_CODES: ReadonlySet<string> = new Set(['invalid_entry', 'not_found']);
const DUCKDB_IO = /^IO Error|No files found/;
/** DuckDB's words begin with the kind of error, of which it has many for bytes that are not what they should be. */
const DUCKDB_ERROR = /^[A-Z][A-Za-z ]* Error: /;
/** What is the fault of one file. */
const FILE_CODES: ReadonlySet<string> = new Set(['invalid_entry', 'schema_mismatch']);

/** Files looked for at a time. */
const FILES_AT_ONCE = 64;

/**
 * What a failed read is told, with the file that is to blame: `data_missing` when one is gone, `invalid_entry` when one cannot
 * be read by itself, else the error as it is, naming the files in question. Only asked after a failure, so that reads that
 * succeed look for nothing.
 */
export async function explainFailure(error: unknown, read: FailedRead): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  const gone = mayBeMissing(error) ? await findMissing(read) : null;
  if (gone !== null) return missing(gone, error);
  const damage = isDamage(error) && !isNamed(error) ? await findDamage(error, read) : null;
  return damage ?? nameFiles(error, read.files);
}

function mayBeMissing(error: Error): boolean {
  return error instanceof DeltacatError ? MISSING_CODES.has(error.code) : DUCKDB_IO.test(error.message);
}

async function findMissing({ files, access }: FailedRead): Promise<DataFile | null> {
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const some = files.slice(at, at + FILES_AT_ONCE);
    const sizes = await Promise.all(some.map((file) => sizeOf(file, access)));
    const gone = some[sizes.indexOf(null)];
    if (gone) return gone;
  }
  return null;
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

function isDamage(error: Error): boolean {
  return error instanceof DeltacatError ? error.code === 'invalid_entry' : DUCKDB_ERROR.test(error.message);
}

function isNamed(error: Error): boolean {
  return error instanceof DeltacatError && typeof error.details.path === 'string';
}

/** DuckDB mostly does not say which file it was in, so each is read again, until the first fails. */
async function findDamage(error: Error, read: FailedRead): Promise<Error | null> {
  const named = read.files.filter(({ path }) => error.message.includes(path));
  for (const file of named.length > 0 ? named : read.files) {
    const problem = await problemOf(file, read);
    if (problem !== null) return isNamed(problem) ? problem : damaged(file, problem);
  }
  return null;
}

/** Why a file cannot be read, or null when it can. */
async function problemOf(file: DataFile, { access, again }: FailedRead): Promise<Error | null> {
  if (again === undefined) return null;
  const { session, ...options } = again;
  try {
    await using scan = await openScan(session, [file], { ...options, access });
    for (const { from_sql } of scan.relations) {
      await session.rows(`SELECT bit_xor(hash(r)) FROM (SELECT COLUMNS(*) FROM ${from_sql}) r`);
    }
    return null;
  } catch (error) {
    return error instanceof Error && isDamage(error) ? error : null;
  }
}

function damaged({ path }: DataFile, cause: Error): DeltacatError {
  const [reason] = cause.message.split('\n', 1);
  return new DeltacatError(
    'invalid_entry',
    `The data file ${path} cannot be read, so it was changed or cut: ${reason} Bring back a whole copy of it, or roll the table back to a time without it.`,
    { path, cause },
  );
}

/** The failure with the files in question: the one, or all of a few. */
function nameFiles(error: Error, files: readonly DataFile[]): Error {
  const [first] = files;
  if (!(error instanceof DeltacatError) || !FILE_CODES.has(error.code) || first === undefined) return error;
  if (files.some(({ path }) => error.message.includes(path))) return error;
  const alone = files.length === 1;
  const which = alone ? first.path : `${first.path} or one of ${files.length - 1} others read with it`;
  const details = { ...error.details, ...(alone && { path: first.path }), cause: error };
  return new DeltacatError(error.code, `${error.message} The file is ${which}.`, details);
}
