import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Client } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { rowObjects, writeRows } from '@deltacat/io-core';
import { type RecordBatch, Table } from 'apache-arrow';
import { connect } from './connection.ts';
import { UsageError } from './exit.ts';
import { csvLine } from './print/csv.ts';
import { jsonValue } from './print/json-value.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import { Progress } from './progress.ts';
import { type ReadOptions, ROWS_SHOWN, type TableName } from './read-options.ts';

/** Reads a table and prints its rows, or writes them to a file, as the options say. */
export async function readRows(table: TableName, options: ReadOptions): Promise<void> {
  const forms = [options.json, options.csv, options.output !== undefined].filter(Boolean);
  if (forms.length > 1) throw new UsageError('Choose one of --json, --csv and --output.');
  await using client = connect(options);
  const batches = await readBatches(client, table, options);
  if (options.output !== undefined) return writeFile(batches, resolve(options.output));
  if (options.json) return printLines(batches, (row) => stringifyJson(jsonValue(row)));
  if (options.csv) return printCsv(batches);
  return printTable(batches);
}

interface Batches {
  names: string[];
  batches: AsyncIterable<RecordBatch>;
  /** How many rows to take; infinite for all. */
  limit: number;
}

async function readBatches(client: Client, table: TableName, options: ReadOptions): Promise<Batches> {
  const { columns, filter, asOf, tableVersion, limit, json, csv, output } = options;
  const plan = await client.catalog.plan({
    ...table,
    columns,
    filter_predicate: filter,
    as_of: asOf,
    table_version: tableVersion,
  });
  const batches = await client.catalog.read({ plan: await plan.complete(), read_as: 'batches' });
  const whole = json || csv || output !== undefined;
  const iterator = batches[Symbol.asyncIterator]();
  const first = await iterator.next();
  return {
    names: first.done ? [] : first.value.schema.names.map(String),
    batches: (async function* () {
      if (!first.done) yield first.value;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    })(),
    limit: limit ?? (whole ? Number.POSITIVE_INFINITY : ROWS_SHOWN),
  };
}

/** The batches up to the limit, with what has been read so far shown meanwhile. */
async function* limited({ batches, limit }: Batches): AsyncGenerator<RecordBatch> {
  using progress = new Progress();
  let rows = 0;
  for await (const batch of batches) {
    const wanted = Math.min(batch.numRows, limit - rows);
    if (wanted > 0) yield wanted < batch.numRows ? batch.slice(0, wanted) : batch;
    rows += wanted;
    if (rows >= limit) return;
    progress.update(`${rows.toLocaleString('en-US')} rows`);
  }
}

async function printLines(batches: Batches, line: (row: Record<string, unknown>) => string): Promise<void> {
  for await (const batch of limited(batches)) {
    const rows = rowObjects(batch);
    if (rows.length > 0) await print(rows.map(line).join('\n'));
  }
}

async function printCsv(batches: Batches): Promise<void> {
  await print(csvLine(batches.names));
  await printLines(batches, (row) => csvLine(batches.names.map((name) => row[name])));
}

async function printTable(batches: Batches): Promise<void> {
  const rows: unknown[][] = [];
  for await (const batch of limited({ ...batches, limit: batches.limit + 1 })) {
    for (const row of rowObjects(batch)) rows.push(batches.names.map((name) => row[name]));
  }
  await print(textTable(batches.names, rows.slice(0, batches.limit)));
  if (rows.length > batches.limit)
    await print(`(first ${batches.limit} rows; --limit N shows more, --json and --csv all)`);
}

/** Writes beside the target and renames, so that the target is never half a file. */
async function writeFile(batches: Batches, target: string): Promise<void> {
  const folder = await mkdtemp(join(dirname(target), '.deltacat-'));
  try {
    const table = new Table(await Array.fromAsync(limited(batches)));
    const [entry] = await writeRows(table, { data_dir: folder, target_records_per_file: Math.max(table.numRows, 1) });
    if (!entry) throw new UsageError('The table has no rows to write.');
    await rename(entry.path, target);
    await print(`Wrote ${table.numRows} rows to ${relative(process.cwd(), target)}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
