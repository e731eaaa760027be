import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { viewHead, visible } from '../snapshots/view.ts';

/** Lists the namespaces of a catalog by name. */
export const listNamespaces: Handler<'list_namespaces'> = async (context, input) => {
  const { reader } = context.db;
  const view = await viewHead(reader, catalogNamed(context, input.catalog).catalog_id);
  return reader
    .selectFrom('namespaces')
    .select(['name', 'properties', 'namespace_id'])
    .where('catalog_id', '=', view.catalog_id)
    .where(visible(view, 'namespaces'))
    .orderBy('name')
    .execute();
};
