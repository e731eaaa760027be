import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { requireNamespace } from '../snapshots/namespaces.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';

/**
 * Drops a namespace: ends its row, which hides everything in it. `purge` leaves an event for garbage collection to
 * remove the data later.
 */
export const dropNamespace: Handler<'drop_namespace'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'drop_namespace',
    idempotency: idempotency(input),
    async decide(change) {
      const { row_id, namespace_id } = await requireNamespace(change.queries, change.view, input.namespace);
      await change.end('namespaces', [row_id]);
      change.touch({ object_id: namespace_id, kind: 'drop' });
      if (input.purge) {
        change.touch({ object_id: namespace_id, kind: 'purge' });
        change.event('purge', { namespace_id });
      }
      return { namespace: input.namespace, dropped: true, purged: input.purge };
    },
  });
