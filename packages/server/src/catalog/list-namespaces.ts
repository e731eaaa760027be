import { keyText } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { closePage, openPage, rowsWanted } from '../snapshots/paging.ts';
import { listVisible } from '../snapshots/view.ts';

/** Lists the namespaces of a catalog by name. */
export const listNamespaces: Handler<'list_namespaces'> = async (context, input) => {
  const asked = await openPage(context, { op: 'list_namespaces', input, key: keyText });
  const { view, after } = asked;
  const wanted = rowsWanted(asked);
  let all = context.db.reader
    .selectFrom('namespaces')
    .select(['name', 'properties', 'namespace_id'])
    .where('catalog_id', '=', view.catalog_id);
  if (after !== null) all = all.where('name', '>', after);
  let query = listVisible(all, view, 'namespaces').orderBy('name');
  if (wanted !== null) query = query.limit(wanted);
  return closePage(asked, await query.execute(), ({ name }) => name);
};
