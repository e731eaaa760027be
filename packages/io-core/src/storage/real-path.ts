import { realpath } from 'node:fs/promises';
import { ambientAccess } from './access.ts';
import type { Storage } from './storage.ts';

/**
 * Where a path leads once every symbolic link in it is followed; null when nothing is there. Whether a file lies in a
 * folder can only be told of such paths. Storages without links answer the path itself.
 */
export async function realPath(path: string, access = ambientAccess): Promise<string | null> {
  const local = access.open(path).localPath(path);
  if (local === null) return path;
  try {
    return await realpath(local);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The size of all files below a folder in bytes; null when there are none. */
export async function folderSize(storage: Storage, folder: string): Promise<number | null> {
  let total: number | null = null;
  for await (const { size_bytes } of storage.list(folder)) total = (total ?? 0) + size_bytes;
  return total;
}

const MISSING = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && MISSING.includes(String(error.code));
}
