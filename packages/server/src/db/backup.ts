import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { explainFolder, makeFolder } from './folder.ts';
import { FILE } from './sqlite.ts';
import { listDamages } from './sqlite-damages.ts';
import { inspectCopy, type StoredCopy, syncToDisk } from './stored-copy.ts';

/** How long a backup waits for the store when somebody holds it for a moment. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Copies the store of a folder into one file, as it is at the beginning, while a server may go on with it: every commit
 * that was acknowledged before is in it. The file is whole, checked and on disk once it has its name. Throws when there is
 * no store, and when the file exists, unless it may be replaced.
 */
export async function backupStore(folder: string, to: string, { force }: { force: boolean }): Promise<StoredCopy> {
  const store = join(folder, FILE);
  const target = resolve(to);
  if (!existsSync(store)) throw new Error(`There is no store in ${folder}. Name the --catalog-root of a server.`);
  refuseTaken(target, store, force);
  const unfinished = `${target}.unfinished-${randomBytes(4).toString('hex')}`;
  try {
    makeFolder(dirname(target));
    copyStore(store, unfinished);
    const copy = await inspectCopy(unfinished);
    syncToDisk(unfinished);
    renameSync(unfinished, target);
    syncToDisk(dirname(target));
    return copy;
  } catch (error) {
    throw explainFolder(error, dirname(target));
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function refuseTaken(target: string, store: string, force: boolean): void {
  if ([store, `${store}-wal`, `${store}-shm`].includes(target)) {
    throw new Error(`${target} is a part of the store itself. Choose another name for the backup.`);
  }
  const found = statSync(target, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isFile()) throw new Error(`${target} is not a file. Choose another name for the backup.`);
  if (!force) throw new Error(`${target} exists already. Choose another name, or replace it with --force.`);
}

/** Copies one state: unlike copying page by page, this need not begin again whenever the server commits. */
function copyStore(store: string, to: string): void {
  const connection = new DatabaseSync(store, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    // What cannot be read is left out by a copy that looks whole.
    const damages = listDamages(connection);
    if (damages.length > 0)
      throw new Error(`The store in ${dirname(store)} is damaged: ${damages[0]}. Restore a backup.`);
    connection.prepare('VACUUM INTO ?').run(to);
  } finally {
    connection.close();
  }
}
