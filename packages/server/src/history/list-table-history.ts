import { z } from 'zod';
import type { Handler } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { findDroppedNamespace, findDroppedTable } from '../snapshots/dropped.ts';
import { findNamespaceAt, requireNamespace } from '../snapshots/namespaces.ts';
import { closePage, openPage } from '../snapshots/paging.ts';
import { findTableAt, findTableIn, type TableName, tableNotFound } from '../snapshots/tables.ts';
import type { View } from '../snapshots/view.ts';
import { listCommitsOf } from './commit-log.ts';
import { describeCommits } from './describe-commits.ts';

/** Lists the commits that changed a table, the newest first: by its identity, whatever its names were. */
export const listTableHistory: Handler<'list_table_history'> = async (context, input) => {
  const { reader } = context.db;
  const asked = await openPage(context, { op: 'list_table_history', input, key: z.int() });
  const { view, after } = asked;
  const table_id = await requireTableId(reader, view, input);
  const objects = [table_id, ...(await versionIds(reader, table_id))];
  const found = await listCommitsOf(reader, view, { objects, before: after, limit: input.limit + 1 });
  const page = closePage(asked, found, ({ seq }) => seq);
  const log = { catalog_id: view.catalog_id, commits: page.answer, objects };
  return { ...page, answer: await describeCommits(reader, log) };
};

type Named = TableName & { table_id?: string | null | undefined };

/** The table that has the name, else the one that had it when it was dropped last; with `table_id`, that one of them. */
async function requireTableId(queries: Queries, view: View, { namespace, table, table_id }: Named): Promise<string> {
  const there = await findTableAt(queries, view, { namespace, table });
  const isWanted = (id: string) => (table_id ?? id) === id;
  if (there && isWanted(there.table.table_id)) return there.table.table_id;
  const parent =
    (await findNamespaceAt(queries, view, namespace)) ??
    (await findDroppedNamespace(queries, view, { name: namespace, namespace_id: null }));
  if (!parent) await requireNamespace(queries, view, namespace);
  const namespace_id = parent?.namespace_id ?? '';
  const hidden = await findTableIn(queries, view, { namespace_id, table });
  if (hidden && isWanted(hidden.table_id)) return hidden.table_id;
  const dropped = await findDroppedTable(queries, view, { namespace_id, name: table, table_id: table_id ?? null });
  if (dropped) return dropped.table_id;
  throw tableNotFound({ namespace, table });
}

/** The versions that a table ever had: their last states stand, whatever became of the table. */
async function versionIds(queries: Queries, table_id: string): Promise<string[]> {
  const rows = await queries
    .selectFrom('table_versions')
    .select('table_version_id')
    .where('table_id', '=', table_id)
    .where('to_seq', 'is', null)
    .where('from_seq', 'is not', null)
    .execute();
  return rows.map(({ table_version_id }) => table_version_id);
}
