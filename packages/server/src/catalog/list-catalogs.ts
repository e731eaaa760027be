import type { Handler } from '../context.ts';
import { allCatalogs } from '../roots/catalogs.ts';
import { dataRootsOf, describeRoots } from '../roots/data-roots.ts';

/** Lists the catalogs of this server, the default one first. */
export const listCatalogs: Handler<'list_catalogs'> = async (context) => ({
  catalogs: await Promise.all(
    allCatalogs(context).map(async (catalog, index) => {
      const { name, root } = catalog;
      const { by_name, default_name: data_root } = await dataRootsOf(context.db.reader, catalog);
      return { name, is_default: index === 0, root, data_root, data_roots: describeRoots(by_name.values()) };
    }),
  ),
});
