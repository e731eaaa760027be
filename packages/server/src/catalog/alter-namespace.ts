import { commit } from '../commits/commit.ts';
import { nameObject } from '../commits/touches.ts';
import type { Handler } from '../context.ts';
import { findNamespace, requireNamespace } from '../snapshots/namespaces.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';
import { namespaceTaken } from './namespace-creation.ts';
import { mergeProperties } from './properties.ts';

/** Changes properties of a namespace, renames it, or both; its tables stay in it. */
export const alterNamespace: Handler<'alter_namespace'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'alter_namespace',
    idempotency: idempotency(input),
    async decide(change) {
      const before = await requireNamespace(change.queries, change.view, input.namespace);
      const { namespace_id, catalog_id } = before;
      const name = input.new_name ?? before.name;
      const renamed = name !== before.name;
      if (!renamed && !input.properties) return { namespace: before.name, altered: false };

      if (renamed && (await findNamespace(change.queries, change.view, name))) throw namespaceTaken(name);
      const properties = mergeProperties(before.properties, input.properties);
      await change.end('namespaces', [before.row_id]);
      await change.insert('namespaces', [{ namespace_id, catalog_id, name, properties }]);
      if (input.properties) change.touch({ object_id: namespace_id, kind: 'alter' });
      if (renamed) {
        change.touch(
          { object_id: namespace_id, kind: 'rename' },
          { object_id: nameObject(catalog_id, name), kind: 'name' },
        );
      }
      return { namespace: before.name, altered: true, new_name: renamed ? name : null };
    },
  });
