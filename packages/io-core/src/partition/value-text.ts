import type { PartitionScheme, PartitionValue, SchemaField } from '@deltacat/contract';
import { fieldType } from '../schema/schema.ts';
import { type Decimal, formatDecimal } from '../values/decimal.ts';
import { readScalar, type Scalar, type ScalarKind, scalarKind } from '../values/scalar.ts';
import { parseTransform } from './transform.ts';

/** A text that two partitions of a scheme have in common exactly when their values are the same; null for a misfit. */
export type PartitionValueTexts = (values: readonly PartitionValue[] | null | undefined) => string | null;

/**
 * Compiles what tells partitions of a scheme apart: by value, not by spelling. Clients name partitions by what `str()`
 * makes of a value, and some writers send whole numbers as text.
 */
export function partitionValueTexts(scheme: PartitionScheme, fields: readonly SchemaField[]): PartitionValueTexts {
  const kinds = scheme.keys.map((key) => kindOf(key, fields));
  return (values) => {
    if (!values || values.length !== kinds.length) return null;
    return JSON.stringify(values.map((value, index) => textOf(kinds[index] ?? null, value)));
  };
}

const WHOLE: ScalarKind = { name: 'int', min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** What the values of a key are: those of its column, or the numbers of buckets and of calendars. */
function kindOf({ key, transform }: PartitionScheme['keys'][number], fields: readonly SchemaField[]) {
  const { name } = parseTransform(transform);
  if (name !== 'identity' && name !== 'truncate') return WHOLE;
  const field = fields.find((one) => one.name === key[0]);
  return field ? scalarKind(fieldType(field)) : null;
}

function textOf(kind: ScalarKind | null, value: PartitionValue): string | null {
  if (value === null) return null;
  if (kind === null || kind.name === 'string') return String(value);
  if (value === 'None') return null;
  const scalar = readScalar(kind, typeof value === 'string' ? unspell(kind, value) : value);
  return scalar === undefined || scalar instanceof Uint8Array ? String(value) : scalarText(scalar);
}

/** The value that a text stands for where JSON has a type of its own for such values. */
function unspell(kind: ScalarKind, text: string): PartitionValue {
  if (kind.name === 'int' || kind.name === 'duration') return /^-?\d{1,19}$/.test(text) ? BigInt(text) : text;
  if (kind.name === 'bool') return BOOLEANS.get(text) ?? text;
  if (kind.name !== 'float') return text;
  return FLOATS.get(text) ?? (text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text));
}

const BOOLEANS = new Map([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
]);

const FLOATS = new Map([
  ['nan', Number.NaN],
  ['NaN', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

function scalarText(scalar: Exclude<Scalar, Uint8Array>): string {
  return typeof scalar === 'object' ? decimalText(scalar) : String(scalar);
}

function decimalText({ digits, scale }: Decimal): string {
  let shortest = { digits, scale };
  while (shortest.scale > 0 && shortest.digits % 10n === 0n) {
    shortest = { digits: shortest.digits / 10n, scale: shortest.scale - 1 };
  }
  return formatDecimal(shortest);
}
