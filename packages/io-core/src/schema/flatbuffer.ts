/**
 * A FlatBuffer is read by where its parts lie: a table is a number, and a slot of it is where the field with that number in
 * the format's schema is stored, or 0 where it is left out. Reads outside of the bytes throw a RangeError.
 */
export function tableSlot(bytes: Buffer, table: number, slot: number): number {
  const fields = table - bytes.readInt32LE(table);
  const entry = 4 + slot * 2;
  const offset = entry < bytes.readUInt16LE(fields) ? bytes.readUInt16LE(fields + entry) : 0;
  return offset === 0 ? 0 : table + offset;
}

/** The table at the start of a message. */
export function rootTable(bytes: Buffer): number {
  return follow(bytes, 0);
}

/** What an offset at a place points to. */
export function follow(bytes: Buffer, at: number): number {
  return at + bytes.readUInt32LE(at);
}

/** The places of a vector's items, whose items take `width` bytes each; none for a slot that is left out. */
export function vectorPlaces(bytes: Buffer, slot: number, width: number): number[] {
  if (slot === 0) return [];
  const vector = follow(bytes, slot);
  const length = bytes.readUInt32LE(vector);
  const start = vector + 4;
  if (start + length * width > bytes.length) throw new RangeError('a list in it is longer than the message');
  return Array.from({ length }, (_, index) => start + index * width);
}

/** The tables that a vector of offsets points to. */
export function vectorTables(bytes: Buffer, slot: number): number[] {
  return vectorPlaces(bytes, slot, 4).map((place) => follow(bytes, place));
}

/** The bytes of a text; none for a slot that is left out. */
export function textBytes(bytes: Buffer, slot: number): Buffer {
  if (slot === 0) return bytes.subarray(0, 0);
  const start = follow(bytes, slot);
  return bytes.subarray(start + 4, start + 4 + bytes.readUInt32LE(start));
}

/** A whole number of 64 bits, which must fit a number; `absent` for a slot that is left out. */
export function longAt(bytes: Buffer, slot: number, absent = 0): number {
  if (slot === 0) return absent;
  const value = Number(bytes.readBigInt64LE(slot));
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no number that a message may hold`);
  return value;
}
