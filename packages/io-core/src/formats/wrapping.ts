import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { type ContentEncoding, type DataFile, DeltacatError } from '@deltacat/contract';
import { localStorage } from '../storage/local.ts';
import { localPathOf } from '../storage/local-copy.ts';
import type { Wrapping } from '../storage/scratch.ts';
import type { IndexedFile, ScanInput } from './capability.ts';

/** A text file that DuckDB can open, whatever it was wrapped in, and its first bytes. */
export interface Unwrapped {
  path: string;
  head: Uint8Array;
}

type Reach = Pick<ScanInput, 'access' | 'scratch'>;

/** Enough for the header line of a few thousand columns. */
const HEAD_BYTES = 256 * 1024;
/** What is unpacked to look at the first line: at worst 16 MiB come of a layer. */
const HEAD_BYTES_PACKED = 16 * 1024;
const LAYERS_MAX = 4;

/** What Node has no decompressor for. */
const UNREADABLE: ContentEncoding[] = ['bzip2', 'snappy'];

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
 * extension and by encoding. It is unpacked into `scratch`, though DuckDB would unpack one layer by itself, because DuckDB takes
 * the end of a cut file for the end of its rows.
 */
async function unwrap(file: DataFile, { access, scratch }: Reach): Promise<Unwrapped> {
  if (UNREADABLE.includes(file.content_encoding)) {
    throw new DeltacatError(
      'not_supported',
      `${file.path} is compressed by ${file.content_encoding}, which cannot be read here; read it with the official Python client (pip install 'deltacat-client[all]').`,
      { path: file.path, content_encoding: file.content_encoding },
    );
  }
  const path = await localPathOf({ path: file.path, storage: access.open(file.path), scratch });
  let head = await localStorage.readRange(path, 0, HEAD_BYTES);
  const layers: Wrapping[] = [];
  for (; layers.length < LAYERS_MAX; head = unwrapHead(head, layers.at(-1) ?? 'gzip', file.path)) {
    const wrapping = wrappingOf(head, layers.length === 0 ? file.content_encoding : 'identity');
    if (wrapping === null) break;
    layers.push(wrapping);
  }
  return { path: layers.length === 0 ? path : await unpack(path, layers, { file, scratch }), head };
}

async function unpack(
  path: string,
  layers: Wrapping[],
  { file, scratch }: { file: DataFile; scratch: Reach['scratch'] },
): Promise<string> {
  try {
    return await scratch.unpack(path, layers, file.path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_)|^ERR_PADDING/.test(String(error.code))) {
      throw cut(file.path, layers[0] ?? 'gzip', error);
    }
    throw error;
  }
}

/** Zlib streams begin like texts may, so they are looked for only where the entry says so. */
function wrappingOf(bytes: Uint8Array, encoding: ContentEncoding): Wrapping | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd';
  return encoding === 'deflate' && bytes[0] === 0x78 ? 'deflate' : null;
}

function unwrapHead(bytes: Uint8Array, wrapping: Wrapping, path: string): Uint8Array {
  const some = bytes.subarray(0, HEAD_BYTES_PACKED);
  try {
    // A flush instead of a finish: the end of the file is not here, and need not be.
    if (wrapping === 'zstd') return zstdDecompressSync(some, { finishFlush: constants.ZSTD_e_flush });
    return (wrapping === 'gzip' ? gunzipSync : inflateSync)(some, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw cut(path, wrapping, error);
  }
}

function cut(path: string, wrapping: Wrapping, cause: unknown): DeltacatError {
  const message = `${path} begins like a ${wrapping} file, but is cut or damaged. Write it again.`;
  return new DeltacatError('invalid_entry', message, { path, cause });
}
