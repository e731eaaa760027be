import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { WriteData } from '@deltacat/client';
import { type ContentType, parseJson } from '@deltacat/contract';
import { fromManifestTable } from '@deltacat/io-core';
import { UsageError } from './exit.ts';
import type { Progress } from './progress.ts';

/** Rows that are sent to a command. Whoever takes them disposes of them. */
interface InputRows extends AsyncDisposable {
  rows: WriteData;
}

/** How they are sent, and where it is told how far they are. */
interface InputOptions {
  format?: ContentType | undefined;
  progress: Progress;
}

/** Formats whose columns stand in a first line, and so are known before the rows. */
const DELIMITED: ContentType[] = ['csv', 'tsv', 'psv'];

/** The rows of a stream of text: JSON objects, one per line, as they come, or delimited lines below the names of their columns. */
export async function inputRows(
  input: NodeJS.ReadableStream,
  { format = 'json', progress }: InputOptions,
): Promise<InputRows> {
  if (format === 'json') return { rows: jsonRows(input, progress), [Symbol.asyncDispose]: async () => {} };
  if (!DELIMITED.includes(format)) {
    throw new UsageError(`Standard input is json, ${DELIMITED.join(', ')}, not ${format}. Name a file of that.`);
  }
  return delimitedRows(input, format);
}

async function* jsonRows(input: NodeJS.ReadableStream, progress: Progress): AsyncGenerator<Record<string, unknown>> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === '') continue;
    yield jsonRow(line, number);
    progress.update(`${number.toLocaleString('en-US')} lines`);
  }
}

function jsonRow(line: string, number: number): Record<string, unknown> {
  let row: unknown;
  try {
    row = parseJson(line);
  } catch (error) {
    throw new Error(`Line ${number} of standard input is not JSON (${(error as Error).message}). Nothing was written.`);
  }
  // Of JSON, these are the objects.
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  throw new Error(`Line ${number} of standard input is no JSON object. Nothing was written.`);
}

/** Their types are seen when all of them are there: they wait in a file, not in memory. */
async function delimitedRows(input: NodeJS.ReadableStream, format: ContentType): Promise<InputRows> {
  const folder = await mkdtemp(join(tmpdir(), 'deltacat-input-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, `standard-input.${format}`);
    await pipeline(input, createWriteStream(path));
    const rows = await fromManifestTable([{ path, meta_content_type: format }]);
    return { rows: rows.batches(), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
