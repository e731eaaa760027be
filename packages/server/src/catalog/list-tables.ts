import { keyText } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { requireNamespaceAt } from '../snapshots/namespaces.ts';
import { closePage, openPage, rowsWanted } from '../snapshots/paging.ts';
import { listVisible, type View } from '../snapshots/view.ts';

/** Lists the tables of a namespace by name, each with its newest version. */
export const listTables: Handler<'list_tables'> = async (context, input) => {
  const { reader } = context.db;
  const asked = await openPage(context, { op: 'list_tables', input, key: keyText });
  const { view, after } = asked;
  const wanted = rowsWanted(asked);
  const { namespace_id } = await requireNamespaceAt(reader, view, input.namespace);
  let all = reader
    .selectFrom('tables')
    .select(['name', 'table_id', 'description'])
    .where('namespace_id', '=', namespace_id);
  if (after !== null) all = all.where('name', '>', after);
  let query = listVisible(all, view, 'tables').orderBy('name');
  if (wanted !== null) query = query.limit(wanted);
  const { answer: tables, next_token } = closePage(asked, await query.execute(), ({ name }) => name);
  const newest = await newestVersions(
    reader,
    view,
    tables.map(({ table_id }) => table_id),
  );
  const answer = tables.map(({ name, table_id, description }) => {
    const version = newest.get(table_id);
    return {
      ...{ name, table_id, description },
      latest_version: version?.version ?? null,
      lifecycle_state: version?.lifecycle_state ?? null,
    };
  });
  return { answer, next_token };
};

async function newestVersions(queries: Queries, view: View, tableIds: string[]) {
  const newest = new Map<string, { version: string; lifecycle_state: string }>();
  for (const some of chunks(tableIds)) {
    const all = queries
      .selectFrom('table_versions')
      .select(['table_id', 'version', 'version_number', 'lifecycle_state'])
      .where('table_id', 'in', some)
      .where('lifecycle_state', '!=', 'deleted');
    const rows = await listVisible(all, view, 'table_versions').orderBy('version_number').execute();
    // Of several with one key the map keeps the last, which is the newest.
    for (const { table_id, ...version } of rows) newest.set(table_id, version);
  }
  return newest;
}
