import type { Handler } from '../context.ts';
import { requireNamespace } from '../snapshots/namespaces.ts';
import { viewOf } from '../snapshots/transactions.ts';

/** Reads a namespace as it is now. */
export const getNamespace: Handler<'get_namespace'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const { name, properties, namespace_id } = await requireNamespace(reader, view, input.namespace);
  return { name, properties, namespace_id };
};
