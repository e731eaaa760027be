import type { Database, StoreOptions } from '../db/database.ts';
import { openStore } from '../db/open.ts';
import { databaseFor, TEST_DATABASE_URL } from './database.ts';

/** One kind of store, as a suite that loops over them opens it. */
export interface StoreKind {
  kind: 'SQLite' | 'PostgreSQL';
  /** Whether none can be had here. */
  is_missing: boolean;
  /** Opens the store that belongs to a folder; opened again it is the same. */
  open(folder: string, options?: StoreOptions): Promise<Database>;
}

/** How many connections the stores of tests hold: few, so that waiting for one happens. */
const CONNECTIONS_MAX = 4;

/** Every kind of store. PostgreSQL is missing where DELTACAT_TEST_DATABASE_URL names no server. */
export const STORE_KINDS: StoreKind[] = [
  {
    kind: 'SQLite',
    is_missing: false,
    open: (catalog_root, options) => openStore({ catalog_root, database: null }, options),
  },
  {
    kind: 'PostgreSQL',
    is_missing: TEST_DATABASE_URL === null,
    async open(catalog_root, options) {
      const url = await databaseFor(catalog_root);
      return openStore(
        { catalog_root, database: url === null ? null : { url, connections_max: CONNECTIONS_MAX } },
        options,
      );
    },
  },
];
