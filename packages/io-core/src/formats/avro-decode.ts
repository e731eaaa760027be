import type { Decimal } from '../values/decimal.ts';
import type { AvroType } from './avro-schema.ts';

/** Where the next value of a block is read. Reading beyond its end is a RangeError. */
export class AvroCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new RangeError('a value in it is cut short');
    this.at += 1;
    return byte;
  }

  float(): number {
    this.at += 4;
    return this.#view.getFloat32(this.at - 4, true);
  }

  double(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  long(): bigint {
    return BigInt(this.#zigzag());
  }

  int(): number {
    const value = Number(this.#zigzag());
    if (!Number.isSafeInteger(value)) throw new RangeError('a number in it is out of range');
    return value;
  }

  /** A number in groups of seven bits, its sign in the lowest bit. */
  #zigzag(): number | bigint {
    let low = 0;
    let shift = 0;
    // Four groups fit a number, which is much faster than a bigint.
    for (; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let value = BigInt(low);
    for (; shift < 70; shift += 7) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new RangeError('a number in it is longer than 64 bits');
  }

  take(length: number): Uint8Array {
    if (length < 0 || length > this.left) throw new RangeError('a value in it is longer than its block');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

/** Reads one value, in the forms that columns are built of. */
export type AvroDecoder = (cursor: AvroCursor) => unknown;

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The decoder of a type. */
export function avroDecoder(type: AvroType): AvroDecoder {
  switch (type.type) {
    case 'null':
      return () => null;
    case 'boolean':
      return (cursor) => cursor.byte() === 1;
    case 'int':
      return (cursor) => cursor.int();
    case 'long':
      return (cursor) => cursor.long();
    case 'float':
      return (cursor) => cursor.float();
    case 'double':
      return (cursor) => cursor.double();
    case 'string':
      return (cursor) => TEXT.decode(cursor.take(cursor.int()));
    case 'bytes':
      return type.logical === 'decimal'
        ? (cursor) => readDecimal(cursor.take(cursor.int()), type.scale)
        : (cursor) => cursor.take(cursor.int());
    case 'fixed':
      return type.logical === 'decimal'
        ? (cursor) => readDecimal(cursor.take(type.size), type.scale)
        : (cursor) => cursor.take(type.size);
    case 'enum':
      return (cursor) => pick(type.symbols, cursor.int());
    default:
      return nestedDecoder(type);
  }
}

function nestedDecoder(type: Extract<AvroType, { type: 'array' | 'map' | 'record' | 'union' }>): AvroDecoder {
  if (type.type === 'union') {
    const branches = type.branches.map(avroDecoder);
    return (cursor) => pick(branches, cursor.int())(cursor);
  }
  if (type.type === 'record') {
    const fields = type.fields.map((field) => ({ name: field.name, read: avroDecoder(field.type) }));
    return (cursor) => Object.fromEntries(fields.map(({ name, read }) => [name, read(cursor)]));
  }
  const [item, bytes] =
    type.type === 'array'
      ? [avroDecoder(type.items), leastBytes(type.items)]
      : [entryDecoder(avroDecoder(type.values)), 1 + leastBytes(type.values)];
  return (cursor) => readBlocks(cursor, item, bytes);
}

function entryDecoder(value: AvroDecoder): AvroDecoder {
  return (cursor) => ({ key: TEXT.decode(cursor.take(cursor.int())), value: value(cursor) });
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError('a value in it is of an unknown kind');
  return item;
}

/** Items that take no bytes are counted by the file's word alone, so a list has no more of them than this. */
const EMPTY_ITEMS_MAX = 1_000_000;

/** Refuses a number of values that cannot be in the bytes that are left. */
export function requireRoom(count: number, bytes_each: number, left: number): void {
  const most = bytes_each === 0 ? EMPTY_ITEMS_MAX : Math.floor(left / bytes_each);
  if (count < 0 || count > most)
    throw new RangeError(`it says that ${count} values follow, which is more than there are`);
}

function readBlocks(cursor: AvroCursor, item: AvroDecoder, bytes_each: number): unknown[] {
  const items: unknown[] = [];
  for (;;) {
    let count = cursor.int();
    if (count === 0) return items;
    if (count < 0) {
      count = -count;
      cursor.long();
    }
    requireRoom(count + (bytes_each === 0 ? items.length : 0), bytes_each, cursor.left);
    for (let index = 0; index < count; index++) items.push(item(cursor));
  }
}

/** The fewest bytes that a value of a type takes. */
export function leastBytes(type: AvroType): number {
  switch (type.type) {
    case 'null':
      return 0;
    case 'float':
      return 4;
    case 'double':
      return 8;
    case 'fixed':
      return type.size;
    case 'record':
      return type.fields.reduce((sum, field) => sum + leastBytes(field.type), 0);
    default:
      return 1;
  }
}

/** Big-endian two's complement. */
function readDecimal(bytes: Uint8Array, scale: number): Decimal {
  let digits = 0n;
  for (const byte of bytes) digits = (digits << 8n) | BigInt(byte);
  return { digits: BigInt.asIntN(Math.max(8, bytes.length * 8), digits), scale };
}
