import { rowObjects } from '@deltacat/io-core';
import type { CountedRows } from './counted-rows.ts';
import { csvLine } from './print/csv.ts';
import { jsonLines } from './print/json-line.ts';

/** Rows that are objects at the same time: with a batch of 131,072, half of all time goes into collecting them. */
const ROWS_PER_TEXT = 1_024;

/** Rows as lines of text, many at a time: JSON objects, or CSV with a header. */
export async function* rowTexts(rows: CountedRows, form: 'json' | 'csv'): AsyncGenerator<string> {
  const { names } = rows;
  if (form === 'csv') yield `${csvLine(names)}\n`;
  const line =
    form === 'json' ? jsonLines(names) : (row: Record<string, unknown>) => csvLine(names.map((name) => row[name]));
  for await (const batch of rows.batches()) {
    for (let start = 0; start < batch.numRows; start += ROWS_PER_TEXT) {
      const lines = rowObjects(batch.slice(start, start + ROWS_PER_TEXT)).map(line);
      yield `${lines.join('\n')}\n`;
    }
  }
}
