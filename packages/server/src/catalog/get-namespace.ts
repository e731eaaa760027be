import type { Handler } from '../context.ts';
import { requireNamespaceAt } from '../snapshots/namespaces.ts';
import { viewOf } from '../snapshots/transactions.ts';

/** Reads a namespace as it is, or was at `as_of`. */
export const getNamespace: Handler<'get_namespace'> = async (context, input) => {
  const { view } = await viewOf(context, input);
  const { name, properties, namespace_id } = await requireNamespaceAt(context.db.reader, view, input.namespace);
  return { name, properties, namespace_id };
};
