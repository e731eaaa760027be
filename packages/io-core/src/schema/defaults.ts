import { DeltacatError } from '@deltacat/contract';
import type { DataType } from 'apache-arrow';
import { formatDecimal } from '../values/decimal.ts';
import { narrow, readScalar, type ScalarKind, scalarJson, scalarKind } from '../values/scalar.ts';
import { type Packed, packMessage, unpackMessage } from './msgpack.ts';

/**
 * A default value as the Python clients read it from a field: base64 of MessagePack, times as counts in the column's
 * unit, bytes as bytes. Null for no default. Throws `invalid_schema` when the value does not fit the column.
 */
export function encodeDefault(value: unknown, type: DataType | null): string | null {
  if (value === null || value === undefined) return null;
  const kind = type === null ? null : scalarKind(type);
  // What is no scalar comes from JSON or MessagePack, whose values Packed describes.
  const packed = kind === null ? (value as Packed) : packScalar(kind, value);
  return Buffer.from(packMessage(packed)).toString('base64');
}

/** Reads a default value of a field as JSON: from base64 of MessagePack, or MessagePack alone as older writers left it. */
export function decodeDefault(text: string, type: DataType | null): unknown {
  const value = unpackText(text);
  const kind = type === null ? null : scalarKind(type);
  const scalar = kind === null || value === null ? undefined : readScalar(kind, value);
  return kind === null || scalar === undefined ? value : scalarJson(kind, scalar);
}

function packScalar(kind: ScalarKind, value: unknown): Packed {
  const scalar = readScalar(kind, value);
  if (scalar === undefined) throw unfit(kind, value);
  if (kind.name === 'int' && !(Number.isInteger(scalar) || typeof scalar === 'bigint')) throw unfit(kind, value);
  if (kind.name === 'int' && ((scalar as bigint) < kind.min || (scalar as bigint) > kind.max)) throw unfit(kind, value);
  if ('unit_ns' in kind) {
    const ns = scalar as bigint; // Times are nanoseconds.
    if (ns % kind.unit_ns !== 0n) throw unfit(kind, value);
    return narrow(ns / kind.unit_ns);
  }
  if (typeof scalar === 'object' && 'digits' in scalar) {
    // pyarrow makes decimals of whole numbers, not of text.
    const one = 10n ** BigInt(Math.max(scalar.scale, 0));
    return scalar.scale >= 0 && scalar.digits % one === 0n ? narrow(scalar.digits / one) : formatDecimal(scalar);
  }
  return scalar;
}

function unpackText(text: string): Packed {
  for (const bytes of [Buffer.from(text, 'base64'), Buffer.from(text, 'utf8')]) {
    try {
      return unpackMessage(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new DeltacatError('invalid_schema', 'its default value is not MessagePack in base64.');
}

function unfit(kind: ScalarKind, value: unknown): DeltacatError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value);
  return new DeltacatError('invalid_schema', `its default value ${shown} is no value of a ${kind.name} column.`);
}
