import { keyText } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { closePage, openPage, rowsWanted } from '../snapshots/paging.ts';
import { visible } from '../snapshots/view.ts';

/** Lists the namespaces of a catalog by name. */
export const listNamespaces: Handler<'list_namespaces'> = async (context, input) => {
  const asked = await openPage(context, { op: 'list_namespaces', input, key: keyText });
  const { view, after } = asked;
  const wanted = rowsWanted(asked);
  let query = context.db.reader
    .selectFrom('namespaces')
    .select(['name', 'properties', 'namespace_id'])
    .where('catalog_id', '=', view.catalog_id)
    .where(visible(view, 'namespaces'))
    .orderBy('name');
  if (after !== null) query = query.where('name', '>', after);
  if (wanted !== null) query = query.limit(wanted);
  return closePage(asked, await query.execute(), ({ name }) => name);
};
