import { type Predicate, stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { parseFilter, parseTable } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import type { TableName } from './read-options.ts';

interface PartitionsOptions extends ConnectionOptions {
  filter?: Predicate | null;
  tableVersion?: string;
  json?: boolean;
}

/** How many partitions one request asks for. */
const PARTITIONS_PER_PAGE = 1_000;

/** `deltacat partitions`: what each partition of a table holds. */
export function partitionsCommand(): Command {
  const command = new Command('partitions')
    .description('List the partitions of a table with their rows, files and size.')
    .argument('<namespace.table>', 'the table', parseTable)
    .option('--filter <json>', 'over the numbers, such as {"gt": ["file_count", 100]}, or columns', parseFilter)
    .option('--table-version <version>', 'the table version; the latest active one when left out')
    .option('--json', 'print one JSON object per partition');
  return withConnection(command).action(listPartitions);
}

const NAMES = ['values', 'rows', 'files', 'bytes', 'deltas', 'id'];

async function listPartitions(table: TableName, options: PartitionsOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const { filter: filter_predicate, tableVersion: table_version } = options;
  const asked = { ...table, table_version, filter_predicate, limit: PARTITIONS_PER_PAGE };
  const lines: unknown[][] = [];
  let after_token: string | null | undefined;
  do {
    const { rows, next_token } = await client.catalog.queryPartitionStats({ ...asked, after_token });
    for (const row of rows) {
      if (options.json) await print(stringifyJson(row));
      const { partition_values_json: values, record_count, file_count, content_length, delta_count } = row;
      lines.push([values, record_count, file_count, content_length, delta_count, row.partition_id]);
    }
    after_token = next_token;
  } while (after_token);
  if (options.json) return;
  await print(lines.length === 0 ? 'The table holds nothing.' : textTable(NAMES, lines));
}
