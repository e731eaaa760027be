import { isAbsolute } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { localStorage } from './local.ts';
import { memoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

const STORAGE_BY_SCHEME: Record<string, Storage> = { file: localStorage, memory: memoryStorage };

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

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
  throw new DeltacatError(
    'not_supported',
    `Files of ${scheme}:// (${path}) cannot be read or written here; use an absolute path or a file:// URI.`,
    { path },
  );
}
