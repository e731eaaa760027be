import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { machineTime } from './clock.ts';
import { explainFolder, makeFolder } from './folder.ts';
import { holdFolder } from './lock.ts';
import { FILE } from './sqlite.ts';
import { inspectCopy, type StoredCopy, syncToDisk } from './stored-copy.ts';

/** A store that was put in place, and where the one before is kept; null when there was none. */
export interface RestoredStore extends StoredCopy {
  kept: string | null;
}

/**
 * Puts a backup in place as the store of a folder, whole or not at all. Throws when a server holds the folder, when the
 * backup is none, is damaged or comes from a newer server, and when there is a store, unless it may be replaced: then that
 * is kept beside it.
 */
export async function restoreStore(
  folder: string,
  from: string,
  { force }: { force: boolean },
): Promise<RestoredStore> {
  const backup = resolve(from);
  refuseMissing(backup);
  try {
    makeFolder(folder);
  } catch (error) {
    throw explainFolder(error, folder);
  }
  const release = holdFolder(folder);
  const unfinished = join(folder, `${FILE}.unfinished-${randomBytes(4).toString('hex')}`);
  try {
    const store = join(folder, FILE);
    if (existsSync(store) && !force) {
      throw new Error(`There is a store in ${folder}. Choose another folder, or replace it with --force: it is kept.`);
    }
    // What is checked is what is put in place, and the backup is only read.
    copyInto(backup, unfinished, folder);
    const copy = await inspectCopy(unfinished).catch((error: Error) => {
      throw new Error(`${backup} cannot be restored. ${error.message}`, { cause: error });
    });
    const kept = existsSync(store) ? keepStore(store) : null;
    putInPlace(unfinished, store);
    return { ...copy, kept };
  } finally {
    rmSync(unfinished, { force: true });
    release();
  }
}

function refuseMissing(backup: string): void {
  const found = statSync(backup, { throwIfNoEntry: false });
  if (!found?.isFile()) throw new Error(`There is no file ${backup}. Name a file that "deltacat backup" made.`);
  const log = statSync(`${backup}-wal`, { throwIfNoEntry: false });
  if (!log || log.size === 0) return;
  throw new Error(
    `${backup} is no backup: beside it is ${backup}-wal, with changes that it lacks. Make one of that store with "deltacat backup".`,
  );
}

function copyInto(backup: string, unfinished: string, folder: string): void {
  try {
    copyFileSync(backup, unfinished, constants.COPYFILE_EXCL);
    syncToDisk(unfinished);
  } catch (error) {
    throw explainFolder(error, folder);
  }
}

/** Gives the store that is there a second name, whole in one file where it can be read. */
function keepStore(store: string): string {
  const at = new Date(Number(machineTime() / 1_000_000n)).toISOString().replaceAll(':', '-');
  const kept = `${store}.before-restore-${at}`;
  foldLog(store);
  linkOrCopy(store, kept);
  if (existsSync(`${store}-wal`)) linkOrCopy(`${store}-wal`, `${kept}-wal`);
  return kept;
}

/** Brings what is only in the log of changes into the store itself, which is alone then. */
function foldLog(store: string): void {
  let busy: unknown;
  try {
    const connection = new DatabaseSync(store);
    try {
      busy = connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy;
    } finally {
      connection.close();
    }
  } catch {
    // One that is damaged is kept as it is, with its log beside it.
    return;
  }
  if (busy !== 0)
    throw new Error(`Somebody is reading ${store}, perhaps a check or a backup. Repeat this when it is over.`);
}

function linkOrCopy(file: string, to: string): void {
  try {
    linkSync(file, to);
  } catch {
    // Some file systems have no links.
    copyFileSync(file, to, constants.COPYFILE_EXCL);
    syncToDisk(to);
  }
}

/** The log of the old store goes first: played into the new one it would ruin it. */
function putInPlace(unfinished: string, store: string): void {
  for (const ending of ['-wal', '-shm', '-journal']) rmSync(`${store}${ending}`, { force: true });
  syncToDisk(join(store, '..'));
  renameSync(unfinished, store);
  syncToDisk(join(store, '..'));
}
