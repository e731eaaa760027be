import type { Handler } from '../context.ts';
import { findNamespaceAt } from '../snapshots/namespaces.ts';
import { viewOf } from '../snapshots/transactions.ts';

/** Says whether a namespace exists, or existed at `as_of`. */
export const namespaceExists: Handler<'namespace_exists'> = async (context, input) => {
  const { view } = await viewOf(context, input);
  const found = await findNamespaceAt(context.db.reader, view, input.namespace);
  return { exists: found !== null, namespace: input.namespace };
};
