/** No more than this of a byte of Snappy: the longest copy takes three bytes and gives 64. */
const RATIO_MAX = 22;

/**
 * Decompresses a block of Snappy, as Avro holds it. Throws a RangeError for what is none: the length that it says of itself is
 * checked against its own before anything is copied.
 */
export function snappyDecompress(source: Uint8Array): Uint8Array {
  let { value: length, at } = readLength(source);
  if (length > source.length * RATIO_MAX) throw new RangeError('a Snappy block says that it is longer than it can be');
  const target = new Uint8Array(length);
  let end = 0;
  while (at < source.length) {
    const tag = source[at++] ?? 0;
    if ((tag & 3) === 0) {
      const more = Math.max(0, (tag >>> 2) - 59);
      const size = (more === 0 ? tag >>> 2 : number(source, at, more)) + 1;
      at += more;
      if (at + size > source.length || end + size > length) throw new RangeError('a Snappy block is cut short');
      target.set(source.subarray(at, at + size), end);
      at += size;
      end += size;
    } else {
      const copy = readCopy(source, at, tag);
      at += copy.bytes;
      end = repeat(target, end, copy);
    }
  }
  if (end !== length) throw new RangeError('a Snappy block is shorter than it says');
  return target;
}

function readLength(source: Uint8Array): { value: number; at: number } {
  let value = 0;
  for (let at = 0; at < 5; at++) {
    const byte = source[at] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { value, at: at + 1 };
  }
  throw new RangeError('a Snappy block has no length');
}

function number(source: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let index = 0; index < bytes; index++) value += (source[at + index] ?? 0) * 2 ** (8 * index);
  return value;
}

interface Copy {
  length: number;
  distance: number;
  /** What the copy takes in the source, beside its tag. */
  bytes: number;
}

function readCopy(source: Uint8Array, at: number, tag: number): Copy {
  if ((tag & 3) === 1) {
    return { length: 4 + ((tag >>> 2) & 7), distance: ((tag >>> 5) << 8) | (source[at] ?? 0), bytes: 1 };
  }
  const bytes = (tag & 3) === 2 ? 2 : 4;
  return { length: 1 + (tag >>> 2), distance: number(source, at, bytes), bytes };
}

function repeat(target: Uint8Array, end: number, { length, distance }: Copy): number {
  if (distance === 0 || distance > end || end + length > target.length) {
    throw new RangeError('a Snappy block repeats what is not there');
  }
  for (let index = end; index < end + length; index++) target[index] = target[index - distance] ?? 0;
  return end + length;
}
