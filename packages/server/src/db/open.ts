import type { Database, StoreOptions, StoreSnapshot } from './database.ts';
import type { MigrationStatus } from './migrate.ts';
import { openSqlite, sqliteName, sqliteSnapshot, sqliteStatus } from './sqlite.ts';

/** Where a store is: in a PostgreSQL database, or else in a folder. */
export interface StorePlace {
  catalog_root: string;
  database: { url: string; connections_max: number } | null;
}

/** Which database a store is, what it has and what it lacks. */
export interface StoreStatus extends MigrationStatus {
  database: string;
}

/** Opens a store, and makes or migrates it where needed. */
export async function openStore(place: StorePlace, options: StoreOptions = {}): Promise<Database> {
  if (place.database === null) return openSqlite(place.catalog_root, options);
  const { openPostgres } = await loadPostgres();
  return openPostgres(place.database, options);
}

/** Brings a store up to date without serving it; tells which database it is and what it lacked. */
export async function migrateStore(place: StorePlace): Promise<{ database: string; migrated: readonly string[] }> {
  const { name, migrated, close } = await openStore(place);
  await close();
  return { database: name, migrated };
}

/** Which migrations a store has and which it lacks; changes nothing, and a server may be working on it. */
export async function storeStatus({ catalog_root, database }: StorePlace): Promise<StoreStatus> {
  if (database === null) return { database: sqliteName(catalog_root), ...(await sqliteStatus(catalog_root)) };
  const { databaseName, postgresStatus } = await loadPostgres();
  return { database: databaseName(database.url), ...(await postgresStatus(database)) };
}

/**
 * Opens one state of a store that may be in use. Throws when there is none, and when its tables are not those of this
 * server: what they mean is not known then.
 */
export async function openSnapshot(place: StorePlace): Promise<StoreSnapshot> {
  const { database, pending } = await storeStatus(place);
  if (pending.length > 0) {
    const lacking = `The store (${database}) lacks ${pending.join(', ')}.`;
    throw new Error(`${lacking} Name a store that was served before, or bring it up to date with: deltacat migrate`);
  }
  if (place.database === null) return sqliteSnapshot(place.catalog_root);
  const { postgresSnapshot } = await loadPostgres();
  return postgresSnapshot(place.database);
}

/** The driver takes its time to load, and most servers have no use for it. */
const loadPostgres = () => import('./postgres.ts');
