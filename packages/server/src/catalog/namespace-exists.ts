import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { findNamespace } from '../snapshots/namespaces.ts';
import { viewHead } from '../snapshots/view.ts';

/** Says whether a namespace exists now. */
export const namespaceExists: Handler<'namespace_exists'> = async (context, input) => {
  const { reader } = context.db;
  const view = await viewHead(reader, catalogNamed(context, input.catalog).catalog_id);
  const found = await findNamespace(reader, view, input.namespace);
  return { exists: found !== null, namespace: input.namespace };
};
