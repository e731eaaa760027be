/** A struct of Thrift's compact protocol: its fields by their ids. */
export type ThriftStruct = (ThriftValue | undefined)[];
/** Any value of Thrift's compact protocol that Parquet uses. Integers beyond 2^53 lose their last digits. */
export type ThriftValue = boolean | number | Uint8Array | ThriftList | { fields: ThriftStruct };
/** A list of values. */
export interface ThriftList {
  items: ThriftValue[];
}

/** Parquet's footers nest six deep; anything deeper is no footer and would only exhaust the stack. */
const DEPTH_MAX = 24;
const FIELD_ID_MAX = 64;
/** A 64-bit varint has at most ten bytes. A longer run costs quadratic time in readers that go on. */
const VARINT_BYTES_MAX = 10;

const TRUE = 1;
const FALSE = 2;
const LIST = 9;
const SET = 10;
const STRUCT = 12;

/**
 * Reads one struct of Thrift's compact protocol. Time and memory are bounded by the number of bytes whatever they say,
 * because footers come from strangers; throws `RangeError` on bytes that are no such struct.
 */
export function readThrift(bytes: Uint8Array): ThriftStruct {
  return readStruct({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 }, 0);
}

interface Cursor {
  bytes: Uint8Array;
  view: DataView;
  at: number;
}

type Reader = (cursor: Cursor, depth: number) => ThriftValue;

const READERS: Record<number, Reader> = {
  [TRUE]: () => true,
  [FALSE]: () => false,
  3: (cursor) => (readByte(cursor) << 24) >> 24,
  4: readZigZag,
  5: readZigZag,
  6: readZigZag,
  7: (cursor) => {
    const value = cursor.view.getFloat64(cursor.at, true);
    cursor.at += 8;
    return value;
  },
  8: readBinary,
  [LIST]: readList,
  [SET]: readList,
  [STRUCT]: (cursor, depth) => ({ fields: readStruct(cursor, depth) }),
};

function readStruct(cursor: Cursor, depth: number): ThriftStruct {
  if (depth > DEPTH_MAX) throw new RangeError('nested too deep');
  const fields: ThriftStruct = [];
  let id = 0;
  for (;;) {
    const header = readByte(cursor);
    if ((header & 15) === 0) return fields;
    id = header >> 4 === 0 ? readZigZag(cursor) : id + (header >> 4);
    const value = readValue(header & 15, cursor, depth);
    if (id > 0 && id <= FIELD_ID_MAX) fields[id] = value;
  }
}

function readValue(type: number, cursor: Cursor, depth: number): ThriftValue {
  const reader = READERS[type];
  if (reader === undefined) throw new RangeError(`unknown type ${type}`);
  return reader(cursor, depth + 1);
}

function readList(cursor: Cursor, depth: number): ThriftList {
  const header = readByte(cursor);
  const type = header & 15;
  const length = header >> 4 === 15 ? readVarint(cursor) : header >> 4;
  // An element takes at least one byte, so a longer list than the bytes left is a lie.
  if (length > cursor.bytes.length - cursor.at) throw new RangeError(`a list of ${length} items`);
  const items: ThriftValue[] = [];
  for (let index = 0; index < length; index++) {
    items.push(type === TRUE || type === FALSE ? readByte(cursor) === 1 : readValue(type, cursor, depth));
  }
  return { items };
}

function readBinary(cursor: Cursor): Uint8Array {
  const length = readVarint(cursor);
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw new RangeError(`a text of ${length} bytes`);
  const bytes = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return bytes;
}

function readZigZag(cursor: Cursor): number {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function readVarint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < VARINT_BYTES_MAX; count++) {
    const byte = readByte(cursor);
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  throw new RangeError('an integer of more than 64 bits');
}

function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) throw new RangeError('ended early');
  cursor.at += 1;
  return byte;
}
