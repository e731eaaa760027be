import { DIRTY_PARTITIONS_MAX } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { listMiscounted } from '../snapshots/partition-counts.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { tellCounts, tellPartition } from './query-partition-stats.ts';
import { findTarget } from './target.ts';

/** Lists the partitions whose kept numbers are wrong, with what is kept and what their deltas count. */
export const listDirtyPartitionStats: Handler<'list_dirty_partition_stats'> = async (context, input) => {
  const { view } = await viewOf(context, input);
  const target = await findTarget(context, view, input);
  const found = await listMiscounted(context.db.reader, target.version.stream_id, DIRTY_PARTITIONS_MAX);
  const dirty_partitions = found.map((partition) => {
    const { records, bytes, files, deltas } = partition;
    const counted = { record_count: records, content_length: bytes, file_count: files, delta_count: deltas };
    return { ...tellPartition(partition), kept: tellCounts(partition), counted };
  });
  return { ...target.asked, table_version: target.version.version, dirty_partitions };
};
