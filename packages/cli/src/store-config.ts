import type { Config } from '@deltacat/server';
import { UsageError } from './exit.ts';

/** The settings of the store that a command works on: in a folder, or in the database that the environment names. */
export async function readStoreConfig(catalogRoot: string | undefined): Promise<Config> {
  const { readConfig } = await import('@deltacat/server');
  const config = readConfig(catalogRoot ?? '.');
  if (catalogRoot !== undefined || config.database !== null) return config;
  throw new UsageError('Name the folder of the store with --catalog-root, or a database in DELTACAT_DATABASE_URL.');
}
