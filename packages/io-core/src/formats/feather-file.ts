import { DeltacatError } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import { longAt, rootTable, tableSlot, vectorPlaces } from '../schema/flatbuffer.ts';
import { footerSchema, type Layout } from '../schema/message.ts';
import type { StorageAccess } from '../storage/access.ts';
import type { Storage, Tail } from '../storage/storage.ts';
import { damaged, translated } from './damaged.ts';

/** Where a message lies in an Arrow file. */
export interface Block {
  offset: number;
  metadata_length: number;
  body_length: number;
}

/** What the footer of a Feather file tells, by the words of Arrow's File.fbs. */
export interface FeatherFile {
  path: string;
  storage: Storage;
  size_bytes: number;
  schema: Schema;
  layouts: Layout[];
  dictionaries: Block[];
  record_batches: Block[];
}

/** Both ends of the file. */
const MAGIC = 'ARROW1';
const MAGIC_V1 = 'FEA1';
/** What a message of Arrow's stream format begins with. */
const MAGIC_STREAM = '\xff\xff\xff\xff';
/** At the end: the length of the footer, and the magic bytes. */
const TRAILER_BYTES = 10;
const TAIL_BYTES = 64 * 1024;
/** A thousand batches of a thousand columns are told in less than a megabyte. */
const FOOTER_BYTES_MAX = 64 * 1024 * 1024;
const BLOCK_BYTES = 24;
/** The first version whose batches are told as those of today. */
const METADATA_V4 = 3;

/**
 * Reads the footer of a Feather file (the Arrow file format), without its batches. Throws `invalid_entry` when it is missing,
 * cut or of another format, and `not_supported` for Feather's first version, which is another format of the same name.
 */
export async function openFeather(path: string, access: StorageAccess): Promise<FeatherFile> {
  const storage = access.open(path);
  let tail = await storage.readTail(path, TAIL_BYTES);
  if (tail === null) throw new DeltacatError('invalid_entry', `There is no file ${path}.`, { path });
  requireMagic(path, latin1(await storage.readRange(path, 0, MAGIC.length)), latin1(tail.bytes.slice(-MAGIC.length)));
  const length = footerLength(tail, path);
  if (length + TRAILER_BYTES > tail.bytes.length) {
    tail = await storage.readTail(path, length + TRAILER_BYTES);
    if (tail === null || tail.bytes.length < length + TRAILER_BYTES) throw damaged(path, 'it changed meanwhile');
  }
  const end = tail.bytes.length - TRAILER_BYTES;
  // A copy: reading makes the layouts in it plain.
  const footer = Buffer.from(tail.bytes.slice(end - length, end));
  const { size_bytes } = tail;
  return translated(path, () => ({ path, storage, size_bytes, ...readFooter(footer) }));
}

function requireMagic(path: string, start: string, end: string): void {
  if (start === MAGIC && end === MAGIC) return;
  if (start.startsWith(MAGIC_V1)) {
    const message = `${path} is a file of Feather's first version, which cannot be read here; write it again with pyarrow.feather.write_feather, whose default is version 2.`;
    throw new DeltacatError('not_supported', message, { path });
  }
  if (start.startsWith(MAGIC_STREAM)) {
    const message = `${path} is an Arrow stream, not a Feather file, which has a footer. Write it in Arrow's file format.`;
    throw new DeltacatError('invalid_entry', message, { path });
  }
  throw new DeltacatError('invalid_entry', `${path} is not a Feather file, or a cut one. Write it again.`, { path });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function footerLength({ bytes, size_bytes }: Tail, path: string): number {
  const at = bytes.length - TRAILER_BYTES;
  const length = at < 0 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
  if (length <= 0 || length > Math.min(FOOTER_BYTES_MAX, size_bytes - TRAILER_BYTES - MAGIC.length)) {
    throw damaged(path, `its footer would be ${length} bytes long`);
  }
  return length;
}

function readFooter(footer: Buffer) {
  const root = rootTable(footer);
  const version = tableSlot(footer, root, 0);
  if (version === 0 || footer.readInt16LE(version) < METADATA_V4) {
    throw new RangeError('it was written by Arrow before 0.8');
  }
  const dictionaries = blocks(footer, tableSlot(footer, root, 2));
  const record_batches = blocks(footer, tableSlot(footer, root, 3));
  const { schema, layouts } = footerSchema(footer);
  requireDistinct(schema);
  return { schema, layouts, dictionaries, record_batches };
}

function requireDistinct({ names }: Schema): void {
  const seen = new Set<PropertyKey>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw new RangeError(`it has two columns of the name "${String(twice)}"`);
}

function blocks(footer: Buffer, slot: number): Block[] {
  return vectorPlaces(footer, slot, BLOCK_BYTES).map((place) => ({
    offset: longAt(footer, place),
    metadata_length: footer.readInt32LE(place + 8),
    body_length: longAt(footer, place + 16),
  }));
}

/** How a buffer of a batch lies in its body. */
interface BufferPlace {
  offset: number;
  length: number;
}

/** How the columns of a batch lie in its body, by the words of Arrow's Message.fbs. */
export interface BatchHeader {
  length: number;
  nodes: { length: number; null_count: number }[];
  buffers: BufferPlace[];
  /** 0 LZ4 frames, 1 ZSTD, null none. */
  codec: number | null;
  variadic_counts: number[];
  /** The dictionary that the batch is, or adds to. */
  dictionary: { id: number; is_delta: boolean } | null;
}

const HEADER_DICTIONARY = 2;
const HEADER_BATCH = 3;
/** A batch of ten thousand nested columns is told in a megabyte. */
const METADATA_BYTES_MAX = 64 * 1024 * 1024;

/** Reads what the message of a block tells of its body. Throws `invalid_entry` for one that is damaged. */
export async function readBatchHeader({ path, storage, size_bytes }: FeatherFile, block: Block): Promise<BatchHeader> {
  const { offset, metadata_length, body_length } = block;
  const ends = [offset, metadata_length, body_length, offset + metadata_length + body_length];
  if (Math.min(...ends) < 0 || Math.max(...ends) > size_bytes || metadata_length > METADATA_BYTES_MAX) {
    throw damaged(path, 'a batch lies outside of it');
  }
  const bytes = Buffer.from(await storage.readRange(path, offset, metadata_length));
  return translated(path, () => readMessage(bytes));
}

function readMessage(bytes: Buffer): BatchHeader {
  // Before 0.15, Arrow wrote the length alone.
  const prefix = latin1(bytes.subarray(0, 4)) === MAGIC_STREAM ? 8 : 4;
  const message = bytes.subarray(prefix);
  const root = rootTable(message);
  const kind = message.readUInt8(requiredSlot(message, root, 1));
  const header = requiredSlot(message, root, 2);
  const table = header + message.readUInt32LE(header);
  if (kind === HEADER_BATCH) return readBatch(message, table, null);
  if (kind !== HEADER_DICTIONARY) throw new RangeError('a message in it is no batch');
  const data = requiredSlot(message, table, 1);
  const delta = tableSlot(message, table, 2);
  return readBatch(message, data + message.readUInt32LE(data), {
    id: longAt(message, tableSlot(message, table, 0)),
    is_delta: delta !== 0 && message.readUInt8(delta) !== 0,
  });
}

function readBatch(message: Buffer, table: number, dictionary: BatchHeader['dictionary']): BatchHeader {
  const pairs = (slot: number) =>
    vectorPlaces(message, tableSlot(message, table, slot), 16).map((place) => [
      longAt(message, place),
      longAt(message, place + 8),
    ]);
  const variadic = vectorPlaces(message, tableSlot(message, table, 4), 8);
  return {
    length: longAt(message, tableSlot(message, table, 0)),
    nodes: pairs(1).map(([length = 0, null_count = 0]) => ({ length, null_count })),
    buffers: pairs(2).map(([offset = 0, length = 0]) => ({ offset, length })),
    codec: codecOf(message, tableSlot(message, table, 3)),
    variadic_counts: variadic.map((place) => longAt(message, place)),
    dictionary,
  };
}

function codecOf(message: Buffer, slot: number): number | null {
  if (slot === 0) return null;
  const table = slot + message.readUInt32LE(slot);
  const codec = tableSlot(message, table, 0);
  return codec === 0 ? 0 : message.readUInt8(codec);
}

function requiredSlot(message: Buffer, table: number, slot: number): number {
  const found = tableSlot(message, table, slot);
  if (found === 0) throw new RangeError('a message in it lacks a part');
  return found;
}
