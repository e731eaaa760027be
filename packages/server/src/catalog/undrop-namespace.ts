import { DeltacatError } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import { nameObject } from '../commits/touches.ts';
import type { Handler } from '../context.ts';
import { findDroppedNamespace, isPurged } from '../snapshots/dropped.ts';
import { findNamespace } from '../snapshots/namespaces.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';
import { namedDrop, purged, takenMeanwhile } from './undrop-refusals.ts';

/** Brings a dropped namespace back under its identity, and with it every table that was in it. */
export const undropNamespace: Handler<'undrop_namespace'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'undrop_namespace',
    message: input.commit_message ?? null,
    idempotency: idempotency(input),
    async decide(change) {
      const { queries, view } = change;
      const wanted = { name: input.namespace, namespace_id: input.namespace_id ?? null };
      const dropped = await findDroppedNamespace(queries, view, wanted);
      if (!dropped) throw await notDropped(change, wanted);
      const { namespace_id, catalog_id, properties } = dropped;
      if (await isPurged(queries, view, namespace_id)) throw purged(`Namespace "${input.namespace}"`, { namespace_id });
      const name = input.new_name ?? dropped.name;
      if (await findNamespace(queries, view, name)) throw takenMeanwhile(`Namespace "${name}"`, { namespace: name });
      await change.insert('namespaces', [{ namespace_id, catalog_id, name, properties }]);
      change.touch(
        { object_id: namespace_id, kind: 'undrop' },
        { object_id: nameObject(catalog_id, name), kind: 'name' },
      );
      return { namespace: name, namespace_id, undropped: true };
    },
  });

async function notDropped(
  change: Change,
  { name, namespace_id }: { name: string; namespace_id: string | null },
): Promise<DeltacatError> {
  const there = await findNamespace(change.queries, change.view, name);
  const message = namedDrop({ what: `Namespace "${name}"`, there: there !== null, id: namespace_id });
  return new DeltacatError('namespace_not_found', message, { namespace: name });
}
