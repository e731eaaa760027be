import { open } from 'node:fs/promises';
import { writeParquetFile } from '@deltacat/io-core';
import { arrowFileBytes } from './arrow-file.ts';
import type { CountedRows } from './counted-rows.ts';
import type { ReadForm } from './read-form.ts';
import { rowTexts } from './row-text.ts';

type Writer = (rows: CountedRows, path: string) => Promise<unknown>;

const WRITERS: Record<Exclude<ReadForm, 'table'>, Writer> = {
  json: (rows, path) => writeParts(path, rowTexts(rows, 'json')),
  csv: (rows, path) => writeParts(path, rowTexts(rows, 'csv')),
  parquet: writeParquetFile,
  feather: (rows, path) => writeParts(path, arrowFileBytes(rows)),
};

/** Writes rows as a new file, durable when it is done, with a few batches in memory at a time. */
export async function writeRowFile(rows: CountedRows, path: string, form: Exclude<ReadForm, 'table'>): Promise<void> {
  await WRITERS[form](rows, path);
}

async function writeParts(path: string, parts: AsyncIterable<string | Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(parts);
    await file.sync();
  } finally {
    await file.close();
  }
}
