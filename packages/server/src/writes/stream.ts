import type { Change } from '../commits/change.ts';
import { canonicalValue, type PartitionKey } from '../commits/partitions.ts';
import { endAllDeltas, endDeltas } from '../commits/publish.ts';
import { listDeltas } from '../snapshots/deltas.ts';
import { findStream } from '../snapshots/streams.ts';
import type { TableVersion } from '../snapshots/versions.ts';

/**
 * Ends everything that is visible of a version and gives it a new, empty stream with this commit. Earlier times keep the
 * old stream, and writers that still count on it find that it is gone.
 */
export async function restartStream(change: Change, version: TableVersion): Promise<TableVersion> {
  await endAllDeltas(change, version);
  const { table_version_id, catalog_id } = version;
  const before = await findStream(change.queries, change.view, table_version_id);
  if (!before) throw new Error(`version ${table_version_id} has no stream`);
  const stream_id = change.context.newId();
  // A stream that its own transaction replaces is gone without a trace.
  const previous_stream_id = before.from_seq === null ? before.previous_stream_id : before.stream_id;
  await change.end('streams', [before.row_id]);
  await change.insert('streams', [{ stream_id, table_version_id, catalog_id, previous_stream_id }]);
  return { ...version, stream_id };
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
