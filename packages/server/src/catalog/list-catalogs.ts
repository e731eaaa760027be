import type { Handler } from '../context.ts';
import { allCatalogs } from '../roots/catalogs.ts';

/** Lists the catalogs of this server, the default one first. */
export const listCatalogs: Handler<'list_catalogs'> = async (context) => ({
  catalogs: allCatalogs(context).map(({ name, root, data_root, data_roots }, index) => ({
    ...{ name, is_default: index === 0, root, data_root, data_roots },
  })),
});
