import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import type { Change } from './change.ts';
import type { CountedDelta } from './totals.ts';

/** What the standing deltas of a partition count. */
export interface PartitionCounts {
  record_count: number;
  content_length: number;
  file_count: number;
  delta_count: number;
}

/** What some deltas count together. */
export function countDeltas(deltas: readonly Pick<CountedDelta, 'records' | 'bytes' | 'files'>[]): PartitionCounts {
  const counts = { record_count: 0, content_length: 0, file_count: 0, delta_count: deltas.length };
  for (const { records, bytes, files } of deltas) {
    counts.record_count += records;
    counts.content_length += bytes;
    counts.file_count += files;
  }
  return counts;
}

/** What a partition without standing deltas counts. */
export const NO_COUNTS: PartitionCounts = countDeltas([]);

/**
 * Counts deltas into their partitions, or out of them. Inside a transaction nothing is counted: its deltas are not there for
 * others, and its commit counts what it publishes.
 */
export async function countInPartitions(
  change: Change,
  { added = [], removed = [] }: { added?: CountedDelta[]; removed?: CountedDelta[] },
): Promise<void> {
  if (change.transaction_id !== null) return;
  for (const [deltas, sign] of [[added, 1] as const, [removed, -1] as const]) {
    for (const [partition_id, some] of Map.groupBy(deltas, (delta) => delta.partition_id)) {
      const { record_count, content_length, file_count, delta_count } = countDeltas(some);
      await addCounts(change.queries, {
        partition_id,
        record_count: sign * record_count,
        content_length: sign * content_length,
        file_count: sign * file_count,
        delta_count: sign * delta_count,
      });
    }
  }
}

const addCounts = prepared((queries, of: PartitionCounts & { partition_id: string }) =>
  queries
    .updateTable('partitions')
    .set((expression) => ({
      record_count: expression('record_count', '+', of.record_count),
      content_length: expression('content_length', '+', of.content_length),
      file_count: expression('file_count', '+', of.file_count),
      delta_count: expression('delta_count', '+', of.delta_count),
    }))
    .where('partition_id', '=', of.partition_id),
);

/** Forgets the counts of streams whose deltas are all ended. */
export async function clearCounts(queries: Queries, stream_ids: string[]): Promise<void> {
  for (const some of chunks(stream_ids)) {
    await queries.updateTable('partitions').set(NO_COUNTS).where('stream_id', 'in', some).execute();
  }
}
