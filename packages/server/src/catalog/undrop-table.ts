import { DeltacatError } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import { nameObject } from '../commits/touches.ts';
import type { Handler } from '../context.ts';
import { findDroppedNamespace, findDroppedTable, isPurged } from '../snapshots/dropped.ts';
import { findNamespace, type Namespace, requireNamespace } from '../snapshots/namespaces.ts';
import { findTableIn } from '../snapshots/tables.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';
import { namedDrop, purged, takenMeanwhile } from './undrop-refusals.ts';

/** Brings a dropped table back under its identity: versions, rows and history are what they were. */
export const undropTable: Handler<'undrop_table'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'undrop_table',
    message: input.commit_message ?? null,
    idempotency: idempotency(input),
    async decide(change) {
      const { queries, view } = change;
      const { namespace_id, name: namespace } = await requireParent(change, input.namespace);
      const wanted = { namespace_id, name: input.table, table_id: input.table_id ?? null };
      const dropped = await findDroppedTable(queries, view, wanted);
      if (!dropped) throw await notDropped(change, { ...wanted, namespace });
      const { row_id: _, from_seq: _from, to_seq: _to, transaction_id: _transaction, ...state } = dropped;
      const { table_id } = state;
      if (await isPurged(queries, view, table_id)) throw purged(`Table "${namespace}.${input.table}"`, { table_id });
      const name = input.new_name ?? state.name;
      if (await findTableIn(queries, view, { namespace_id, table: name })) {
        throw takenMeanwhile(`Table "${namespace}.${name}"`, { namespace, table: name });
      }
      await change.insert('tables', [{ ...state, name }]);
      change.touch(
        { object_id: table_id, kind: 'undrop' },
        { object_id: nameObject(namespace_id, name), kind: 'name' },
        { object_id: namespace_id, kind: 'child' },
      );
      return { table: name, namespace, table_id, undropped: true };
    },
  });

/** The namespace that a table comes back into, which must be there itself. */
async function requireParent({ queries, view }: Change, name: string): Promise<Namespace> {
  const found = await findNamespace(queries, view, name);
  if (found) return found;
  const dropped = await findDroppedNamespace(queries, view, { name, namespace_id: null });
  if (!dropped) return requireNamespace(queries, view, name);
  const message = `Namespace "${name}" is dropped itself, with every table in it. Bring it back first, with undrop_namespace.`;
  throw new DeltacatError('namespace_not_found', message, { namespace: name, namespace_id: dropped.namespace_id });
}

async function notDropped(
  change: Change,
  wanted: { namespace_id: string; namespace: string; name: string; table_id: string | null },
): Promise<DeltacatError> {
  const { namespace_id, namespace, name: table } = wanted;
  const there = await findTableIn(change.queries, change.view, { namespace_id, table });
  const message = namedDrop({ what: `Table "${namespace}.${table}"`, there: there !== null, id: wanted.table_id });
  return new DeltacatError('table_not_found', message, { namespace, table });
}
