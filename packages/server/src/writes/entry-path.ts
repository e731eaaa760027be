import { posix } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { openStorage, realPath } from '@deltacat/io-core';

/** The folder that the files of a write must lie in. */
export interface Folder {
  data_dir: string;
  /** The folder once its links are followed; null when it does not exist. */
  real: string | null;
}

/** Looks at a folder once, for all files that claim to lie in it. */
export async function openFolder(data_dir: string): Promise<Folder> {
  return { data_dir: posix.normalize(data_dir), real: await realPath(data_dir) };
}

/** The one spelling of a path: local paths plain and without `..`, URIs of other storages as they are. */
export function normalizePath(path: string): string {
  const local = openStorage(path).localPath(path);
  return local === null ? path : posix.normalize(local).replace(/(?<=.)\/$/, '');
}

/**
 * Refuses a file outside the folder of its write session, also when `..` or a symbolic link leads there: whoever may
 * write to one table must not publish the files of another. Throws `entry_outside_session`.
 */
export async function refuseOutside(path: string, folder: Folder): Promise<void> {
  if (!isBelow(path, folder.data_dir)) throw outside(path, folder);
  const real = await realPath(path);
  if (real !== null && (folder.real === null || !isBelow(real, folder.real))) throw outside(path, folder);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder.replace(/\/+$/, '')}/`) && !path.split('/').includes('..');
}

function outside(path: string, { data_dir }: Folder): DeltacatError {
  return new DeltacatError(
    'entry_outside_session',
    `${path} lies outside the folder of its write session, ${data_dir}. Put the file there; or open the session with allow_external_entries, or use the session-less commit, to register files where they are.`,
    { path, data_dir },
  );
}
