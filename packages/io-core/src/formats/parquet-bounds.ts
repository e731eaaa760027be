import type { DataType } from 'apache-arrow';
import { type Scalar, type ScalarKind, scalarKind } from '../values/scalar.ts';
import { NS_PER_DAY } from '../values/temporal.ts';
import { lowerBound, upperBound } from '../values/text-bounds.ts';
import type { ParquetElement } from './parquet-footer.ts';
import { clockOf, isUnsigned, PHYSICAL } from './parquet-words.ts';

/** Reads a bound from the plain encoding of its value; null when it says nothing. */
export type BoundReader = (bytes: Uint8Array, side: 'min' | 'max') => Scalar | null;

/** How the bounds of a column are read: its values as everything else compares them. */
export interface Bounds {
  kind: ScalarKind;
  read: BoundReader;
}

/** How the bounds of a column are read, by its Arrow type and its storage; null when its values do not compare. */
export function parquetBounds(element: ParquetElement, type: DataType | undefined): Bounds | null {
  const kind = type === undefined ? null : scalarKind(type);
  // Readers in other languages could not compare these.
  if (kind?.name === 'bytes' || kind?.name === 'duration') return null;
  const read = kind === null ? null : readerOf(kind, element);
  return kind === null || read === null ? null : { kind, read };
}

function readerOf(kind: ScalarKind, element: ParquetElement): BoundReader | null {
  const { type } = element;
  const isInteger = type === PHYSICAL.int32 || type === PHYSICAL.int64;
  const isBytes = type === PHYSICAL.byte_array || type === PHYSICAL.fixed;
  if (kind.name === 'bool') return type === PHYSICAL.boolean ? (bytes) => bytes[0] === 1 : null;
  if (kind.name === 'float') return type === PHYSICAL.float || type === PHYSICAL.double ? readFloat : null;
  if (kind.name === 'string') return isBytes ? readText : null;
  if (kind.name === 'decimal') return decimalReader(kind.scale, isInteger);
  if (!isInteger || (!('unit_ns' in kind) && kind.name !== 'int')) return null;
  if (kind.name === 'int') return (bytes) => readInteger(bytes, !isUnsigned(element));
  return timeReader(kind, element);
}

/** Seconds and milliseconds of a day have no Parquet type of their own: they are stored as plain numbers or coarser. */
function timeReader(kind: Extract<ScalarKind, { unit_ns: bigint }>, element: ParquetElement): BoundReader {
  const stored = clockOf(element)?.unit_ns;
  const isDays = kind.name === 'date' && element.type === PHYSICAL.int32;
  const unit_ns = stored ?? (isDays ? NS_PER_DAY : kind.unit_ns);
  return (bytes) => {
    const value = readInteger(bytes, true);
    return value === null ? null : value * unit_ns;
  };
}

function readFloat(bytes: Uint8Array): number | null {
  const view = viewOf(bytes);
  if (bytes.length !== 4 && bytes.length !== 8) return null;
  const value = bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  return Number.isNaN(value) ? null : value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(bytes: Uint8Array, side: 'min' | 'max'): string | null {
  try {
    const text = utf8.decode(bytes);
    return side === 'min' ? lowerBound(text) : upperBound(text);
  } catch {
    // Some writers shorten bounds in the middle of a character, and tell nobody.
    return null;
  }
}

function readInteger(bytes: Uint8Array, signed: boolean): bigint | null {
  const view = viewOf(bytes);
  if (bytes.length === 4) return BigInt(signed ? view.getInt32(0, true) : view.getUint32(0, true));
  if (bytes.length !== 8) return null;
  return signed ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
}

const DECIMAL_BYTES_MAX = 32;

function decimalReader(scale: number, little: boolean): BoundReader {
  return (bytes) => {
    if (bytes.length === 0 || bytes.length > DECIMAL_BYTES_MAX) return null;
    const digits = little
      ? readInteger(bytes, true)
      : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
    return digits === null ? null : { digits, scale };
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
