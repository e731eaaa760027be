import { constants, gunzipSync } from 'node:zlib';
import { type ContentEncoding, type DataFile, DeltacatError } from '@deltacat/contract';
import type { IndexedFile, ScanInput } from './capability.ts';

/** A text file that DuckDB can open, and its first bytes without their wrapping. */
export interface Unwrapped {
  path: string;
  compression: 'none' | 'gzip' | 'zstd';
  head: Uint8Array;
}

type Reach = Pick<ScanInput, 'access' | 'scratch'>;

/** Enough for the header line of a few thousand columns. */
const HEAD_BYTES = 256 * 1024;
/** What is inflated to look at the first line: at worst 16 MiB come of it. */
const HEAD_BYTES_PACKED = 16 * 1024;
const LAYERS_MAX = 4;

const UNREADABLE: ContentEncoding[] = ['deflate', 'bzip2', 'snappy'];

const FILES_AT_ONCE = 16;

/** Text files ready for DuckDB, with their places in the scan: whatever they are wrapped in. */
export async function unwrapAll(files: IndexedFile[], input: Reach): Promise<(Unwrapped & { index: number })[]> {
  const unwrapped: (Unwrapped & { index: number })[] = [];
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const some = files.slice(at, at + FILES_AT_ONCE);
    unwrapped.push(
      ...(await Promise.all(some.map(async ({ file, index }) => ({ ...(await unwrap(file, input)), index })))),
    );
  }
  return unwrapped;
}

/**
 * Finds out how a text file is wrapped by looking at it, whatever its entry says: older writers compress twice, by
 * extension and by encoding. What DuckDB cannot unwrap by itself is unpacked into `scratch`.
 */
async function unwrap(file: DataFile, { access, scratch }: Reach): Promise<Unwrapped> {
  if (UNREADABLE.includes(file.content_encoding)) {
    throw new DeltacatError(
      'not_supported',
      `${file.path} is compressed by ${file.content_encoding}, which cannot be read here; read it with the official Python client (pip install 'deltacat-client[all]').`,
      { path: file.path, content_encoding: file.content_encoding },
    );
  }
  const storage = access.open(file.path);
  let head = await storage.readRange(file.path, 0, HEAD_BYTES);
  const path = storage.localPath(file.path) ?? (await scratch.put(await storage.read(file.path), ''));
  if (isZstd(head)) return { path, compression: 'zstd', head: new Uint8Array() };
  let layers = 0;
  for (; layers < LAYERS_MAX && isGzip(head); layers++) head = inflateHead(head, file.path);
  if (layers === 0) return { path, compression: 'none', head };
  return { path: layers === 1 ? path : await scratch.gunzip(path, layers - 1), compression: 'gzip', head };
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

function inflateHead(bytes: Uint8Array, path: string): Uint8Array {
  try {
    // A flush instead of a finish: the end of the file is not here, and need not be.
    return gunzipSync(bytes.subarray(0, HEAD_BYTES_PACKED), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw new DeltacatError('invalid_entry', `${path} begins like a gzip file but is none. Write it again.`, {
      path,
      cause: error,
    });
  }
}
