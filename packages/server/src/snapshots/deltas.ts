import type { DeltaType, PartitionValue } from '@deltacat/contract';
import type { Queries } from '../db/database.ts';
import { type View, visible } from './view.ts';

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

/** How many partitions one query names. */
const PARTITIONS_PER_QUERY_MAX = 500;

/**
 * The deltas of a stream that a view shows, ordered by (commit, position). With `partition_ids`, those of these
 * partitions.
 */
export async function listDeltas(
  queries: Queries,
  view: View,
  wanted: { stream_id: string; partition_ids?: string[] | null },
): Promise<DeltaInView[]> {
  const { partition_ids } = wanted;
  if (!partition_ids) return selectDeltas(queries, view, wanted.stream_id).execute() as Promise<DeltaInView[]>;
  const found: DeltaInView[] = [];
  for (let start = 0; start < partition_ids.length; start += PARTITIONS_PER_QUERY_MAX) {
    const some = partition_ids.slice(start, start + PARTITIONS_PER_QUERY_MAX);
    const rows = await selectDeltas(queries, view, wanted.stream_id).where('deltas.partition_id', 'in', some).execute();
    found.push(...(rows as DeltaInView[]));
  }
  return found.sort((a, b) => a.from_seq - b.from_seq || Number(a.position - b.position));
}

function selectDeltas(queries: Queries, view: View, stream_id: string) {
  return queries
    .selectFrom('deltas')
    .innerJoin('partitions', 'partitions.partition_id', 'deltas.partition_id')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select([
      'deltas.row_id',
      'deltas.from_seq',
      'deltas.partition_id',
      'partitions.scheme_id',
      'partitions.partition_values',
      'deltas.stream_id',
      'deltas.manifest_id',
      'deltas.delta_type',
      'deltas.position',
      'deltas.previous_position',
      'manifests.entry_params',
      'manifests.author_name',
      'manifests.author_version',
      'manifests.record_count as records',
      'manifests.content_length as bytes',
      'manifests.file_count as files',
    ])
    .where('deltas.stream_id', '=', stream_id)
    .where(visible(view, 'deltas'))
    .orderBy('deltas.from_seq')
    .orderBy('deltas.position');
}
