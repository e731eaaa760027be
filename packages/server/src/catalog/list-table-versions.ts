import type { Handler } from '../context.ts';
import { requireTable } from '../snapshots/tables.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { listVersions } from '../snapshots/versions.ts';

/** Lists the versions of a table, oldest first. */
export const listTableVersions: Handler<'list_table_versions'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const { table } = await requireTable(reader, view, input);
  const versions = await listVersions(reader, view, table.table_id);
  return versions.map(({ version, description, lifecycle_state }) => ({
    ...{ table_version: version, version, description, lifecycle_state },
  }));
};
