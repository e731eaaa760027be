/** Longer texts make every plan heavier, and prune no better. */
const BOUND_BYTES_MAX = 1024;

/** A text that is not above a given one, and as near to it as the length of bounds allows. */
export function lowerBound(text: string): string {
  return Buffer.byteLength(text) <= BOUND_BYTES_MAX ? text : shortened(text);
}

/** The same that is not below it; null when there is none, as above texts of the greatest character alone. */
export function upperBound(text: string): string | null {
  return Buffer.byteLength(text) <= BOUND_BYTES_MAX ? text : prefixSuccessor(shortened(text));
}

/** As many whole characters as fit, and room for one more byte: the next character may be longer than the last one. */
function shortened(text: string): string {
  let bytes = 0;
  let end = 0;
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > BOUND_BYTES_MAX - 1) break;
    end += char.length;
  }
  return text.slice(0, end);
}

/** The least text above all that begin with a prefix, or null when there is none. */
export function prefixSuccessor(prefix: string): string | null {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  // Between these two lie the surrogates, which are no characters.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
