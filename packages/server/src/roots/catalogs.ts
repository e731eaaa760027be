import { DeltacatError } from '@deltacat/contract';
import type { CatalogConfig } from '../config.ts';
import type { ServerContext } from '../context.ts';

/** A catalog as requests use it: its identity in the store with its configured roots. */
export interface Catalog extends CatalogConfig {
  catalog_id: string;
}

const opened = new WeakMap<ServerContext['db'], Map<string, Catalog>>();

/** Gives every configured catalog its row in the store. Run once before serving; later calls find what is there. */
export async function openCatalogs(context: ServerContext): Promise<void> {
  const catalogs = new Map<string, Catalog>();
  for (const config of context.config.catalogs) {
    const catalog_id = await context.db.unit(async (queries) => {
      const row = await queries
        .selectFrom('catalogs')
        .select('catalog_id')
        .where('name', '=', config.name)
        .executeTakeFirst();
      if (row) return row.catalog_id;
      const fresh = context.newId();
      const now = context.clock.nowNs();
      await queries
        .insertInto('catalogs')
        .values({
          catalog_id: fresh,
          name: config.name,
          head_seq: 0,
          head_at_ns: now,
          definitions_id: fresh,
          created_at_ns: now,
        })
        .execute();
      return fresh;
    });
    catalogs.set(config.name, { ...config, catalog_id });
  }
  opened.set(context.db, catalogs);
}

/** The catalog of that name, or the default one; throws `catalog_not_found`. */
export function catalogNamed(context: ServerContext, name: string | null | undefined): Catalog {
  const catalogs = opened.get(context.db) ?? new Map<string, Catalog>();
  const wanted = name ?? context.config.catalogs[0]?.name ?? '';
  const catalog = catalogs.get(wanted);
  if (catalog) return catalog;
  const known = [...catalogs.keys()].join(', ');
  throw new DeltacatError('catalog_not_found', `Catalog "${wanted}" does not exist. This server serves: ${known}.`);
}

/** Every catalog of the server, the default first. */
export function allCatalogs(context: ServerContext): Catalog[] {
  return [...(opened.get(context.db)?.values() ?? [])];
}
