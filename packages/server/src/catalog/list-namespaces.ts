import type { Handler } from '../context.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { visible } from '../snapshots/view.ts';

/** Lists the namespaces of a catalog by name. */
export const listNamespaces: Handler<'list_namespaces'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  return reader
    .selectFrom('namespaces')
    .select(['name', 'properties', 'namespace_id'])
    .where('catalog_id', '=', view.catalog_id)
    .where(visible(view, 'namespaces'))
    .orderBy('name')
    .execute();
};
