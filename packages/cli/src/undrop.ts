import type { Client } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { parseNamespaceOrTable } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { timeText } from './print/time.ts';

interface UndropOptions extends ConnectionOptions {
  as?: string;
  id?: string;
  message?: string;
  json?: boolean;
}

interface Name {
  namespace: string;
  table: string | null;
}

/** `deltacat undrop`: brings a dropped namespace or table back. */
export function undropCommand(): Command {
  const command = new Command('undrop')
    .description('Bring a dropped table back, or a dropped namespace with the tables that were in it.')
    .argument('<namespace[.table]>', 'the name that it was dropped under', parseNamespaceOrTable)
    .option('--as <name>', 'another name for it, where something else has the old one by now')
    .option(
      '--id <id>',
      'which of several dropped under that name, as deltacat dropped lists them; the last when left out',
    )
    .option('--message <text>', 'what the commit log says of it')
    .option('--json', 'print the result as JSON');
  return withConnection(command).action(undrop);
}

async function undrop(name: Name, options: UndropOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const answer = await bringBack(client, name, options);
  const { seq, committed_at_ns, namespace } = answer;
  const back = 'table' in answer ? `${namespace}.${answer.table}` : namespace;
  const when = `committed as ${seq}, at ${timeText(committed_at_ns ?? 0n)}`;
  await print(options.json ? stringifyJson(answer) : `${back} is back, ${when}.`);
}

function bringBack(client: Client, { namespace, table }: Name, { as, id, message }: UndropOptions) {
  const how = { new_name: as, commit_message: message };
  if (table === null) return client.catalog.undropNamespace({ namespace, namespace_id: id, ...how });
  return client.catalog.undropTable({ namespace, table, table_id: id, ...how });
}
