import { DeltacatError } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { nameObject } from '../commits/touches.ts';
import type { Properties } from '../db/tables.ts';
import { findNamespace, type Namespace, requireNamespace } from '../snapshots/namespaces.ts';

/** Makes a namespace visible with this commit. Throws `name_taken`. */
export async function createNamespaceIn(
  change: Change,
  wanted: { name: string; properties: Properties },
): Promise<Namespace> {
  const { name, properties } = wanted;
  if (await findNamespace(change.queries, change.view, name)) throw namespaceTaken(name);
  const { catalog_id } = change.view;
  const namespace_id = change.context.newId();
  await change.insert('namespaces', [{ namespace_id, catalog_id, name, properties }]);
  change.touch({ object_id: namespace_id, kind: 'create' }, { object_id: nameObject(catalog_id, name), kind: 'name' });
  return requireNamespace(change.queries, change.written, name);
}

/** The refusal of a namespace name that something has already. */
export function namespaceTaken(name: string): DeltacatError {
  return new DeltacatError(
    'name_taken',
    `Namespace "${name}" exists already. Choose another name, or use the namespace that is there.`,
    { namespace: name },
  );
}
