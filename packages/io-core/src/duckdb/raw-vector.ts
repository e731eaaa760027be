type Bindings = typeof import('@duckdb/node-bindings');

/** DuckDB's native functions, of which a few read a vector's memory. */
export async function loadBindings(): Promise<Bindings> {
  return (await import('@duckdb/node-bindings')).default;
}

/** What reading a vector's memory needs: the native functions, and the handle of a vector. */
export type Native = Bindings;
type Handle = ReturnType<Bindings['data_chunk_get_vector']>;

/** The size of the entry of one string or blob. */
const ENTRY_BYTES = 16;
/** Strings of up to so many bytes lie in their entry, longer ones behind a pointer. */
const INLINE_BYTES_MAX = 12;
/** Short copies are made by hand: `set` with a view for each costs five times as much. */
const COPY_BY_HAND_MAX = 40;
/** How far apart two strings may lie that are read at once; far less than a page of memory. */
const HEAP_GAP_MAX = 64;

const EMPTY = new Uint8Array(0);

/** Whether a bit of a bitmap is set. */
export function isSet(bits: Uint8Array, at: number): boolean {
  return (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

/**
 * A flat vector of a DuckDB chunk, read in place. The layout of each type is that of DuckDB's C interface:
 * https://duckdb.org/docs/stable/clients/c/vector. Valid as long as its chunk.
 */
export class RawVector {
  readonly size: number;
  readonly #native: Native;
  readonly #handle: Handle;
  #data: Uint8Array | null = null;
  #validity: Uint8Array | null | undefined;
  #entries: Uint32Array | null = null;
  #heap: Uint8Array = EMPTY;
  #heapStart = 0;
  #heapEnd = 0;

  constructor(native: Native, handle: Handle, size: number) {
    this.#native = native;
    this.#handle = handle;
    this.size = size;
  }

  /** The values, `width` bytes each; values of null rows are undefined. */
  data(width: number): Uint8Array {
    this.#data ??= this.#native.vector_get_data(this.#handle, this.size * width);
    return this.#data;
  }

  /** A bit per row, least first, set for values; null when there are no nulls. Arrow's bitmaps look the same. */
  get validity(): Uint8Array | null {
    // The binding answers null for a null pointer, whatever its declaration says.
    if (this.#validity === undefined) {
      this.#validity = this.#native.vector_get_validity(this.#handle, Math.ceil(this.size / 64) * 8) ?? null;
    }
    return this.#validity;
  }

  /** The entries of strings and blobs as words of 32 bits, four each; the first is the length in bytes. */
  entries(): Uint32Array {
    if (this.#entries === null) {
      const data = this.data(ENTRY_BYTES);
      this.#entries = new Uint32Array(data.buffer, data.byteOffset, this.size * (ENTRY_BYTES / 4));
    }
    return this.#entries;
  }

  /** Copies the bytes of a string or blob to a place in `target` that has room for them. */
  copyBytes(row: number, length: number, { target, at }: { target: Uint8Array; at: number }): void {
    let source = this.data(ENTRY_BYTES);
    let from = row * ENTRY_BYTES + 4;
    if (length > INLINE_BYTES_MAX) {
      const address = this.#address(row);
      if (address < this.#heapStart || address + length > this.#heapEnd) this.#look(row, address, length);
      source = this.#heap;
      from = address - this.#heapStart;
    }
    if (length > COPY_BY_HAND_MAX) target.set(source.subarray(from, from + length), at);
    else for (let index = 0; index < length; index++) target[at + index] = source[from + index] ?? 0;
  }

  #address(row: number): number {
    const entries = this.entries();
    return (entries[row * 4 + 2] ?? 0) + (entries[row * 4 + 3] ?? 0) * 2 ** 32;
  }

  /**
   * Makes a long string's memory readable, along with the strings of the next rows as far as they lie right behind it.
   * A call into native code costs as much as copying 500 bytes, so a column of long strings reads 3x faster by runs. A gap
   * shorter than a page of memory lies on the pages of its two neighbours, so reading over it is safe.
   */
  #look(row: number, address: number, length: number): void {
    const entries = this.entries();
    const { validity } = this;
    let end = address + length;
    for (let next = row + 1; next < this.size; next++) {
      const bytes = entries[next * 4] ?? 0;
      if (bytes <= INLINE_BYTES_MAX || (validity !== null && !isSet(validity, next))) continue;
      const start = this.#address(next);
      if (start < end || start - end > HEAP_GAP_MAX) break;
      end = start + bytes;
    }
    this.#heapStart = address;
    this.#heapEnd = end;
    // A Uint8Array of the binding is over a plain ArrayBuffer, never a shared one.
    const buffer = entries.buffer as ArrayBuffer;
    const pointer = entries.byteOffset + row * ENTRY_BYTES + 8;
    this.#heap = this.#native.get_data_from_pointer(buffer, pointer, end - address);
  }

  /** The vector that the lists of a list or map vector point into. */
  elements(): RawVector {
    const size = this.#native.list_vector_get_size(this.#handle);
    return new RawVector(this.#native, this.#native.list_vector_get_child(this.#handle), size);
  }

  /** The vector of one field of a struct vector. */
  field(index: number): RawVector {
    return new RawVector(this.#native, this.#native.struct_vector_get_child(this.#handle, index), this.size);
  }
}
