import { join, relative } from 'node:path';
import type { Client } from '@deltacat/client';
import { executePlan, MEMORY_LIMIT_MB_MIN, parseMemoryLimit, rowObjects } from '@deltacat/io-core';
import { connect } from './connection.ts';
import { CountedRows } from './counted-rows.ts';
import { UsageError } from './exit.ts';
import { findOutput, type OutputFile, replaceOutput } from './output-file.ts';
import { counted } from './print/counted.ts';
import { print, write } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import { type ReadForm, readForm } from './read-form.ts';
import { type ReadOptions, ROWS_SHOWN, type TableName } from './read-options.ts';
import { writeRowFile } from './row-file.ts';
import { rowTexts } from './row-text.ts';

/** Reads a table and prints its rows, or writes them to a file, as the options say. */
export async function readRows(table: TableName, options: ReadOptions): Promise<void> {
  const { output, limit = null } = options;
  const form = readForm(options);
  const file = output === undefined ? null : await findOutput(output);
  await using client = connect(options);
  const planned = await planRows(client, table, options);
  if (file !== null && form !== 'table') return writeFile(planned(limit), file, form);
  if (form === 'json' || form === 'csv') return printText(planned(limit), form);
  const shown = limit ?? ROWS_SHOWN;
  // One more tells whether there are more.
  return printTable(planned(shown + 1), shown);
}

/** Plans the read; what comes back reads at most so many rows of it. */
async function planRows(
  client: Client,
  table: TableName,
  { columns, filter, partition, asOf, tableVersion, offset, memoryLimit }: ReadOptions,
): Promise<(limit: number | null) => CountedRows> {
  const memory_limit_mb = memoryLimit === undefined ? null : memoryOf(memoryLimit);
  const plan = await client.catalog.plan({
    ...table,
    columns,
    filter_predicate: filter,
    partition_filter: partition,
    as_of: asOf,
    table_version: tableVersion,
  });
  const { raw } = await plan.complete();
  const wanted = { columns: columns ?? null, filter: filter ?? null, offset: offset ?? null, memory_limit_mb };
  return (limit) => new CountedRows(executePlan(raw, { ...wanted, limit }));
}

function memoryOf(text: string): number {
  const mb = parseMemoryLimit(text);
  if (mb !== null) return mb;
  throw new UsageError(`--memory-limit ${text} is not a size of ${MEMORY_LIMIT_MB_MIN}MiB or more, as 512MiB or 2GiB.`);
}

async function printText(rows: CountedRows, form: 'json' | 'csv'): Promise<void> {
  for await (const text of rowTexts(rows, form)) await write(text);
}

async function printTable(rows: CountedRows, shown: number): Promise<void> {
  const { names } = rows;
  const cells: unknown[][] = [];
  for await (const batch of rows.batches()) {
    for (const row of rowObjects(batch)) cells.push(names.map((name) => row[name]));
  }
  await print(textTable(names, cells.slice(0, shown)));
  if (cells.length <= shown || shown === 0) return;
  await print(`(first ${shown === 1 ? 'row' : counted(shown, 'row')}; --limit N shows more, --json and --csv all)`);
}

async function writeFile(rows: CountedRows, file: OutputFile, form: Exclude<ReadForm, 'table'>): Promise<void> {
  const count = await replaceOutput(file, async (scratch) => {
    const made = join(scratch, 'rows');
    await writeRowFile(rows, made, form);
    return { made, answer: rows.count };
  });
  await print(`Wrote ${counted(count, 'row')} to ${relative(process.cwd(), file.path)}.`);
}
