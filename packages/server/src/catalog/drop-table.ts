import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { requireTable } from '../snapshots/tables.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';

/**
 * Drops a table: ends its row, which hides its versions and frees its name. `purge` leaves an event for garbage
 * collection to remove the data later.
 */
export const dropTable: Handler<'drop_table'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'drop_table',
    idempotency: idempotency(input),
    async decide(change) {
      const { table } = await requireTable(change.queries, change.view, input);
      const { row_id, table_id, namespace_id } = table;
      await change.end('tables', [row_id]);
      change.touch({ object_id: table_id, kind: 'drop' });
      if (input.purge) {
        change.touch({ object_id: table_id, kind: 'purge' });
        change.event('purge', { namespace_id, table_id });
      }
      return { table: input.table, namespace: input.namespace, dropped: true, purged: input.purge };
    },
  });
