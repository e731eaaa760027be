import { join, relative } from 'node:path';
import type { Client } from '@deltacat/client';
import {
  executePlan,
  MEMORY_LIMIT_MB_MIN,
  type PlanRows,
  parseMemoryLimit,
  rowObjects,
  writeParquetFile,
} from '@deltacat/io-core';
import type { RecordBatch } from 'apache-arrow';
import { connect } from './connection.ts';
import { UsageError } from './exit.ts';
import { findOutput, type OutputFile, replaceOutput } from './output-file.ts';
import { counted } from './print/counted.ts';
import { csvLine } from './print/csv.ts';
import { jsonLines } from './print/json-line.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import { Progress } from './progress.ts';
import { type ReadOptions, ROWS_SHOWN, type TableName } from './read-options.ts';

/** Rows that are objects at the same time: with a batch of 131,072, half of all time goes into collecting them. */
const ROWS_PER_PRINT = 1_024;

/** Reads a table and prints its rows, or writes them to a file, as the options say. */
export async function readRows(table: TableName, options: ReadOptions): Promise<void> {
  const { json, csv, output, limit = null } = options;
  const forms = [json, csv, output !== undefined].filter(Boolean);
  if (forms.length > 1) throw new UsageError('Choose one of --json, --csv and --output.');
  const file = output === undefined ? null : await findOutput(output);
  await using client = connect(options);
  const planned = await planRows(client, table, options);
  if (file !== null) return writeFile(planned(limit), file);
  if (json) return printJson(planned(limit));
  if (csv) return printCsv(planned(limit));
  const shown = limit ?? ROWS_SHOWN;
  // One more tells whether there are more.
  return printTable(planned(shown + 1), shown);
}

/** Plans the read; what comes back reads at most so many rows of it. */
async function planRows(
  client: Client,
  table: TableName,
  { columns, filter, partition, asOf, tableVersion, memoryLimit }: ReadOptions,
): Promise<(limit: number | null) => PlanRows> {
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
  return (limit) => executePlan(raw, { columns: columns ?? null, filter: filter ?? null, limit, memory_limit_mb });
}

function memoryOf(text: string): number {
  const mb = parseMemoryLimit(text);
  if (mb !== null) return mb;
  throw new UsageError(`--memory-limit ${text} is not a size of ${MEMORY_LIMIT_MB_MIN}MiB or more, as 512MiB or 2GiB.`);
}

/** The batches, with what has been read so far shown meanwhile. */
async function* shownBatches(rows: PlanRows): AsyncGenerator<RecordBatch> {
  using progress = new Progress();
  let count = 0;
  for await (const batch of rows.batches()) {
    yield batch;
    count += batch.numRows;
    progress.update(`${count.toLocaleString('en-US')} rows`);
  }
}

function columnNames({ schema }: PlanRows): string[] {
  return schema.fields.map(({ name }) => String(name));
}

async function printLines(rows: PlanRows, line: (row: Record<string, unknown>) => string): Promise<void> {
  for await (const batch of shownBatches(rows)) {
    for (let start = 0; start < batch.numRows; start += ROWS_PER_PRINT) {
      await print(
        rowObjects(batch.slice(start, start + ROWS_PER_PRINT))
          .map(line)
          .join('\n'),
      );
    }
  }
}

function printJson(rows: PlanRows): Promise<void> {
  return printLines(rows, jsonLines(columnNames(rows)));
}

async function printCsv(rows: PlanRows): Promise<void> {
  const names = columnNames(rows);
  await print(csvLine(names));
  await printLines(rows, (row) => csvLine(names.map((name) => row[name])));
}

async function printTable(rows: PlanRows, shown: number): Promise<void> {
  const names = columnNames(rows);
  const cells: unknown[][] = [];
  for await (const batch of shownBatches(rows)) {
    for (const row of rowObjects(batch)) cells.push(names.map((name) => row[name]));
  }
  await print(textTable(names, cells.slice(0, shown)));
  if (cells.length <= shown || shown === 0) return;
  await print(`(first ${shown === 1 ? 'row' : counted(shown, 'row')}; --limit N shows more, --json and --csv all)`);
}

async function writeFile(rows: PlanRows, file: OutputFile): Promise<void> {
  const count = await replaceOutput(file, async (scratch) => {
    const made = join(scratch, 'rows.parquet');
    const shown = { schema: rows.schema, batches: () => shownBatches(rows) };
    const { records } = await writeParquetFile(shown, made);
    return { made, answer: records };
  });
  await print(`Wrote ${counted(count, 'row')} to ${relative(process.cwd(), file.path)}.`);
}
