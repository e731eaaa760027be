/** Integers that JavaScript numbers cannot hold exactly. */
type RawJson = { rawJSON: string };

const json = JSON as typeof JSON & { rawJSON(text: string): RawJson };

/**
 * Parses JSON without losing integers: one beyond 2^53 becomes a `bigint`, every other number stays a `number`.
 * Nanosecond times and stream positions travel as bare JSON integers. Throws `SyntaxError` on text that is no JSON.
 */
export function parseJson(text: string): unknown {
  // Only a number of 16 digits or more can need it.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  // A text may spell what it likes in escapes, the mark as well.
  if (text.includes('\\u')) return JSON.parse(text, readInteger as (key: string, value: unknown) => unknown);
  const mark = unusedIn(text);
  const marked = markIntegers(text, mark);
  if (marked === text) return JSON.parse(text);
  let value: unknown;
  try {
    value = JSON.parse(marked);
  } catch {
    // The text says where it is no JSON.
    return JSON.parse(text);
  }
  return unmark(value, mark);
}

const INTEGER = /^-?\d+$/;

function readInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}

/** A beginning that no string of a text has. */
function unusedIn(text: string): string {
  let mark = 'int:';
  while (text.includes(`"${mark}`)) mark = `${mark}:`;
  return mark;
}

/**
 * The text with every integer that a number would round put into a string. A plan of 100,000 files is 30 MB with a few such
 * integers: looking for them takes a quarter of the time that asking about every value does.
 */
function markIntegers(text: string, mark: string): string {
  const digits = /-?\d{16,}/g;
  const quotes = { place: 0, isInside: false };
  const parts: string[] = [];
  let from = 0;
  for (let found = digits.exec(text); found !== null; found = digits.exec(text)) {
    const [token] = found;
    const end = found.index + token.length;
    if (isInString(text, found.index, quotes) || !isRounded(text, found.index, token)) continue;
    parts.push(text.slice(from, found.index), '"', mark, token, '"');
    from = end;
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(from);
}

/** Whether a place is in a string; `quotes` is how far the text was looked through, and must be of an earlier place. */
function isInString(text: string, place: number, quotes: { place: number; isInside: boolean }): boolean {
  for (let quote = text.indexOf('"', quotes.place); quote !== -1 && quote < place; ) {
    if (!quotes.isInside || !isEscaped(text, quote)) quotes.isInside = !quotes.isInside;
    quotes.place = quote + 1;
    quote = text.indexOf('"', quotes.place);
  }
  return quotes.isInside;
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before -= 1;
  return (quote - before) % 2 === 0;
}

/** Whether a run of digits outside of strings is an integer that a number cannot hold, and is where a value may be. */
function isRounded(text: string, place: number, token: string): boolean {
  const end = place + token.length;
  const isPart = /[\d.eE+-]/.test(text[place - 1] ?? '') || /[.eE]/.test(text[end] ?? '');
  if (isPart || /^-?0/.test(token) || Number.isSafeInteger(Number(token))) return false;
  // As a key it would be no JSON, which a string is.
  return !isBeforeColon(text, end);
}

function isBeforeColon(text: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(text);
}

/** Turns marked strings into integers, in place. */
function unmark(value: unknown, mark: string): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  // What was parsed has no keys but its own, and a list of a million entries would take as long as all the rest.
  for (const key in value) {
    const item: unknown = Reflect.get(value, key);
    const whole = unmark(item, mark);
    // A key may be "__proto__", which assigning would not make a field.
    if (whole !== item) Object.defineProperty(value, key, { ...FIELD, value: whole });
  }
  return value;
}

const FIELD = { configurable: true, enumerable: true, writable: true };

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
