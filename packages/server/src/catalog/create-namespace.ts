import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';
import { createNamespaceIn } from './namespace-creation.ts';
import { mergeProperties } from './properties.ts';

/** Creates a namespace; of two that create one name, exactly one wins. */
export const createNamespace: Handler<'create_namespace'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'create_namespace',
    idempotency: idempotency(input),
    async decide(change) {
      const name = input.namespace;
      await createNamespaceIn(change, { name, properties: mergeProperties({}, input.properties) });
      return { namespace: name, created: true };
    },
  });
