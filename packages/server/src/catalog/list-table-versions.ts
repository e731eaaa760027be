import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { requireTable } from '../snapshots/tables.ts';
import { listVersions } from '../snapshots/versions.ts';
import { viewHead } from '../snapshots/view.ts';

/** Lists the versions of a table, oldest first. */
export const listTableVersions: Handler<'list_table_versions'> = async (context, input) => {
  const { reader } = context.db;
  const view = await viewHead(reader, catalogNamed(context, input.catalog).catalog_id);
  const { table } = await requireTable(reader, view, input);
  const versions = await listVersions(reader, view, table.table_id);
  return versions.map(({ version, description, lifecycle_state }) => ({
    ...{ table_version: version, version, description, lifecycle_state },
  }));
};
