import { DeltacatError } from '@deltacat/contract';
import type { Selectable } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { NamespaceRow } from '../db/tables.ts';
import { type View, viewHead, visible } from './view.ts';

/** A namespace as a view shows it. */
export type Namespace = Selectable<NamespaceRow>;

/** The namespace of that name; null when the view has none. */
export async function findNamespace(queries: Queries, view: View, name: string): Promise<Namespace | null> {
  const row = await queries
    .selectFrom('namespaces')
    .selectAll()
    .where('catalog_id', '=', view.catalog_id)
    .where('name', '=', name)
    .where(visible(view, 'namespaces'))
    .orderBy('from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The namespace of that name; throws `namespace_not_found`. */
export async function requireNamespace(queries: Queries, view: View, name: string): Promise<Namespace> {
  const namespace = await findNamespace(queries, view, name);
  if (namespace) return namespace;
  throw new DeltacatError(
    'namespace_not_found',
    `Namespace "${name}" does not exist. Create it, or check the name with list_namespaces.`,
    {
      namespace: name,
    },
  );
}

/** The state of a namespace known by its id; null when the view has none. */
export async function findNamespaceById(queries: Queries, view: View, namespace_id: string): Promise<Namespace | null> {
  const row = await queries
    .selectFrom('namespaces')
    .selectAll()
    .where('namespace_id', '=', namespace_id)
    .where(visible(view, 'namespaces'))
    .orderBy('from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * The namespace that a read names, as it was in its view: by the name it had then, else by the identity of the namespace
 * that has the name now, so that a renamed namespace can be read back in time under either name. Null when neither is.
 */
export async function findNamespaceAt(queries: Queries, view: View, name: string): Promise<Namespace | null> {
  const then = await findNamespace(queries, view, name);
  if (then) return then;
  const now = await findNamespaceNow(queries, view, name);
  return now && findNamespaceById(queries, view, now.namespace_id);
}

/** The same; throws `namespace_not_found`, or `invalid_as_of` for one that did not exist yet. */
export async function requireNamespaceAt(queries: Queries, view: View, name: string): Promise<Namespace> {
  const found = await findNamespaceAt(queries, view, name);
  if (found) return found;
  if (await findNamespaceNow(queries, view, name)) {
    const message = `Namespace "${name}" did not exist at that time. Read a later time, or the newest state.`;
    throw new DeltacatError('invalid_as_of', message, { namespace: name });
  }
  return requireNamespace(queries, view, name);
}

/** The namespace that has the name now; null when the view is of now, or there is none. */
async function findNamespaceNow(queries: Queries, view: View, name: string): Promise<Namespace | null> {
  // A transaction sees one state with its own changes: a name that it does not know there is none.
  if (view.transaction_id !== undefined) return null;
  const head = await viewHead(queries, view.catalog_id);
  return head.seq === view.seq ? null : findNamespace(queries, head, name);
}
