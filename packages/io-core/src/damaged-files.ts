import { type DataFile, DeltacatError } from '@deltacat/contract';
import type { Session } from './duckdb/session.ts';
import { openScan, type ScanOptions } from './scan.ts';

/** DuckDB's words begin with the kind of error, of which it has many for bytes that are not what they should be. */
const DUCKDB_ERROR = /^[A-Z][A-Za-z ]* Error: /;

/** How a failed read went about its files. */
export interface FailedRead {
  session: Session;
  files: readonly DataFile[];
  scanning: Omit<ScanOptions, 'wanted'>;
  wanted: ReadonlySet<string>;
}

/**
 * What a failed read is told: `invalid_entry` with the path when one of its files cannot be read by itself, else the error as it
 * is. DuckDB mostly does not say which file it was in, so each is read again, until the first fails.
 */
export async function explainDamage(error: unknown, read: FailedRead): Promise<unknown> {
  if (!isDamage(error) || isNamed(error)) return error;
  const named = read.files.filter(({ path }) => error.message.includes(path));
  for (const file of named.length > 0 ? named : read.files) {
    const problem = await problemOf(file, read);
    if (problem !== null) return isNamed(problem) ? problem : damaged(file.path, problem);
  }
  return error;
}

/** Why a file cannot be read, or null when it can. */
async function problemOf(file: DataFile, { session, scanning, wanted }: FailedRead): Promise<Error | null> {
  try {
    await using scan = await openScan(session, [file], { ...scanning, wanted });
    for (const { from_sql } of scan.relations) {
      await session.rows(`SELECT bit_xor(hash(r)) FROM (SELECT COLUMNS(*) FROM ${from_sql}) r`);
    }
    return null;
  } catch (error) {
    if (isDamage(error)) return error;
    return null;
  }
}

function isDamage(error: unknown): error is Error {
  if (error instanceof DeltacatError) return error.code === 'invalid_entry';
  return error instanceof Error && DUCKDB_ERROR.test(error.message);
}

function isNamed(error: Error): boolean {
  return error instanceof DeltacatError && typeof error.details.path === 'string';
}

function damaged(path: string, cause: Error): DeltacatError {
  const [reason] = cause.message.split('\n', 1);
  return new DeltacatError(
    'invalid_entry',
    `The data file ${path} cannot be read, so it was changed or cut: ${reason} Bring back a whole copy of it, or roll the table back to a time without it.`,
    { path, cause },
  );
}
