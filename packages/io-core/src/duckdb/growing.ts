import { isSet } from './raw-vector.ts';

const CAPACITY_MIN = 4096;

/**
 * Bytes that are appended to, over memory that doubles and is used again once they are taken: batches of one read are about
 * as large as each other, and memory that grew anew for each of them stayed behind as garbage of three times their size.
 */
export class GrowingBytes {
  bytes = new Uint8Array(CAPACITY_MIN);
  length = 0;

  /** Makes room for `count` more bytes, counts them in, and tells where they start. */
  extend(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const wider = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      wider.set(this.bytes.subarray(0, at));
      this.bytes = wider;
    }
    return at;
  }

  /** The bytes so far, in memory of their own that starts aligned. The next ones begin anew, where all is zero. */
  finish(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(0, this.length);
    this.bytes.fill(0, 0, this.length);
    this.length = 0;
    return taken;
  }
}

/** Where each string or list of a column ends, as Arrow's offsets, which begin with 0. */
export class GrowingOffsets {
  readonly #bytes = new GrowingBytes();
  #ends = new Uint32Array(this.#bytes.bytes.buffer);

  constructor() {
    this.push(0);
  }

  push(end: number): void {
    const at = this.#bytes.extend(4);
    if (this.#ends.buffer !== this.#bytes.bytes.buffer) this.#ends = new Uint32Array(this.#bytes.bytes.buffer);
    this.#ends[at / 4] = end;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /** The offsets so far; the next ones begin with 0 again. */
  finish(): Int32Array<ArrayBuffer> {
    const offsets = new Int32Array(this.#bytes.finish().buffer);
    this.push(0);
    return offsets;
  }
}

/** Which rows have a value: a bit each, made only when the first null comes. */
export class GrowingValidity {
  length = 0;
  nulls = 0;
  #bits: GrowingBits | null = null;

  /** Appends rows of a DuckDB bitmap, or rows without nulls. */
  append(bits: Uint8Array | null, start: number, count: number): void {
    if (bits !== null && this.#bits === null) {
      this.#bits = new GrowingBits();
      this.#bits.fill(true, this.length);
    }
    this.length += count;
    if (this.#bits === null) return;
    if (bits === null) this.#bits.fill(true, count);
    else this.nulls += count - this.#bits.copy(bits, start, count);
  }

  /** Appends rows without a value. */
  appendNulls(count: number): void {
    if (count > 0) this.append(new Uint8Array((count + 7) >> 3), 0, count);
  }

  /** What the rows so far have; the next ones begin anew. The bitmap is null when no row lacks a value. */
  finish(): { length: number; nulls: number; bitmap: Uint8Array | null } {
    const { length, nulls } = this;
    const bitmap = nulls === 0 || this.#bits === null ? null : this.#bits.finish();
    this.#bits = null;
    this.length = 0;
    this.nulls = 0;
    return { length, nulls, bitmap };
  }
}

/** Bits that are appended to, least of a byte first. */
export class GrowingBits {
  readonly #bytes = new GrowingBytes();
  #length = 0;

  /** Appends one bit `count` times. */
  fill(bit: boolean, count: number): void {
    const from = this.#length;
    this.#extend(count);
    if (!bit) return;
    const bytes = this.#bytes.bytes;
    let at = from;
    for (; at < this.#length && at % 8 !== 0; at++) setBit(bytes, at);
    const wholeEnd = this.#length & ~7;
    if (at < wholeEnd) {
      bytes.fill(255, at >> 3, wholeEnd >> 3);
      at = wholeEnd;
    }
    for (; at < this.#length; at++) setBit(bytes, at);
  }

  /** Appends bits of a bitmap and tells how many of them are set. */
  copy(bits: Uint8Array, start: number, count: number): number {
    const from = this.#length;
    this.#extend(count);
    const bytes = this.#bytes.bytes;
    let set = 0;
    for (let index = 0; index < count; index++) {
      const at = start + index;
      if (isSet(bits, at)) {
        setBit(bytes, from + index);
        set += 1;
      }
    }
    return set;
  }

  /** Appends a bit per byte, set where the byte is not zero: DuckDB's booleans are bytes. */
  pack(bytes: Uint8Array): void {
    const from = this.#length;
    this.#extend(bytes.length);
    const target = this.#bytes.bytes;
    for (let index = 0; index < bytes.length; index++) if (bytes[index] !== 0) setBit(target, from + index);
  }

  /** The bitmap so far; the next bits begin anew. */
  finish(): Uint8Array {
    this.#length = 0;
    return this.#bytes.finish();
  }

  #extend(count: number): void {
    this.#length += count;
    const wanted = (this.#length + 7) >> 3;
    // What is not written yet is zero.
    if (wanted > this.#bytes.length) this.#bytes.extend(wanted - this.#bytes.length);
  }
}

function setBit(bytes: Uint8Array, at: number): void {
  bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
}
