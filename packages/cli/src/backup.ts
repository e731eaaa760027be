import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { UsageError } from './exit.ts';
import { counted } from './print/counted.ts';
import { print } from './print/standard-output.ts';

interface BackupOptions {
  catalogRoot: string;
  to: string;
  force?: boolean;
  json?: boolean;
}

/** `deltacat backup`: copies the store of a folder into one file while it is served. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('Copy the store of a folder into one file; a server may go on meanwhile.')
    .requiredOption('--catalog-root <dir>', 'folder of the store')
    .requiredOption('--to <file>', 'the file to make')
    .option('--force', 'replace the file')
    .option('--json', 'print one JSON object')
    .action((options: BackupOptions) => backup(options));
}

async function backup({ catalogRoot, to, force = false, json }: BackupOptions): Promise<void> {
  const { backupStore } = await import('@deltacat/server');
  const folder = await folderOfStore(catalogRoot, 'pg_dump --format=custom --file FILE "$DELTACAT_DATABASE_URL"');
  const copy = await backupStore(folder, to, { force });
  if (json) return print(stringifyJson(copy));
  await print(
    `Wrote ${to} (${counted(copy.size_bytes, 'byte')}): ${headsText(copy.catalogs)}. ` +
      'The files of the tables are not in it: they never change, so copy the data folders now, after it.',
  );
}

/** Where every catalog stands, as a part of a sentence. */
export function headsText(catalogs: { name: string; head_seq: number }[]): string {
  return catalogs.map(({ name, head_seq }) => `${name} at commit ${head_seq}`).join(', ');
}

/** The folder of the store; a store in PostgreSQL has none, and tools of its own. */
export async function folderOfStore(catalogRoot: string, instead: string): Promise<string> {
  const { readConfig } = await import('@deltacat/server');
  const { catalog_root, database } = readConfig(catalogRoot);
  if (database === null) return catalog_root;
  throw new UsageError(`DELTACAT_DATABASE_URL names a PostgreSQL database, which has its own tools. Use: ${instead}`);
}
