import type { Client, OperationAnswer } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { parseSomeCount, parseTable, parseTime } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { changeText } from './print/change.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import { timeText } from './print/time.ts';
import { ROWS_SHOWN, type TableName } from './read-options.ts';

interface LogOptions extends ConnectionOptions {
  limit?: number;
  asOf?: bigint;
  json?: boolean;
}

/** How many commits one request asks for. */
const COMMITS_PER_PAGE = 500;

/** `deltacat log`: what changed a table, or a whole catalog, and who did it. */
export function logCommand(): Command {
  const command = new Command('log')
    .description('List the commits that changed a table, or all of a catalog, the newest first.')
    .argument('[namespace.table]', 'the table, also one that was dropped; the whole catalog when left out', parseTable)
    .option(
      '--limit <commits>',
      `how many commits; ${ROWS_SHOWN} when they are printed as a table, else all`,
      parseSomeCount,
    )
    .option('--as-of <time>', 'only commits up to that time: nanoseconds since 1970, or an ISO date', parseTime)
    .option('--json', 'print one JSON object per commit');
  return withConnection(command).action(log);
}

async function log(table: TableName | undefined, options: LogOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const limit = options.limit ?? (options.json ? Number.POSITIVE_INFINITY : ROWS_SHOWN);
  const commits: Commit[] = [];
  for await (const commit of commitsOf(client, table, { ...options, limit })) {
    if (options.json) await print(stringifyJson(commit));
    else commits.push(commit);
  }
  if (!options.json) await print(logText(commits));
}

type Commit = OperationAnswer<'list_table_history'>[number];

/** So many commits of a table, or of the catalog. */
async function* commitsOf(
  client: Client,
  table: TableName | undefined,
  wanted: LogOptions & { limit: number },
): AsyncGenerator<Commit> {
  let left = wanted.limit;
  const how = { limit: Math.min(left, COMMITS_PER_PAGE), as_of: wanted.asOf };
  const pages = table
    ? client.catalog.pages('list_table_history', { ...table, ...how })
    : client.catalog.pages('list_catalog_history', { catalog_name: await catalogName(client, wanted), ...how });
  for await (const page of pages) {
    for (const commit of page.slice(0, left)) yield commit;
    left -= page.length;
    if (left <= 0) return;
  }
}

async function catalogName(client: Client, { catalog }: ConnectionOptions): Promise<string> {
  if (catalog !== undefined) return catalog;
  const known = await client.catalog.listCatalogs();
  return (known.find(({ is_default }) => is_default) ?? known[0])?.name ?? 'default';
}

const NAMES = ['commit', 'time', 'author', 'changes', 'message'];

function logText(commits: Commit[]): string {
  if (commits.length === 0) return 'There are no commits.';
  return textTable(
    NAMES,
    commits.map(({ seq, committed_at_ns, author, changes, message }) => {
      return [seq, timeText(committed_at_ns), author, changes.map(changeText).join('; '), message];
    }),
  );
}
