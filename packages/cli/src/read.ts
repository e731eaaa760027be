import { Command, Option } from 'commander';
import { parseColumns, parseCount, parseFilter, parsePartition, parseTable, parseTime } from './arguments.ts';
import { withConnection } from './connection-options.ts';
import { READ_FORMS } from './read-form.ts';
import { type ReadOptions, ROWS_SHOWN, type TableName } from './read-options.ts';

/** `deltacat read`: rows of a table on the screen, as lines for other programs, or in a file. */
export function readCommand(): Command {
  const command = new Command('read')
    .description('Print the rows of a table, or write them to a file.')
    .argument('<namespace.table>', 'the table', parseTable)
    .option('--columns <a,b>', 'columns to read, in this order', parseColumns)
    .option('--filter <json>', 'which rows to keep, such as {"eq": ["origin", "SEA"]}', parseFilter)
    .option(
      '--partition <value>',
      'read that partition: its value, a list of its values such as ["Lima", 2026], or its id; may be given several times',
      parsePartition,
    )
    .option(
      '--as-of <time>',
      'read the state of that time: nanoseconds since 1970, or an ISO date (UTC unless it says a zone)',
      parseTime,
    )
    .option('--table-version <version>', 'the table version; the latest active one when left out')
    .option('--limit <rows>', `how many rows; ${ROWS_SHOWN} when they are printed as a table, else all`, parseCount)
    .addOption(
      new Option(
        '--memory-limit <size>',
        'the most memory to take, as 512MiB or 2GiB; what is more goes to disk. 1GiB by default',
      ).env('DELTACAT_MEMORY_LIMIT'),
    )
    .option('--offset <rows>', 'how many rows to skip before', parseCount)
    .addOption(new Option('--as <form>', 'what the rows are printed or written as').choices(READ_FORMS))
    .option('--json', 'the same as --as json: one JSON object per row')
    .option('--csv', 'the same as --as csv: CSV with a header')
    .option(
      '-o, --output <file>',
      'write the rows to a file: .parquet, .feather, .arrow, .csv, .json, .jsonl or .ndjson',
    );
  return withConnection(command).action(async (table: TableName, options: ReadOptions) => {
    // The client and Arrow load only when they are needed: a server starts without them.
    const { readRows } = await import('./read-rows.ts');
    await readRows(table, options);
  });
}
