import type { Change } from '../commits/change.ts';
import { canonicalValue, type PartitionKey } from '../commits/partitions.ts';
import { endAllDeltas, endDeltas } from '../commits/publish.ts';
import { listDeltas } from '../snapshots/deltas.ts';
import { findVersionById, type TableVersion } from '../snapshots/versions.ts';

/** What a version may become together with its new stream: its state of an earlier time. */
export type RestoredState = Partial<
  Pick<TableVersion, 'description' | 'properties' | 'schema_id' | 'partition_scheme' | 'sort_scheme' | 'content_types'>
>;

/**
 * Ends everything that is visible of a version and gives it a new, empty stream with this commit. Earlier times keep the
 * old stream, and writers that still count on it find that it is gone.
 */
export async function restartStream(
  change: Change,
  version: TableVersion,
  restored: RestoredState = {},
): Promise<TableVersion> {
  await endAllDeltas(change, version);
  const { row_id, from_seq: _from, to_seq: _to, transaction_id: _transaction, ...state } = version;
  await change.end('table_versions', [row_id]);
  await change.insert('table_versions', [{ ...state, ...restored, stream_id: change.context.newId() }]);
  const view = { ...change.view, seq: change.seq };
  const restarted = await findVersionById(change.queries, view, version.table_version_id);
  if (!restarted) throw new Error(`version ${version.table_version_id} is gone in the commit that restarts it`);
  return restarted;
}

/** Ends everything that is visible of some partitions of a version with this commit. */
export async function endPartitions(change: Change, version: TableVersion, keys: PartitionKey[]): Promise<void> {
  const { stream_id, table_version_id } = version;
  const partition_ids: string[] = [];
  for (const { scheme_id, partition_values } of keys) {
    const found = await change.queries
      .selectFrom('partitions')
      .select('partition_id')
      .where('stream_id', '=', stream_id)
      .where('scheme_id', '=', scheme_id)
      .where('values_key', '=', canonicalValue(partition_values))
      .executeTakeFirst();
    if (found) partition_ids.push(found.partition_id);
  }
  const deltas = await listDeltas(change.queries, change.view, { stream_id, partition_ids });
  if (deltas.length > 0) await endDeltas(change, table_version_id, deltas);
}
