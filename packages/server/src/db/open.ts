import type { Database, StoreOptions } from './database.ts';
import type { MigrationStatus } from './migrate.ts';
import { openPostgres, type PostgresPlace, postgresStatus } from './postgres.ts';
import { openSqlite, sqliteStatus } from './sqlite.ts';

/** Where a store is: in a database, or else in a folder. */
export interface StorePlace {
  catalog_root: string;
  database: PostgresPlace | null;
}

/** Opens a store, and makes or migrates it where needed. */
export function openStore({ catalog_root, database }: StorePlace, options: StoreOptions = {}): Promise<Database> {
  return database ? openPostgres(database, options) : openSqlite(catalog_root, options);
}

/** Which migrations a store has and which it lacks; changes nothing. */
export function storeStatus({ catalog_root, database }: StorePlace): Promise<MigrationStatus> {
  return database ? postgresStatus(database) : sqliteStatus(catalog_root);
}
