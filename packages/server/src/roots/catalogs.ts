import { DeltacatError } from '@deltacat/contract';
import type { CatalogConfig, Config } from '../config.ts';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';

/** A catalog as requests use it: its identity in the store with its configured roots. */
export interface Catalog extends CatalogConfig, Pick<Config, 'root_keys'> {
  catalog_id: string;
}

const opened = new WeakMap<ServerContext['db'], Map<string, Catalog>>();

/**
 * Gives every configured catalog its row in the store. Run once before serving; later calls find what is there, and so
 * does another server that starts at the same time.
 */
export async function openCatalogs(context: ServerContext): Promise<void> {
  const catalogs = new Map<string, Catalog>();
  const { catalogs: configured, root_keys } = context.config;
  for (const config of configured) {
    const catalog_id = (await findId(context.db.reader, config.name)) ?? (await createCatalog(context, config.name));
    catalogs.set(config.name, { ...config, root_keys, catalog_id });
  }
  opened.set(context.db, catalogs);
}

/** Makes the row of a catalog; answers the id of the one that another server made first, when it did. */
function createCatalog({ db, newId }: ServerContext, name: string): Promise<string> {
  const catalog_id = newId();
  return db.unit(catalog_id, async (queries, now_ns) => {
    await queries
      .insertInto('catalogs')
      .values({ catalog_id, name, head_seq: 0, head_at_ns: now_ns, definitions_id: catalog_id, created_at_ns: now_ns })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    return (await findId(queries, name)) ?? catalog_id;
  });
}

async function findId(queries: Queries, name: string): Promise<string | null> {
  const row = await queries.selectFrom('catalogs').select('catalog_id').where('name', '=', name).executeTakeFirst();
  return row?.catalog_id ?? null;
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

/** The configured catalogs as a store knows them, for looking at one that is not served; one it does not know has no id. */
export async function catalogsIn(queries: Queries, { catalogs, root_keys }: Config): Promise<Catalog[]> {
  const rows = await queries.selectFrom('catalogs').select(['catalog_id', 'name']).execute();
  const ids = new Map(rows.map(({ catalog_id, name }) => [name, catalog_id]));
  return catalogs.map((config) => ({ ...config, root_keys, catalog_id: ids.get(config.name) ?? '' }));
}

/** Every catalog of the server, the default first. */
export function allCatalogs(context: ServerContext): Catalog[] {
  return [...(opened.get(context.db)?.values() ?? [])];
}
