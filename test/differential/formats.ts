import type { ContentType } from '@deltacat/contract';
import type { Actor } from './story.ts';

/** What can be done with files of a format, and by whom. */
interface FormatSupport {
  /** Who writes it. */
  writes: Actor[];
  /** Whether the TypeScript client reads it; where it does not, it must refuse and say what does. */
  typescript_reads: boolean;
  /** Whether it keeps values as bare text, in which null and the empty text look alike to the official client. */
  is_text: boolean;
  /** Types that the official client fails to write to it, or writes so that nobody can read them. */
  unwritten: RegExp | null;
  /** Types that the official client writes to it, and then fails to read, or reads as others. */
  misread: RegExp | null;
}

const BOTH: Actor[] = ['typescript', 'python'];
const OFFICIAL: Actor[] = ['python'];

const DELIMITED: FormatSupport = {
  writes: BOTH,
  typescript_reads: true,
  is_text: true,
  unwritten: /^(binary|list|struct)/,
  misread: /^(uint64|time64|timestamp\[us|decimal128\(38)/,
};

/** The formats of the official client. What the TypeScript client learns is switched on here, in the row of the format. */
export const FORMATS: Partial<Record<ContentType, FormatSupport>> = {
  parquet: { writes: BOTH, typescript_reads: true, is_text: false, unwritten: null, misread: null },
  csv: DELIMITED,
  tsv: DELIMITED,
  psv: DELIMITED,
  json: { writes: BOTH, typescript_reads: true, is_text: false, unwritten: /^binary/, misread: /^(uint64|time64)/ },
  feather: { writes: BOTH, typescript_reads: true, is_text: false, unwritten: null, misread: null },
  avro: {
    writes: BOTH,
    typescript_reads: true,
    is_text: false,
    unwritten: /^(u?int8|u?int16|uint|time64|timestamp\[ns|timestamp\[us, tz|list)/,
    // Where it merges, their precision is that of the values.
    misread: /^decimal/,
  },
  lance: { writes: BOTH, typescript_reads: true, is_text: false, unwritten: null, misread: null },
  orc: {
    writes: OFFICIAL,
    typescript_reads: false,
    is_text: false,
    unwritten: /^(uint|time64)/,
    misread: /^timestamp\[us/,
  },
};

/** Whether both clients carry a type through files of a format. */
export function carries({ unwritten, misread }: FormatSupport, type: string): boolean {
  return !unwritten?.test(type) && !misread?.test(type);
}
