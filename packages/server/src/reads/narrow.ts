import {
  canonicalJson,
  type Literal,
  type PartitionScheme,
  type PartitionValue,
  type Predicate,
  type SchemaField,
} from '@deltacat/contract';
import { parseTransform, partitionFilter } from '@deltacat/io-core';
import type { PartitionValuesWanted } from '../snapshots/partitions.ts';

/** How many values of one key are looked up; a longer list is left to the check of each partition. */
const VALUES_LOOKED_UP_MAX = 500;

/**
 * Which partition values a filter leaves possible, as they are stored, so that the database can look them up: values of
 * identity keys that are compared for equality, and those of keys that have few. Only where their stored text is
 * certain; null when it narrows nothing. What is left is checked partition by partition afterwards.
 */
export function narrowPartitions(
  filter: Predicate,
  scheme: PartitionScheme,
  fields: readonly SchemaField[],
): PartitionValuesWanted | null {
  const wanted = equalities(filter);
  const [value_1 = null, value_2 = null, value_3 = null] = scheme.keys.slice(0, 3).map((key) => {
    const [column, ...more] = key.key;
    const field = fields.find(({ name }) => name === column);
    if (!field || more.length > 0) return null;
    const transform = parseTransform(key.transform);
    if (transform.name === 'identity') return storedTexts(field, wanted.get(field.name) ?? []);
    const known = domainOf(transform);
    const mayHold = known && partitionFilter(filter, { keys: [key] }, fields);
    const values = mayHold ? known.filter((value) => mayHold([value])) : known;
    return values && known && values.length < known.length ? values.flatMap(spellings) : null;
  });
  if (!value_1 && !value_2 && !value_3) return null;
  return { scheme_id: String(scheme.id), value_1, value_2, value_3 };
}

/**
 * The same for partitions that are named by their values, one tuple for each: the stored texts of whole numbers and of
 * text, of which there are few.
 */
export function narrowToValues(
  tuples: readonly (readonly PartitionValue[])[],
  scheme: PartitionScheme,
  fields: readonly SchemaField[],
): PartitionValuesWanted | null {
  if (tuples.length > VALUES_LOOKED_UP_MAX) return null;
  const [value_1 = null, value_2 = null, value_3 = null] = scheme.keys.slice(0, 3).map((key, place) => {
    const type = fields.find(({ name }) => name === key.key[0])?.type ?? '';
    const isHashed = domainOf(parseTransform(key.transform)) !== null;
    const texts = tuples.map((values) => textsOf(isHashed ? 'int64' : type, values[place] ?? null));
    const known = texts.filter((some) => some !== null);
    return known.length === texts.length ? [...new Set(known.flat())] : null;
  });
  if (!value_1 && !value_2 && !value_3) return null;
  return { scheme_id: String(scheme.id), value_1, value_2, value_3 };
}

function textsOf(type: string, value: PartitionValue): string[] | null {
  if (value === null) return [canonicalJson(null)];
  if (TEXT.test(type)) return typeof value === 'string' ? [canonicalJson(value)] : null;
  const isWhole = WHOLE.test(type) && /^-?\d{1,19}$/.test(String(value));
  return isWhole ? spellings(BigInt(String(value))) : null;
}

const WHOLE = /^u?int(8|16|32|64)$/;
const TEXT = /^(large_)?string$/;

/** All values that a key can have, where they are few. */
function domainOf(transform: ReturnType<typeof parseTransform>): PartitionValue[] | null {
  switch (transform.name) {
    case 'bucket':
      return transform.buckets <= VALUES_LOOKED_UP_MAX ? [null, ...numbers(0, transform.buckets - 1)] : null;
    case 'month':
      return [null, ...numbers(1, 12)];
    case 'day':
      return [null, ...numbers(1, 31)];
    case 'hour':
      return [null, ...numbers(0, 23)];
    default:
      return null;
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** How writers put a value into JSON: some send integers as text. */
function spellings(value: PartitionValue | Literal): string[] {
  const isInteger = typeof value === 'number' || typeof value === 'bigint';
  return isInteger ? [canonicalJson(value), canonicalJson(String(value))] : [canonicalJson(value)];
}

/** The values that a row must have one of, for each column that a conjunct compares for equality. */
function equalities(filter: Predicate): Map<string, Literal[]> {
  const found = new Map<string, Literal[]>();
  const visit = (node: Predicate): void => {
    if ('and' in node) for (const child of node.and) visit(child);
    else if ('eq' in node) found.set(node.eq[0], [node.eq[1]]);
    else if ('in' in node) found.set(node.in[0], node.in[1]);
  };
  visit(filter);
  return found;
}

function storedTexts(field: SchemaField, wanted: Literal[]): string[] | null {
  const literals = wanted.filter((literal) => literal !== null);
  if (literals.length === 0 || literals.length > VALUES_LOOKED_UP_MAX) return null;
  const plain = PLAIN.find(({ type }) => type.test(field.type));
  return plain && literals.every(plain.fits) ? literals.flatMap(spellings) : null;
}

/** The types whose values have one way to be written as a partition value, whoever wrote them. */
const PLAIN: { type: RegExp; fits(literal: Literal): boolean }[] = [
  { type: WHOLE, fits: (literal) => typeof literal === 'bigint' || Number.isSafeInteger(literal) },
  { type: TEXT, fits: (literal) => typeof literal === 'string' },
  { type: /^bool$/, fits: (literal) => typeof literal === 'boolean' },
];
