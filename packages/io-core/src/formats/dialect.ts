/** How a delimited format separates and quotes its fields. */
export interface Dialect {
  /** What names of its files end with. */
  extension: string;
  delimiter: string;
  /** Empty where the format has no quotes. */
  quote: string;
}

/** The longest line; DuckDB's own limit of 2 MiB is less than one picture in base64. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;

/** What the beginning of a delimited text tells of the rest. */
export interface Beginning {
  /** The fields of the first record. */
  fields: string[];
  /** How records end, where all of them do so alike. */
  newline: string | null;
}

/** Reads the beginning of a delimited text, of which the last record may be cut. */
export function readBeginning(text: string, dialect: Dialect): Beginning {
  const { fields, end } = firstRecord(text, dialect);
  const ends = new Set<string>();
  let quoted = false;
  for (let at = end; at < text.length; at++) {
    const char = text[at];
    if (char === dialect.quote) quoted = !quoted;
    if (quoted || (char !== '\n' && char !== '\r')) continue;
    const newline = char === '\r' && text[at + 1] === '\n' ? '\r\n' : char;
    ends.add(newline);
    at += newline.length - 1;
  }
  const [newline = null] = ends;
  return { fields, newline: ends.size > 1 ? null : newline };
}

function firstRecord(text: string, { delimiter, quote }: Dialect): { fields: string[]; end: number } {
  const fields: string[] = [];
  let value = '';
  let quoted = false;
  let at = 0;
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '' && char === quote) {
      if (quoted && text[at + 1] === quote) {
        value += quote;
        at += 1;
      } else quoted = !quoted;
    } else if (quoted) value += char;
    else if (char === delimiter) {
      fields.push(value);
      value = '';
    } else if (char === '\n' || char === '\r') break;
    else value += char;
  }
  fields.push(value);
  return { fields, end: at };
}
