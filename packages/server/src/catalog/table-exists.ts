import type { Handler } from '../context.ts';
import { findTableAt } from '../snapshots/tables.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { chooseVersion, listVersions } from '../snapshots/versions.ts';

/** Says whether a table exists, or existed at `as_of`; with `table_version`, whether that version of it does. */
export const tableExists: Handler<'table_exists'> = async (context, input) => {
  const { namespace, table, table_version } = input;
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const found = await findTableAt(reader, view, input);
  if (!found || !table_version) return { exists: found !== null, namespace, table };
  const version = chooseVersion(await listVersions(reader, view, found.table.table_id), table_version);
  return { exists: version !== null, namespace, table };
};
