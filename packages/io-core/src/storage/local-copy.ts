import { DeltacatError } from '@deltacat/contract';
import type { StorageAccess } from './access.ts';
import { fileCache, type RemoteFile } from './file-cache.ts';
import { localStorage } from './local.ts';
import type { Part } from './parts.ts';
import type { Scratch } from './scratch.ts';
import type { Storage } from './storage.ts';

/** Which file is wanted on this machine. */
export interface LocalInput {
  path: string;
  storage: Storage;
  /** Keeps the copy until it is disposed. */
  scratch: Scratch;
  extension?: string | undefined;
  /** What is known of the file already, and which parts of it will be read; all of it when left out. */
  known?: { file: Omit<RemoteFile, 'path'>; parts: Part[] } | undefined;
}

/**
 * A path by which programs of this machine can open a file: its own, or that of a copy, which is there until the scratch
 * folder is disposed. Of remote files only those parts are copied that will be read; the rest of the copy is zeros.
 */
export async function localPathOf({ path, storage, scratch, extension = '', known }: LocalInput): Promise<string> {
  const local = storage.localPath(path);
  if (local !== null) return local;
  const { remote } = storage;
  if (remote === undefined) return scratch.put(await storage.read(path), extension, path);
  const file = known?.file ?? (await remote.measure(path));
  if (file === null) throw new DeltacatError('not_found', `There is no file ${path}.`, { path });
  const copy = await fileCache().copy(remote, { ...file, path }, known?.parts);
  scratch.keep(copy.path, path, copy.release);
  return copy.path;
}

/**
 * Reads of one file by its own path, from the copy where the file is remote: a reader that asks for many small parts asks
 * the disk, and all of them are of one version.
 */
export async function accessToCopy(input: LocalInput): Promise<StorageAccess> {
  if (input.storage.remote === undefined) return { open: () => input.storage };
  const local = await localPathOf(input);
  const copy: Storage = {
    ...localStorage,
    read: () => localStorage.read(local),
    readRange: (_path, offset, length) => localStorage.readRange(local, offset, length),
    readTail: (_path, length) => localStorage.readTail(local, length),
    size: () => localStorage.size(local),
    localPath: () => local,
  };
  return { open: () => copy };
}
