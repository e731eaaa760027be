import type { OperationAnswer } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import { timeText } from './print/time.ts';

interface DroppedOptions extends ConnectionOptions {
  json?: boolean;
}

/** How many items one request asks for. */
const ITEMS_PER_PAGE = 500;

/** `deltacat dropped`: what was dropped and can be brought back. */
export function droppedCommand(): Command {
  const command = new Command('dropped')
    .description('List dropped namespaces and tables, the one dropped last first.')
    .option('--json', 'print one JSON object per namespace or table');
  return withConnection(command).action(listDropped);
}

type Dropped = OperationAnswer<'list_dropped'>[number];

async function listDropped(options: DroppedOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const found: Dropped[] = [];
  for await (const page of client.catalog.pages('list_dropped', { limit: ITEMS_PER_PAGE })) {
    for (const one of page) {
      if (options.json) await print(stringifyJson(one));
      else found.push(one);
    }
  }
  if (!options.json) await print(droppedText(found));
}

const NAMES = ['kind', 'name', 'id', 'commit', 'time', 'author', 'purged'];

function droppedText(found: Dropped[]): string {
  if (found.length === 0) return 'Nothing is dropped.';
  return textTable(
    NAMES,
    found.map(({ kind, namespace, namespace_id, table, table_id, seq, dropped_at_ns, author, purged }) => {
      const name = table ? `${namespace}.${table}` : namespace;
      return [kind, name, table_id ?? namespace_id, seq, timeText(dropped_at_ns), author, purged ? 'yes' : ''];
    }),
  );
}
