import { stringifyJson } from '@deltacat/contract';

/** A value as text for a person or a CSV field: null is empty, bytes are base64, lists and structs are JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}
