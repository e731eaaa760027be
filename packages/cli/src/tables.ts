import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';

interface TablesOptions extends ConnectionOptions {
  json?: boolean;
}

/** `deltacat tables`: what tables there are, and how large they are. */
export function tablesCommand(): Command {
  const command = new Command('tables')
    .description('List tables with their rows, files and size.')
    .argument('[namespace]', 'only the tables of this namespace')
    .option('--json', 'print one JSON object per table');
  return withConnection(command).action((namespace: string | undefined, options: TablesOptions) =>
    list(namespace, options),
  );
}

const NAMES = ['namespace', 'table', 'version', 'rows', 'files', 'bytes', 'description'];

async function list(wanted: string | undefined, options: TablesOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const namespaces = wanted === undefined ? (await client.catalog.listNamespaces()).map(({ name }) => name) : [wanted];
  const rows = [];
  for (const namespace of namespaces) {
    for (const { name, latest_version, description } of await client.catalog.listTables({ namespace })) {
      // A table whose versions are all deleted has nothing to describe.
      const about = latest_version
        ? await client.catalog.describeTable({ namespace, table: name })
        : { table_version: null, total_records: null, total_files: null, total_bytes: null, description };
      rows.push({
        namespace,
        table: name,
        version: about.table_version,
        rows: about.total_records,
        files: about.total_files,
        bytes: about.total_bytes,
        description: about.description,
      });
    }
  }
  const lines = options.json ? rows.map((row) => stringifyJson(row)) : [tableText(rows)];
  if (lines.length > 0) await print(lines.join('\n'));
}

function tableText(rows: object[]): string {
  if (rows.length === 0) return 'There are no tables.';
  return textTable(
    NAMES,
    rows.map((row) => Object.values(row)),
  );
}
