import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isStoreBusy } from './failure.ts';

/**
 * Holds a folder for this server and returns how to let go; throws when another server holds it. Two servers on one SQLite folder would each believe that
 * their queue is the only writer. The lock is a transaction on a file of its own: the operating system drops it when
 * the process ends, however it ends, so no stale lock is ever left.
 */
export function holdFolder(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, 'server.lock'), { timeout: 0 });
  const holder = join(folder, 'server.pid');
  try {
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(holder, `${process.pid}\n`);
    return () => lock.close();
  } catch (error) {
    lock.close();
    if (!isStoreBusy(error)) throw error;
    const who = readHolder(holder);
    throw new Error(`${folder} is held by another server${who}. Stop it, or choose another --catalog-root.`, {
      cause: error,
    });
  }
}

function readHolder(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
