import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { migrationStatus } from './migrate.ts';
import { kyselyOn } from './sqlite.ts';
import { listDamages } from './sqlite-damages.ts';

/** A copy of a store in one file: what it holds. */
export interface StoredCopy {
  size_bytes: number;
  catalogs: { name: string; head_seq: number; head_at_ns: bigint }[];
}

/**
 * Looks whether a file is a whole store that this server understands. Throws what is wrong with it: no store at all,
 * damaged, or written by a newer server.
 */
export async function inspectCopy(file: string): Promise<StoredCopy> {
  const size_bytes = statSync(file).size;
  const place = pathToFileURL(file);
  // Nobody changes a copy, and nothing may be made beside it.
  place.searchParams.set('immutable', '1');
  const connection = new DatabaseSync(place, { readOnly: true });
  const queries = kyselyOn(connection);
  try {
    refuseOther(connection);
    const damages = listDamages(connection);
    if (damages.length > 0) throw new Error(`It is damaged: ${damages.slice(0, 3).join('; ')}.`);
    await migrationStatus(queries);
    const catalogs = queries.selectFrom('catalogs').select(['name', 'head_seq', 'head_at_ns']).orderBy('name');
    return { size_bytes, catalogs: await catalogs.execute() };
  } finally {
    connection.close();
  }
}

function refuseOther(connection: DatabaseSync): void {
  let tables: unknown[];
  try {
    tables = connection.prepare("select name from sqlite_master where name in ('migrations', 'catalogs')").all();
  } catch (error) {
    throw new Error(`It is no store, or damaged: ${error instanceof Error ? error.message : error}.`, { cause: error });
  }
  if (tables.length < 2) throw new Error('It is a database, but not the store of a server.');
}

/** Waits until a file or a folder is on disk. */
export function syncToDisk(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
