/** A value that MessagePack and JSON share, and bytes. */
export type Packed = null | boolean | number | bigint | string | Uint8Array | Packed[] | { [key: string]: Packed };

/** The deepest nesting that is read or written; field defaults are shallow. */
const DEPTH_MAX = 64;

/**
 * Writes a value as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md). Whole numbers are integers.
 * Field defaults travel in this form inside an Arrow schema.
 */
export function packMessage(value: Packed): Uint8Array {
  const parts: Uint8Array[] = [];
  pack(value, parts, 1);
  return Buffer.concat(parts);
}

/** Reads one MessagePack value. Throws `RangeError` on bytes that are none. */
export function unpackMessage(bytes: Uint8Array): Packed {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = { buffer, at: 0 };
  const value = unpack(cursor, 1);
  if (cursor.at !== buffer.length) throw new RangeError('bytes follow the MessagePack value');
  return value;
}

function pack(value: Packed, parts: Uint8Array[], depth: number): void {
  if (depth > DEPTH_MAX) throw new RangeError(`a value nests deeper than ${DEPTH_MAX} levels`);
  if (value === null) parts.push(Buffer.of(0xc0));
  else if (typeof value === 'boolean') parts.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (typeof value === 'number') parts.push(packNumber(value));
  else if (typeof value === 'bigint') parts.push(packInteger(value));
  else if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    parts.push(packLength(bytes.length, STRING_HEADS), bytes);
  } else if (value instanceof Uint8Array) parts.push(packLength(value.length, BYTES_HEADS), value);
  else if (Array.isArray(value)) {
    parts.push(packLength(value.length, LIST_HEADS));
    for (const item of value) pack(item, parts, depth + 1);
  } else {
    const entries = Object.entries(value);
    parts.push(packLength(entries.length, OBJECT_HEADS));
    for (const [key, item] of entries) {
      pack(key, parts, depth + 1);
      pack(item, parts, depth + 1);
    }
  }
}

/** First bytes of a length: the short form with the length in it and how many fit, then 8, 16 and 32 bit lengths. */
interface Heads {
  short: number | null;
  short_max: number;
  wide: [number | null, number, number];
}

const STRING_HEADS: Heads = { short: 0xa0, short_max: 31, wide: [0xd9, 0xda, 0xdb] };
const BYTES_HEADS: Heads = { short: null, short_max: -1, wide: [0xc4, 0xc5, 0xc6] };
const LIST_HEADS: Heads = { short: 0x90, short_max: 15, wide: [null, 0xdc, 0xdd] };
const OBJECT_HEADS: Heads = { short: 0x80, short_max: 15, wide: [null, 0xde, 0xdf] };

function packLength(length: number, heads: Heads): Uint8Array {
  if (heads.short !== null && length <= heads.short_max) return Buffer.of(heads.short + length);
  const [byte, word, long] = heads.wide;
  if (byte !== null && length < 2 ** 8) return Buffer.of(byte, length);
  const bytes = Buffer.alloc(length < 2 ** 16 ? 3 : 5);
  if (length < 2 ** 16) bytes.writeUInt16BE(length, 1);
  else bytes.writeUInt32BE(length, 1);
  bytes[0] = length < 2 ** 16 ? word : long;
  return bytes;
}

function packNumber(value: number): Uint8Array {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return packInteger(BigInt(value));
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function packInteger(value: bigint): Uint8Array {
  if (value >= -32n && value < 128n) return Buffer.of(Number(BigInt.asUintN(8, value)));
  const bytes = Buffer.alloc(9);
  if (value >= 0n) {
    bytes[0] = 0xcf;
    bytes.writeBigUInt64BE(value, 1);
  } else {
    bytes[0] = 0xd3;
    bytes.writeBigInt64BE(value, 1);
  }
  return bytes;
}

interface Cursor {
  buffer: Buffer;
  at: number;
}

/** How each first byte outside the short forms is read. */
const READERS: Record<number, (cursor: Cursor, depth: number) => Packed> = {
  192: () => null,
  194: () => false,
  195: () => true,
  196: (cursor) => takeBytes(cursor, takeUnsigned(cursor, 1)),
  197: (cursor) => takeBytes(cursor, takeUnsigned(cursor, 2)),
  198: (cursor) => takeBytes(cursor, takeUnsigned(cursor, 4)),
  202: (cursor) => cursor.buffer.readFloatBE(advance(cursor, 4)),
  203: (cursor) => cursor.buffer.readDoubleBE(advance(cursor, 8)),
  204: (cursor) => takeUnsigned(cursor, 1),
  205: (cursor) => takeUnsigned(cursor, 2),
  206: (cursor) => takeUnsigned(cursor, 4),
  207: (cursor) => narrow(cursor.buffer.readBigUInt64BE(advance(cursor, 8))),
  208: (cursor) => cursor.buffer.readInt8(advance(cursor, 1)),
  209: (cursor) => cursor.buffer.readInt16BE(advance(cursor, 2)),
  210: (cursor) => cursor.buffer.readInt32BE(advance(cursor, 4)),
  211: (cursor) => narrow(cursor.buffer.readBigInt64BE(advance(cursor, 8))),
  217: (cursor) => takeText(cursor, takeUnsigned(cursor, 1)),
  218: (cursor) => takeText(cursor, takeUnsigned(cursor, 2)),
  219: (cursor) => takeText(cursor, takeUnsigned(cursor, 4)),
  220: (cursor, depth) => takeList(cursor, takeUnsigned(cursor, 2), depth),
  221: (cursor, depth) => takeList(cursor, takeUnsigned(cursor, 4), depth),
  222: (cursor, depth) => takeObject(cursor, takeUnsigned(cursor, 2), depth),
  223: (cursor, depth) => takeObject(cursor, takeUnsigned(cursor, 4), depth),
};

function unpack(cursor: Cursor, depth: number): Packed {
  if (depth > DEPTH_MAX) throw new RangeError(`a value nests deeper than ${DEPTH_MAX} levels`);
  const head = takeUnsigned(cursor, 1);
  if (head < 0x80) return head;
  if (head >= 0xe0) return head - 0x100;
  if (head < 0x90) return takeObject(cursor, head & 0x0f, depth);
  if (head < 0xa0) return takeList(cursor, head & 0x0f, depth);
  if (head < 0xc0) return takeText(cursor, head & 0x1f);
  const reader = READERS[head];
  if (!reader) throw new RangeError(`MessagePack byte ${head} has no meaning here`);
  return reader(cursor, depth);
}

function takeList(cursor: Cursor, length: number, depth: number): Packed[] {
  const items: Packed[] = [];
  for (let index = 0; index < length; index += 1) items.push(unpack(cursor, depth + 1));
  return items;
}

function takeObject(cursor: Cursor, length: number, depth: number): Packed {
  const entries: [string, Packed][] = [];
  for (let index = 0; index < length; index += 1) {
    entries.push([String(unpack(cursor, depth + 1)), unpack(cursor, depth + 1)]);
  }
  return Object.fromEntries(entries);
}

function takeBytes(cursor: Cursor, length: number): Uint8Array {
  const start = advance(cursor, length);
  return cursor.buffer.subarray(start, start + length);
}

function takeText(cursor: Cursor, length: number): string {
  const start = advance(cursor, length);
  return cursor.buffer.toString('utf8', start, start + length);
}

function takeUnsigned(cursor: Cursor, bytes: number): number {
  return cursor.buffer.readUIntBE(advance(cursor, bytes), bytes);
}

function advance(cursor: Cursor, bytes: number): number {
  const start = cursor.at;
  if (start + bytes > cursor.buffer.length) throw new RangeError('the MessagePack value is cut short');
  cursor.at += bytes;
  return start;
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
