import type { Database, StoreOptions } from './database.ts';
import type { MigrationStatus } from './migrate.ts';
import { openSqlite, sqliteStatus } from './sqlite.ts';

/** Where a store is: in a PostgreSQL database, or else in a folder. */
export interface StorePlace {
  catalog_root: string;
  database: { url: string; connections_max: number } | null;
}

/** Opens a store, and makes or migrates it where needed. */
export async function openStore(place: StorePlace, options: StoreOptions = {}): Promise<Database> {
  if (place.database === null) return openSqlite(place.catalog_root, options);
  const { openPostgres } = await loadPostgres();
  return openPostgres(place.database, options);
}

/** Which migrations a store has and which it lacks; changes nothing. */
export async function storeStatus({ catalog_root, database }: StorePlace): Promise<MigrationStatus> {
  if (database === null) return sqliteStatus(catalog_root);
  const { postgresStatus } = await loadPostgres();
  return postgresStatus(database);
}

/** The driver takes its time to load, and most servers have no use for it. */
const loadPostgres = () => import('./postgres.ts');
