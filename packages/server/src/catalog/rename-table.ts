import { DeltacatError } from '@deltacat/contract';
import { commit } from '../commits/commit.ts';
import { nameObject } from '../commits/touches.ts';
import type { Handler } from '../context.ts';
import { requireNamespace } from '../snapshots/namespaces.ts';
import { findTableIn, requireTable } from '../snapshots/tables.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { idempotency } from './idempotency.ts';
import { tableTaken } from './table-definition.ts';

/** Renames a table, also into another namespace. Only the name changes: rows, history and identity stay. */
export const renameTable: Handler<'rename_table'> = async (context, input) =>
  commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'rename_table',
    idempotency: idempotency(input),
    async decide(change) {
      const { queries, view } = change;
      const { namespace, table } = await requireTable(queries, view, input);
      const target = input.new_namespace ? await requireNamespace(queries, view, input.new_namespace) : namespace;
      const { namespace_id } = target;
      const { new_name } = input;
      const taken = await findTableIn(queries, view, { namespace_id, table: new_name });
      if (taken?.table_id === table.table_id) throw renamedToItself(input.namespace, input.table);
      if (taken) throw tableTaken(target.name, new_name);

      const { row_id, from_seq: _, to_seq: _to, transaction_id: _transaction, ...state } = table;
      await change.end('tables', [row_id]);
      await change.insert('tables', [{ ...state, namespace_id, name: new_name }]);
      change.touch(
        { object_id: table.table_id, kind: 'rename' },
        { object_id: nameObject(namespace_id, new_name), kind: 'name' },
      );
      if (namespace_id !== namespace.namespace_id) change.touch({ object_id: namespace_id, kind: 'child' });
      return { renamed: true, old_name: input.table, new_name, new_namespace: target.name };
    },
  });

function renamedToItself(namespace: string, table: string): DeltacatError {
  return new DeltacatError(
    'invalid_request',
    `Table "${namespace}.${table}" has that name already; choose another new_name or new_namespace.`,
  );
}
