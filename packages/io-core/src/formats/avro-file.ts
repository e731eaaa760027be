import { promisify } from 'node:util';
import { crc32, inflateRaw, zstdDecompress } from 'node:zlib';
import { DeltacatError } from '@deltacat/contract';
import type { StorageAccess } from '../storage/access.ts';
import type { Storage } from '../storage/storage.ts';
import { AvroCursor } from './avro-decode.ts';
import { type AvroField, readAvroSchema } from './avro-schema.ts';
import { damaged, translated } from './damaged.ts';
import { snappyDecompress } from './snappy.ts';

const inflate = promisify(inflateRaw);
const unzstd = promisify(zstdDecompress);

/** An Avro file that was opened: what its header tells, and where its blocks begin. */
export interface AvroFile {
  path: string;
  storage: Storage;
  size_bytes: number;
  fields: AvroField[];
  codec: string;
  sync: Uint8Array;
  start: number;
}

/** Rows of a file that belong together. */
export interface AvroBlock {
  count: number;
  /** The rows, decompressed where they are; null where they were not asked for. */
  bytes: Uint8Array | null;
}

const MAGIC = 'Obj\x01';
const SYNC_BYTES = 16;
/** Most schemas fit the first read. */
const HEAD_BYTES = 256 * 1024;
const HEADER_BYTES_MAX = 64 * 1024 * 1024;
/** Two numbers of at most ten bytes precede a block. */
const PREFIX_BYTES = 20;
/** Blocks are mostly of some ten kilobytes, so that one read gets many. */
const WINDOW_BYTES = 1024 * 1024;
const BLOCK_BYTES_MAX = 512 * 1024 * 1024;
const UNPACKED_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * Reads the header of an Avro object container file. Throws `invalid_entry` when the file is missing or of another format,
 * `not_supported` for rows that are no records.
 */
export async function openAvro(path: string, access: StorageAccess): Promise<AvroFile> {
  const storage = access.open(path);
  const size_bytes = await storage.size(path);
  if (size_bytes === null) throw new DeltacatError('invalid_entry', `There is no file ${path}.`, { path });
  let head = await storage.readRange(path, 0, HEAD_BYTES);
  if (Buffer.from(head.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) {
    throw new DeltacatError('invalid_entry', `${path} is not an Avro file, or a cut one. Write it again.`, { path });
  }
  for (;;) {
    try {
      return { path, storage, size_bytes, ...readHeader(path, head) };
    } catch (error) {
      const isAll = head.length >= Math.min(size_bytes, HEADER_BYTES_MAX);
      if (isAll || !(error instanceof DeltacatError) || error.code !== 'invalid_entry') throw error;
      head = await storage.readRange(path, 0, head.length * 8);
    }
  }
}

function readHeader(path: string, head: Uint8Array) {
  const { metadata, sync, start } = translated(path, () => readMetadata(head));
  const schema = metadata.get('avro.schema');
  if (schema === undefined) throw damaged(path, 'it has no schema');
  const type = translated(path, () => readAvroSchema(Buffer.from(schema).toString()));
  const codec = Buffer.from(metadata.get('avro.codec') ?? new Uint8Array()).toString() || 'null';
  if (type.type === 'record') return { fields: type.fields, codec, sync, start };
  const message = `${path} holds values of type ${type.type}, not records, so it has no columns. Write records.`;
  throw new DeltacatError('not_supported', message, { path });
}

function readMetadata(head: Uint8Array) {
  const cursor = new AvroCursor(head);
  cursor.take(MAGIC.length);
  const metadata = new Map<string, Uint8Array>();
  for (let count = cursor.int(); count !== 0; count = cursor.int()) {
    if (count < 0) cursor.long();
    for (let entry = 0; entry < Math.abs(count); entry++) {
      const key = Buffer.from(cursor.take(cursor.int())).toString();
      metadata.set(key, cursor.take(cursor.int()));
    }
  }
  return { metadata, sync: cursor.take(SYNC_BYTES).slice(), start: cursor.at };
}

/** The blocks of a file in their order; with their rows, or only how many they are. */
export async function* avroBlocks(file: AvroFile, what: 'rows' | 'counts'): AsyncGenerator<AvroBlock> {
  const { path, size_bytes, sync, codec } = file;
  const window = new Window(file);
  let at = file.start;
  while (at < size_bytes) {
    const prefix = new AvroCursor(await window.read(at, PREFIX_BYTES));
    const [count, size] = translated(path, () => [prefix.int(), prefix.int()]);
    const body = at + prefix.at;
    if (count < 0 || size < 0 || size > BLOCK_BYTES_MAX || body + size + SYNC_BYTES > size_bytes) {
      throw damaged(path, 'it ends within a block');
    }
    const mark = await window.read(body + size, SYNC_BYTES);
    if (Buffer.compare(mark, sync) !== 0) throw damaged(path, 'a block does not end where it says');
    const bytes = what === 'rows' ? await unpack(path, codec, await window.read(body, size)) : null;
    yield { count, bytes };
    at = body + size + SYNC_BYTES;
  }
}

/** The part of a file that was read last. */
class Window {
  readonly #file: AvroFile;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array();

  constructor(file: AvroFile) {
    this.#file = file;
  }

  async read(start: number, length: number): Promise<Uint8Array> {
    const { storage, path, size_bytes } = this.#file;
    const end = Math.min(size_bytes, start + length);
    if (start < this.#start || end > this.#start + this.#bytes.length) {
      this.#bytes = await storage.readRange(path, start, Math.max(WINDOW_BYTES, length));
      this.#start = start;
    }
    return this.#bytes.subarray(start - this.#start, end - this.#start);
  }
}

async function unpack(path: string, codec: string, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    if (codec === 'null') return bytes;
    if (codec === 'deflate') return await inflate(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
    if (codec === 'zstandard') return await unzstd(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
    if (codec === 'snappy') return unsnappy(bytes);
  } catch (error) {
    if (error instanceof Error) throw damaged(path, `a block cannot be decompressed (${error.message})`);
    throw error;
  }
  throw new DeltacatError(
    'not_supported',
    `${path} is compressed by ${JSON.stringify(codec)}, which cannot be read here; write it with deflate, snappy or zstandard, or read it with the official Python client (pip install 'deltacat-client[all]').`,
    { path, codec },
  );
}

/** After the block follows the checksum of its rows. */
function unsnappy(bytes: Uint8Array): Uint8Array {
  const rows = snappyDecompress(bytes.subarray(0, -4));
  const sum = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0);
  if (crc32(rows) !== sum) throw new RangeError('its checksum is another');
  return rows;
}
