import type { StoreStatus } from '@deltacat/server';
import { Command } from 'commander';
import { EXIT, ExitCode } from './exit.ts';
import { print } from './print/standard-output.ts';
import { readStoreConfig } from './store-config.ts';

interface MigrateOptions {
  catalogRoot?: string;
  status?: boolean;
  json?: boolean;
}

/** `deltacat migrate`: brings the tables of a store up to date without serving it, or tells whether they are. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the store up to date, as a server does when it starts.')
    .option('--catalog-root <dir>', 'folder of the store; not needed where DELTACAT_DATABASE_URL names a database')
    .option('--status', `only tell what is applied and what is pending; exits ${EXIT.pending.code} when something is`)
    .option('--json', 'print one JSON object')
    .action((options: MigrateOptions) => migrate(options));
}

async function migrate({ catalogRoot, status, json }: MigrateOptions): Promise<void> {
  const config = await readStoreConfig(catalogRoot);
  const { migrateStore, storeStatus } = await import('@deltacat/server');
  if (status) {
    const found = await storeStatus(config);
    await print(json ? JSON.stringify(found) : statusText(found));
    if (found.pending.length > 0) throw new ExitCode(EXIT.pending.code);
    return;
  }
  const { database, migrated } = await migrateStore(config);
  const told = migrated.length === 0 ? 'is up to date' : `has now ${migrated.join(', ')}`;
  await print(json ? JSON.stringify({ database, migrated }) : `${database} ${told}.`);
}

function statusText({ database, applied, pending }: StoreStatus): string {
  const lines = [applied.map((name) => `applied  ${name}`), pending.map((name) => `pending  ${name}`)];
  return [database, ...lines.flat()].join('\n');
}
