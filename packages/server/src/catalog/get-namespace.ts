import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { requireNamespace } from '../snapshots/namespaces.ts';
import { viewHead } from '../snapshots/view.ts';

/** Reads a namespace as it is now. */
export const getNamespace: Handler<'get_namespace'> = async (context, input) => {
  const { reader } = context.db;
  const view = await viewHead(reader, catalogNamed(context, input.catalog).catalog_id);
  const { name, properties, namespace_id } = await requireNamespace(reader, view, input.namespace);
  return { name, properties, namespace_id };
};
