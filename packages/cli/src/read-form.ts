import { extname } from 'node:path';
import { UsageError } from './exit.ts';

/** What rows are printed as, or written to a file as. */
export const READ_FORMS = ['table', 'json', 'csv', 'parquet', 'feather'] as const;
/** One of these forms. */
export type ReadForm = (typeof READ_FORMS)[number];

/** What the name of a file promises. */
const FORM_BY_EXTENSION: Record<string, ReadForm> = {
  '.json': 'json',
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
  '.feather': 'feather',
  '.arrow': 'feather',
};

/** What options say of the form. */
export interface FormOptions {
  as?: ReadForm;
  json?: boolean;
  csv?: boolean;
  output?: string;
}

/** The form that the options of a read ask for. Throws a `UsageError` where they ask for two, or for none that can be. */
export function readForm({ as, json, csv, output }: FormOptions): ReadForm {
  const asked: ReadForm[] = [...(as ? [as] : []), ...(json ? ['json' as const] : []), ...(csv ? ['csv' as const] : [])];
  const [form, other] = new Set(asked);
  if (other !== undefined) throw new UsageError(`Choose one of ${form} and ${other}.`);
  if (output === undefined) {
    if (form !== 'parquet' && form !== 'feather') return form ?? 'table';
    throw new UsageError(`${form} is no text to print. Name a file with --output.`);
  }
  const promised = FORM_BY_EXTENSION[extname(output).toLowerCase()];
  const wanted = form ?? promised;
  if (wanted === undefined) {
    const known = Object.keys(FORM_BY_EXTENSION).join(', ');
    throw new UsageError(`${output} ends in none of ${known}. Name the file so, or say its form with --as.`);
  }
  if (wanted === 'table') throw new UsageError('A table is for the screen. Choose csv for a file.');
  if (promised !== undefined && promised !== wanted) {
    throw new UsageError(`${output} would be ${wanted}, and its name says ${promised}. Name it otherwise.`);
  }
  return wanted;
}
