import { DeltacatError } from '@deltacat/contract';
import type { Selectable } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { NamespaceRow } from '../db/tables.ts';
import { type View, visible } from './view.ts';

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
