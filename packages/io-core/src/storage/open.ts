import { isAbsolute } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { localStorage } from './local.ts';
import { memoryStorage } from './memory.ts';
import { s3Storage } from './s3.ts';
import type { Storage } from './storage.ts';

const STORAGE_BY_SCHEME: Record<string, Storage> = {
  file: localStorage,
  memory: memoryStorage,
  // By the keys, region and endpoint that the environment gives to this process.
  s3: s3Storage(),
};

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/** What is meant by these, for the message that refuses them. */
const CLOUDS: Record<string, string> = {
  gs: 'Google Cloud Storage',
  gcs: 'Google Cloud Storage',
  az: 'Azure Blob Storage',
  abfs: 'Azure Data Lake Storage',
  abfss: 'Azure Data Lake Storage',
  adl: 'Azure Data Lake Storage',
  wasb: 'Azure Blob Storage',
  wasbs: 'Azure Blob Storage',
};

/** The storage that holds a path. Relative paths are refused: two processes would not mean the same file by them. */
export function openStorage(path: string): Storage {
  const scheme = SCHEME.exec(path)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (isAbsolute(path) && !path.includes('\0')) return localStorage;
    throw new DeltacatError('invalid_entry', `The path "${path}" is not absolute; give an absolute path or a URI.`, {
      path,
    });
  }
  const storage = STORAGE_BY_SCHEME[scheme];
  if (storage !== undefined) return storage;
  throw new DeltacatError('not_supported', unsupported(scheme, path), { path });
}

function unsupported(scheme: string, path: string): string {
  const cloud = CLOUDS[scheme];
  if (cloud === undefined) {
    return `Files of ${scheme}:// (${path}) cannot be read or written here; use an absolute path, a file:// or an s3:// URI.`;
  }
  return `Files in ${cloud} (${path}) cannot be read or written yet; copy them to S3, or to a store that speaks its protocol, and use s3:// URIs.`;
}
