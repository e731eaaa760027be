import type { Predicate } from '@deltacat/contract';
import { Command } from 'commander';
import { parseColumns, parseCount, parseFilter, parseTable, parseTime } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';

/** How many rows are shown when nothing says how many, and they are for a person to look at. */
export const ROWS_SHOWN = 20;

/** The options of `deltacat read`. */
export interface ReadOptions extends ConnectionOptions {
  columns?: string[];
  filter?: Predicate | null;
  asOf?: bigint;
  tableVersion?: string;
  limit?: number;
  json?: boolean;
  csv?: boolean;
  output?: string;
}

/** `deltacat read`: rows of a table on the screen, as lines for other programs, or in a Parquet file. */
export function readCommand(): Command {
  const command = new Command('read')
    .description('Print the rows of a table, or write them to a Parquet file.')
    .argument('<namespace.table>', 'the table', parseTable)
    .option('--columns <a,b>', 'columns to read, in this order', parseColumns)
    .option('--filter <json>', 'which rows to keep, such as {"eq": ["origin", "SEA"]}', parseFilter)
    .option('--as-of <time>', 'read the state of that time: nanoseconds since 1970, or an ISO date', parseTime)
    .option('--table-version <version>', 'the table version; the latest active one when left out')
    .option('--limit <rows>', `how many rows; ${ROWS_SHOWN} when they are printed as a table, else all`, parseCount)
    .option('--json', 'print one JSON object per row')
    .option('--csv', 'print CSV with a header')
    .option('-o, --output <file.parquet>', 'write the rows to a Parquet file');
  return withConnection(command).action(async (table: TableName, options: ReadOptions) => {
    // The client and Arrow load only when they are needed: a server starts without them.
    const { readRows } = await import('./read-rows.ts');
    await readRows(table, options);
  });
}

/** A table by its names. */
export interface TableName {
  namespace: string;
  table: string;
}
