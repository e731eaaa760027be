import { DeltacatError } from '@deltacat/contract';
import type { Selectable } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { TableRow } from '../db/tables.ts';
import { findNamespace, findNamespaceById, type Namespace, requireNamespace } from './namespaces.ts';
import { type View, viewHead, visible } from './view.ts';

/** A table as a view shows it. */
export type Table = Selectable<TableRow>;

/** A table by its names. */
export interface TableName {
  namespace: string;
  table: string;
}

/** A table with the namespace that it is in. */
export interface FoundTable {
  namespace: Namespace;
  table: Table;
}

/** The table of that name in a namespace; null when the view has none. */
export async function findTableIn(
  queries: Queries,
  view: View,
  name: { namespace_id: string; table: string },
): Promise<Table | null> {
  const row = await queries
    .selectFrom('tables')
    .selectAll()
    .where('namespace_id', '=', name.namespace_id)
    .where('name', '=', name.table)
    .where(visible(view, 'tables'))
    .orderBy('from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The table of those names; null when the table or its namespace is missing. */
export async function findTable(queries: Queries, view: View, name: TableName): Promise<FoundTable | null> {
  const namespace = await findNamespace(queries, view, name.namespace);
  if (!namespace) return null;
  const table = await findTableIn(queries, view, { namespace_id: namespace.namespace_id, table: name.table });
  return table && { namespace, table };
}

/** The table of those names; throws `namespace_not_found` or `table_not_found`. */
export async function requireTable(queries: Queries, view: View, name: TableName): Promise<FoundTable> {
  const namespace = await requireNamespace(queries, view, name.namespace);
  const table = await findTableIn(queries, view, { namespace_id: namespace.namespace_id, table: name.table });
  if (table) return { namespace, table };
  throw tableNotFound(name);
}

/** The refusal of a table that is not there. */
export function tableNotFound({ namespace, table }: TableName): DeltacatError {
  return new DeltacatError(
    'table_not_found',
    `Table "${namespace}.${table}" does not exist. Create it, or check the name with list_tables.`,
    // Callers hand over more than the names, which is nobody else's business.
    { namespace, table },
  );
}

/** The state of a table known by its id; null when the view has none, or its namespace is gone. */
export async function findTableById(queries: Queries, view: View, table_id: string): Promise<FoundTable | null> {
  const table = await queries
    .selectFrom('tables')
    .selectAll()
    .where('table_id', '=', table_id)
    .where(visible(view, 'tables'))
    .orderBy('from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!table) return null;
  const namespace = await findNamespaceById(queries, view, table.namespace_id);
  return namespace ? { namespace, table } : null;
}

/**
 * The table that a read names, as it was in its view: by the name it had then, else by the identity of the table that
 * has the name now, so that a renamed table can be read back in time under either name. Null when neither is.
 */
export async function findTableAt(queries: Queries, view: View, name: TableName): Promise<FoundTable | null> {
  const then = await findTable(queries, view, name);
  if (then) return then;
  const now = await findTableNow(queries, view, name);
  return now && findTableById(queries, view, now.table.table_id);
}

/** The same; throws `namespace_not_found`, `table_not_found`, or `invalid_as_of` for one that did not exist yet. */
export async function requireTableAt(queries: Queries, view: View, name: TableName): Promise<FoundTable> {
  const found = await findTableAt(queries, view, name);
  if (found) return found;
  if (await findTableNow(queries, view, name)) throw notYet(name);
  return requireTable(queries, view, name);
}

/** The table that has the names now; null when the view is of now, or there is none. */
async function findTableNow(queries: Queries, view: View, name: TableName): Promise<FoundTable | null> {
  // A transaction sees one state with its own changes: a name that it does not know there is none.
  if (view.transaction_id !== undefined) return null;
  const head = await viewHead(queries, view.catalog_id);
  return head.seq === view.seq ? null : findTable(queries, head, name);
}

function notYet({ namespace, table }: TableName): DeltacatError {
  return new DeltacatError(
    'invalid_as_of',
    `Table "${namespace}.${table}" did not exist at that time. Read a later time, or the newest state.`,
    { namespace, table },
  );
}
