import { DeltacatError } from '@deltacat/contract';
import type { DataType } from 'apache-arrow';
import { type Packed, packMessage, unpackMessage } from './msgpack.ts';

/** A default value as the Python clients read it from a field: base64 of MessagePack. Null means no default. */
export function encodeDefault(value: unknown, _type: DataType | null): string | null {
  if (value === null || value === undefined) return null;
  // The value comes from JSON or MessagePack, whose values Packed describes.
  return Buffer.from(packMessage(value as Packed)).toString('base64');
}

/** Reads a default value of a field: base64 of MessagePack, or MessagePack alone as older writers left it. */
export function decodeDefault(text: string, _type: DataType | null): unknown {
  for (const bytes of [Buffer.from(text, 'base64'), Buffer.from(text, 'utf8')]) {
    try {
      return unpackMessage(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new DeltacatError('invalid_schema', 'its default value is not MessagePack in base64.');
}
