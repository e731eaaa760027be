import { posix } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { realPath, type StorageAccess } from '@deltacat/io-core';
import { isOnS3 } from '../roots/data-roots.ts';

/** The folder that the files of a write must lie in. */
export interface Folder {
  data_dir: string;
  /** The folder once its links are followed; null when it does not exist. */
  real: string | null;
}

/** Looks at a folder once, for all files that claim to lie in it. */
export async function openFolder(data_dir: string, access: StorageAccess): Promise<Folder> {
  if (isOnS3(data_dir)) return { data_dir, real: data_dir };
  return { data_dir: posix.normalize(data_dir), real: await realPath(data_dir, access) };
}

/** The one spelling of the scheme of S3, by which everything else tells its files from those of this machine. */
export function spellScheme(path: string): string {
  return path.replace(/^s3a?:\/\//i, 's3://');
}

/**
 * The one spelling of a path: local paths plain and without `..`, URIs of S3 without a slash at their end. Throws
 * `invalid_entry` for a URI with parts that some stores take for a step through folders.
 */
export function normalizePath(path: string, access: StorageAccess): string {
  const onS3 = spellScheme(path);
  if (isOnS3(onS3)) return normalizeUri(onS3);
  const local = access.open(path).localPath(path);
  return local === null ? path : posix.normalize(local).replace(/(?<=.)\/$/, '');
}

function normalizeUri(uri: string): string {
  const plain = uri.replace(/\/+$/, '');
  const [bucket, ...key] = plain.slice('s3://'.length).split('/');
  if (bucket && key.length > 0 && key.every((part) => part !== '' && part !== '.' && part !== '..')) return plain;
  throw new DeltacatError(
    'invalid_entry',
    `${uri} does not name an object: write s3://bucket/key, without empty parts, "." and "..".`,
    { path: uri },
  );
}

/**
 * Refuses a file outside the folder of its write session, also when `..` or a symbolic link leads there: whoever may
 * write to one table must not publish the files of another. Throws `entry_outside_session`.
 */
export async function refuseOutside(path: string, folder: Folder, access: StorageAccess): Promise<void> {
  if (!isBelow(path, folder.data_dir)) throw outside(path, folder);
  if (isOnS3(path)) return;
  const real = await realPath(path, access);
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
