import type { Handler } from '../context.ts';
import { findNamespace } from '../snapshots/namespaces.ts';
import { viewOf } from '../snapshots/transactions.ts';

/** Says whether a namespace exists now. */
export const namespaceExists: Handler<'namespace_exists'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const found = await findNamespace(reader, view, input.namespace);
  return { exists: found !== null, namespace: input.namespace };
};
