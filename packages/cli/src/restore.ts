import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { folderOfStore, headsText } from './backup.ts';
import { print } from './print/standard-output.ts';

interface RestoreOptions {
  catalogRoot: string;
  from: string;
  force?: boolean;
  json?: boolean;
}

/** `deltacat restore`: puts a backup in place as the store of a folder. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('Put a backup in place as the store of a folder, which no server may hold.')
    .requiredOption('--catalog-root <dir>', 'folder of the store; made when missing')
    .requiredOption('--from <file>', 'a file that "deltacat backup" made')
    .option('--force', 'replace the store that is there; it is kept beside the new one')
    .option('--json', 'print one JSON object')
    .action((options: RestoreOptions) => restore(options));
}

async function restore({ catalogRoot, from, force = false, json }: RestoreOptions): Promise<void> {
  const { restoreStore } = await import('@deltacat/server');
  const instead = 'pg_restore --clean --if-exists --dbname "$DELTACAT_DATABASE_URL" FILE';
  const folder = await folderOfStore(catalogRoot, instead);
  const restored = await restoreStore(folder, from, { force });
  if (json) return print(stringifyJson(restored));
  const kept = restored.kept === null ? '' : ` The store that was there is kept as ${restored.kept}.`;
  await print(`Restored ${headsText(restored.catalogs)} from ${from}.${kept} Check it with: deltacat fsck`);
}
