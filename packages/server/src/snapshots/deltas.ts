import type { DeltaType, PartitionValue } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { View } from './view.ts';

/** A delta as a view shows it, with its partition and the totals of its manifest. */
export interface DeltaInView {
  row_id: number;
  from_seq: number;
  partition_id: string;
  scheme_id: string;
  partition_values: PartitionValue[] | null;
  stream_id: string;
  manifest_id: string;
  delta_type: DeltaType;
  position: bigint;
  previous_position: bigint | null;
  entry_params: { equality_field_locators?: string[] | null } | null;
  author_name: string | null;
  author_version: string | null;
  records: number;
  bytes: number;
  files: number;
}

/**
 * The deltas of a stream that a view shows, ordered by (commit, position). With `partition_ids`, those of these
 * partitions.
 */
export async function listDeltas(
  queries: Queries,
  view: View,
  wanted: { stream_id: string; partition_ids?: string[] | null },
): Promise<DeltaInView[]> {
  const { partition_ids, stream_id } = wanted;
  const found: DeltaInView[] = [];
  if (!partition_ids) return (await selectDeltas(queries, view, { stream_id }).execute()).sort(byCommit);
  for (const some of chunks(partition_ids)) {
    for (const row of await selectDeltas(queries, view, { partition_ids: some }).execute()) found.push(row);
  }
  return found.sort(byCommit);
}

function byCommit(a: DeltaInView, b: DeltaInView): number {
  if (a.from_seq !== b.from_seq) return a.from_seq - b.from_seq;
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.row_id - b.row_id;
}

type Wanted = { stream_id: string } | { partition_ids: string[] };

/**
 * What is still there and what a later commit ended, each by its own range of an index: one condition for both would
 * read everything that was ever ended. One statement, so that nothing ends in between.
 */
function selectDeltas(queries: Queries, view: View, wanted: Wanted) {
  const standing = selectCommitted(queries, view, wanted).where('deltas.to_seq', 'is', null);
  return standing.unionAll(selectCommitted(queries, view, wanted).where('deltas.to_seq', '>', view.seq));
}

function selectCommitted(queries: Queries, view: View, wanted: Wanted) {
  const query = queries
    .selectFrom('deltas')
    .innerJoin('partitions', 'partitions.partition_id', 'deltas.partition_id')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select([
      'deltas.row_id',
      // Committed deltas have both.
      (expression) => expression.ref('deltas.from_seq').$notNull().as('from_seq'),
      'deltas.partition_id',
      'partitions.scheme_id',
      'partitions.partition_values',
      'deltas.stream_id',
      'deltas.manifest_id',
      'deltas.delta_type',
      (expression) => expression.ref('deltas.position').$notNull().as('position'),
      'deltas.previous_position',
      'manifests.entry_params',
      'manifests.author_name',
      'manifests.author_version',
      'manifests.record_count as records',
      'manifests.content_length as bytes',
      'manifests.file_count as files',
    ])
    .where('deltas.from_seq', '<=', view.seq);
  if ('stream_id' in wanted) return query.where('deltas.stream_id', '=', wanted.stream_id);
  return query.where('deltas.partition_id', 'in', wanted.partition_ids);
}
