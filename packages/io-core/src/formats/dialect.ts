import type { ContentType } from '@deltacat/contract';

/** How a delimited format separates and quotes its fields. */
export interface Dialect {
  /** What names of its files end with. */
  extension: string;
  delimiter: string;
  /** Empty where the format has no quotes. */
  quote: string;
}

/** The delimited formats. */
export const DIALECTS = {
  csv: { extension: '.csv.gz', delimiter: ',', quote: '"' },
  tsv: { extension: '.tsv.gz', delimiter: '\t', quote: '"' },
  psv: { extension: '.psv.gz', delimiter: '|', quote: '"' },
  unescaped_tsv: { extension: '.tsv.gz', delimiter: '\t', quote: '' },
} satisfies Partial<Record<ContentType, Dialect>>;

/** The dialect of a delimited format; null for other formats. */
export function dialectOf(content_type: ContentType): Dialect | null {
  const dialects: Partial<Record<ContentType, Dialect>> = DIALECTS;
  return dialects[content_type] ?? null;
}

/** Whether files of a format are delimited texts, whose columns are known by their place alone. */
export function isDelimited(content_type: ContentType): boolean {
  return dialectOf(content_type) !== null;
}

/** Whether files of a format are texts, which say nothing of themselves before they are read. */
export function isTextFormat(content_type: ContentType): boolean {
  return content_type === 'json' || isDelimited(content_type);
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
