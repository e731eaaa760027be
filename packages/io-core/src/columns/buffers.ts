import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import type { Decimal } from '../values/decimal.ts';
import type { Scalar, ScalarKind } from '../values/scalar.ts';

/** Which rows of a column hold a value. */
export class Validity {
  readonly bitmap: Uint8Array;
  null_count = 0;

  constructor(length: number) {
    this.bitmap = new Uint8Array((length + 7) >> 3);
  }

  set(row: number): void {
    const byte = row >> 3;
    this.bitmap[byte] = (this.bitmap[byte] ?? 0) | (1 << (row & 7));
  }
}

/** The buffers of a column while its values are placed; rows that are left out stay empty. */
export interface BufferWriter {
  put(row: number, scalar: Scalar): void;
  finish(): { data: unknown; valueOffsets?: unknown };
}

/** Buffers for a flat type, whose scalars are of that kind and already fit it. */
export function bufferWriter(type: arrow.DataType, length: number, kind: ScalarKind): BufferWriter {
  if (kind.name === 'bool') return placeBits(length);
  if (kind.name === 'string' || (kind.name === 'bytes' && kind.width === null)) return placeBytes(type, length);
  if (kind.name === 'bytes') return placeFixed(length, kind.width ?? 0);
  if (kind.name === 'decimal') return placeDecimals(length, kind.bits);
  return placeNumbers(type, length);
}

function placeBits(length: number): BufferWriter {
  const bits = new Validity(length);
  return {
    put: (row, scalar) => {
      if (scalar === true) bits.set(row);
    },
    finish: () => ({ data: bits.bitmap }),
  };
}

function placeNumbers(type: arrow.DataType, length: number): BufferWriter {
  const data = new type.ArrayType(length);
  const wide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const half = arrow.DataType.isFloat(type) && type.precision === arrow.Precision.HALF;
  return {
    put: (row, scalar) => {
      // The column's kind says what its scalars are, here and below.
      if (wide) data[row] = BigInt(scalar as number | bigint);
      else data[row] = half ? arrow.util.float64ToUint16(Number(scalar)) : Number(scalar);
    },
    finish: () => ({ data }),
  };
}

function placeFixed(length: number, width: number): BufferWriter {
  const data = new Uint8Array(length * width);
  return { put: (row, scalar) => data.set(scalar as Uint8Array, row * width), finish: () => ({ data }) };
}

function placeDecimals(length: number, bits: number): BufferWriter {
  const words = bits / 32;
  const data = new Uint32Array(length * words);
  return {
    put: (row, scalar) => {
      // The kind is decimal, and its scalars are decimals.
      let digits = BigInt.asUintN(bits, (scalar as Decimal).digits);
      for (let word = 0; word < words; word++, digits >>= 32n) data[row * words + word] = Number(digits & 0xffffffffn);
    },
    finish: () => ({ data }),
  };
}

const TEXT = new TextEncoder();

function placeBytes(type: arrow.DataType, length: number): BufferWriter {
  let bytes = new Uint8Array(Math.max(64, length * 8));
  let end = 0;
  const ends = new Float64Array(length + 1);
  const reserve = (size: number) => {
    if (end + size <= bytes.length) return;
    const grown = new Uint8Array(Math.max(bytes.length * 2, end + size));
    grown.set(bytes.subarray(0, end));
    bytes = grown;
  };
  return {
    put: (row, scalar) => {
      if (scalar instanceof Uint8Array) {
        reserve(scalar.length);
        bytes.set(scalar, end);
        end += scalar.length;
      } else {
        const text = String(scalar);
        // A UTF-16 unit becomes at most three bytes.
        reserve(text.length * 3);
        end = writeText(text, bytes, end);
      }
      ends[row + 1] = end;
    },
    finish: () => ({ data: bytes.slice(0, end), valueOffsets: offsetsOf(type, ends) }),
  };
}

/** Above this, the call into the encoder costs less than a loop. */
const LOOP_UNITS_MAX = 48;

function writeText(text: string, bytes: Uint8Array, start: number): number {
  let end = start;
  if (text.length <= LOOP_UNITS_MAX) {
    for (; end - start < text.length; end++) {
      const unit = text.charCodeAt(end - start);
      if (unit > 127) break;
      bytes[end] = unit;
    }
    if (end - start === text.length) return end;
  }
  return start + TEXT.encodeInto(text, bytes.subarray(start)).written;
}

const INT32_MAX = 2 ** 31 - 1;

/** The ends of values (0 for nulls) as offsets of a type's own width. */
export function offsetsOf(type: arrow.DataType, ends: Float64Array): Int32Array | BigInt64Array {
  for (let row = 1; row < ends.length; row++) ends[row] = Math.max(ends[row] ?? 0, ends[row - 1] ?? 0);
  if (arrow.DataType.isLargeUtf8(type) || arrow.DataType.isLargeBinary(type)) {
    return BigInt64Array.from(ends, (end) => BigInt(end));
  }
  if ((ends.at(-1) ?? 0) > INT32_MAX) {
    throw new DeltacatError('payload_too_large', 'A column holds more than 2 GiB of values; write fewer rows at once.');
  }
  return Int32Array.from(ends);
}
