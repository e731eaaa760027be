/**
 * Decompresses LZ4 frames, as Arrow's buffers hold them, into exactly `length` bytes. Throws a RangeError for everything that
 * is no such frame: sizes are checked before anything is copied, so that a crafted frame costs no more than its own length.
 * Checksums are not compared, because Arrow's writers store none.
 */
export function lz4Decompress(source: Uint8Array, length: number): Uint8Array {
  // A byte of LZ4 makes at most 255.
  if (length > source.length * 255) throw new RangeError('an LZ4 buffer says that it is longer than it can be');
  const target = new Uint8Array(length);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;
  let end = 0;
  while (at < source.length) {
    const magic = view.getUint32(at, true);
    at += 4;
    if (magic >>> 4 === SKIPPABLE) at += 4 + view.getUint32(at, true);
    else if (magic === MAGIC) ({ at, end } = readFrame(view, target, { at, end }));
    else throw new RangeError('an LZ4 buffer does not begin with a frame');
  }
  if (at > source.length || end !== length) throw new RangeError('an LZ4 buffer is shorter than it says');
  return target;
}

const MAGIC = 0x184d2204;
const SKIPPABLE = 0x184d2a5;
/** Flags of a frame: its blocks have checksums, it tells its size, it has a checksum, it needs a dictionary. */
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
/** Of a block's size: the block is stored as it is. */
const STORED = 0x80000000;
const MATCH_MIN = 4;

interface Cursor {
  at: number;
  /** How much of the target is filled. */
  end: number;
}

function readFrame(view: DataView, target: Uint8Array, { at, end }: Cursor): Cursor {
  const flags = view.getUint8(at);
  if (flags >>> 6 !== 1 || (flags & DICTIONARY) !== 0) throw new RangeError('an LZ4 frame is of an unknown kind');
  // Flags, the largest block, perhaps the size, a checksum of these.
  let next = at + 3 + (flags & CONTENT_SIZE ? 8 : 0);
  let filled = end;
  for (;;) {
    const word = view.getUint32(next, true);
    next += 4;
    if (word === 0) break;
    const size = word & ~STORED;
    const block = sub(view, next, size);
    filled = word & STORED ? store(block, target, filled) : readBlock(block, target, filled);
    next += size + (flags & BLOCK_CHECKSUM ? 4 : 0);
  }
  return { at: next + (flags & CONTENT_CHECKSUM ? 4 : 0), end: filled };
}

function sub(view: DataView, start: number, length: number): Uint8Array {
  if (length < 0 || start + length > view.byteLength) throw new RangeError('an LZ4 block is cut short');
  return new Uint8Array(view.buffer, view.byteOffset + start, length);
}

function store(block: Uint8Array, target: Uint8Array, end: number): number {
  target.set(block, end);
  return end + block.length;
}

function readBlock(block: Uint8Array, target: Uint8Array, start: number): number {
  let at = 0;
  let end = start;
  const longer = (length: number) => {
    let whole = length;
    for (let byte = 255; byte === 255; whole += byte) {
      if (at >= block.length) throw new RangeError('an LZ4 block is cut short');
      byte = block[at++] ?? 0;
    }
    return whole;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = token >>> 4 === 15 ? longer(15) : token >>> 4;
    if (at + literals > block.length) throw new RangeError('an LZ4 block is cut short');
    end = store(block.subarray(at, at + literals), target, end);
    at += literals;
    // The last sequence has literals only.
    if (at === block.length) break;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const matched = (token & 15) === 15 ? longer(15) : token & 15;
    end = repeat(target, { end, distance, length: matched + MATCH_MIN });
  }
  return end;
}

function repeat(target: Uint8Array, { end, distance, length }: { end: number; distance: number; length: number }) {
  const from = end - distance;
  if (distance === 0 || from < 0 || end + length > target.length) {
    throw new RangeError('an LZ4 block repeats what is not there');
  }
  if (distance >= length) target.copyWithin(end, from, from + length);
  else for (let index = 0; index < length; index++) target[end + index] = target[from + index] ?? 0;
  return end + length;
}
