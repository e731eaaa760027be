import type { Handler } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { requireNamespace } from '../snapshots/namespaces.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { type View, visible } from '../snapshots/view.ts';

/** Lists the tables of a namespace by name, each with its newest version. */
export const listTables: Handler<'list_tables'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const { namespace_id } = await requireNamespace(reader, view, input.namespace);
  const tables = await reader
    .selectFrom('tables')
    .select(['name', 'table_id', 'description'])
    .where('namespace_id', '=', namespace_id)
    .where(visible(view, 'tables'))
    .orderBy('name')
    .execute();
  const newest = await newestVersions(reader, view, namespace_id);
  return tables.map(({ name, table_id, description }) => {
    const version = newest.get(table_id);
    return {
      ...{ name, table_id, description },
      latest_version: version?.version ?? null,
      lifecycle_state: version?.lifecycle_state ?? null,
    };
  });
};

async function newestVersions(queries: Queries, view: View, namespace_id: string) {
  const rows = await queries
    .selectFrom('tables')
    .innerJoin('table_versions', 'table_versions.table_id', 'tables.table_id')
    .select(['tables.table_id', 'table_versions.version', 'table_versions.lifecycle_state'])
    .where('tables.namespace_id', '=', namespace_id)
    .where(visible(view, 'tables'))
    .where(visible(view, 'table_versions'))
    .where('table_versions.lifecycle_state', '!=', 'deleted')
    .orderBy('table_versions.version_number')
    .execute();
  // Of several with one key the map keeps the last, which is the newest.
  return new Map(rows.map((row) => [row.table_id, row]));
}
