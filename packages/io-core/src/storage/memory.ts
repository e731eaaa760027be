import { readFile, unlink } from 'node:fs/promises';
import { DeltacatError } from '@deltacat/contract';
import { nameTaken, type Storage, type StoredFile } from './storage.ts';

interface Kept {
  bytes: Uint8Array;
  modified_ms: number;
}

const files = new Map<string, Kept>();

/** Files of this process, by `memory://` URI: for tests, and for catalogs that need not outlive it. */
export const memoryStorage: Storage = {
  read: async (path) => find(path).slice(),
  readRange: async (path, offset, length) => find(path).slice(offset, offset + length),
  readTail: async (path, length) => {
    const bytes = files.get(path)?.bytes;
    if (bytes === undefined) return null;
    return { bytes: bytes.slice(Math.max(0, bytes.byteLength - length)), size_bytes: bytes.byteLength, version: null };
  },
  size: async (path) => files.get(path)?.bytes.byteLength ?? null,
  write: async (path, bytes) => keep(path, await gathered(bytes)),
  writeNew: async (path, bytes) => {
    const whole = await gathered(bytes);
    if (files.has(path)) throw nameTaken(path);
    keep(path, whole);
  },
  adopt: async (source, path) => {
    keep(path, new Uint8Array(await readFile(source)));
    await unlink(source);
  },
  list,
  remove: async (path) => {
    files.delete(path);
  },
  localPath: () => null,
};

async function gathered(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  // Not `slice`: that of a Buffer is a view of the same bytes.
  return new Uint8Array(bytes instanceof Uint8Array ? bytes : Buffer.concat(await Array.fromAsync(bytes)));
}

function keep(path: string, bytes: Uint8Array): void {
  files.set(path, { bytes, modified_ms: Date.now() });
}

function find(path: string): Uint8Array {
  const bytes = files.get(path)?.bytes;
  if (bytes === undefined) throw new DeltacatError('not_found', `There is no file ${path}.`, { path });
  return bytes;
}

async function* list(prefix: string): AsyncIterable<StoredFile> {
  const folder = `${prefix.replace(/\/+$/, '')}/`;
  const found = [...files].filter(([path]) => path.startsWith(folder));
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, { bytes, modified_ms }] of found) yield { path, size_bytes: bytes.byteLength, modified_ms };
}
