import type { Change } from '../commits/change.ts';
import type { Properties } from '../db/tables.ts';
import type { Table } from '../snapshots/tables.ts';
import { mergeProperties } from './properties.ts';

/** Gives a table another description or properties with this commit; what is left out stays. */
export async function replaceTable(
  change: Change,
  before: Table,
  changes: { table_description?: string | null | undefined; table_properties?: Properties | null | undefined },
): Promise<void> {
  const { row_id, from_seq: _, to_seq: _to, transaction_id: _transaction, ...state } = before;
  await change.end('tables', [row_id]);
  const description = changes.table_description ?? before.description;
  const properties = mergeProperties(before.properties, changes.table_properties);
  await change.insert('tables', [{ ...state, description, properties }]);
  change.touch({ object_id: before.table_id, kind: 'alter' });
}
