import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { findTable } from '../snapshots/tables.ts';
import { chooseVersion, listVersions } from '../snapshots/versions.ts';
import { viewHead } from '../snapshots/view.ts';

/** Says whether a table exists now; with `table_version`, whether that version of it does. */
export const tableExists: Handler<'table_exists'> = async (context, input) => {
  const { namespace, table, table_version } = input;
  const { reader } = context.db;
  const view = await viewHead(reader, catalogNamed(context, input.catalog).catalog_id);
  const found = await findTable(reader, view, input);
  if (!found || !table_version) return { exists: found !== null, namespace, table };
  const version = chooseVersion(await listVersions(reader, view, found.table.table_id), table_version);
  return { exists: version !== null, namespace, table };
};
