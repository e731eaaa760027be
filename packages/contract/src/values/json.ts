/** Integers that JavaScript numbers cannot hold exactly. */
type RawJson = { rawJSON: string };

const json = JSON as typeof JSON & { rawJSON(text: string): RawJson };

const INTEGER = /^-?\d+$/;

/**
 * Parses JSON without losing integers: one beyond 2^53 becomes a `bigint`, every other number stays a `number`.
 * Nanosecond times and stream positions travel as bare JSON integers. Throws `SyntaxError` on text that is no JSON.
 */
export function parseJson(text: string): unknown {
  // Looking at every value takes ten times as long, and only a number of 16 digits or more can need it.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, ((_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
  }) as (key: string, value: unknown) => unknown);
}

/** Writes JSON in which a `bigint` is a bare integer. Numbers that JSON cannot carry (NaN, infinities) become null. */
export function stringifyJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? json.rawJSON(item.toString()) : item),
    indent,
  );
  return text ?? 'null';
}

/**
 * The one text of a value, whatever the order of its keys: sorted keys, no spaces, null and absent alike.
 * Used wherever two payloads are compared by their hash.
 */
export function canonicalJson(value: unknown): string {
  return stringifyJson(sortKeys(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
