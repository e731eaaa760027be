import { stringifyJson } from '@deltacat/contract';
import { jsonValue } from './json-value.ts';

/** A value as text for a person or a CSV field: null is empty, bytes are base64, lists and structs are JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  const plain = jsonValue(value);
  return typeof plain === 'object' ? stringifyJson(plain) : String(plain);
}
