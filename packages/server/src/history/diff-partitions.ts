import type { PartitionValue } from '@deltacat/contract';
import { sql } from 'kysely';
import type { Queries } from '../db/database.ts';

/** The state before and the state after, of one table version. */
export interface Between {
  table_version_id: string;
  from_seq: number;
  to_seq: number;
}

/** A partition whose files differ between two states. */
export interface DifferingPartition {
  partition_id: string;
  stream_id: string;
  partition_scheme_id: string;
  partition_values: PartitionValue[] | null;
  deltas_added: number;
  deltas_removed: number;
  records_added: number;
  records_removed: number;
  files_added: number;
  files_removed: number;
  bytes_added: number;
  bytes_removed: number;
}

/**
 * Partitions whose files differ, by their ids. What is read follows the difference, not the table: deltas that came and
 * stayed, and deltas that were there and went. Files that went and came back, as with a rollback, do not differ.
 */
export async function listDifferingPartitions(
  queries: Queries,
  between: Between,
  page: { after: string | null; limit: number },
): Promise<DifferingPartition[]> {
  const sum = (what: 'deltas' | 'records' | 'files' | 'bytes', sign: 1 | -1) =>
    sql<number>`sum(case when sign = ${sql.lit(sign)} then ${sql.ref(what)} else 0 end)`;
  let query = queries
    .selectFrom(selectOneSided(queries, between).as('one_sided'))
    .innerJoin('partitions', 'partitions.partition_id', 'one_sided.partition_id')
    .select(['partitions.partition_id', 'partitions.stream_id', 'partitions.scheme_id as partition_scheme_id'])
    .select('partitions.partition_values')
    .select([
      ...[sum('deltas', 1).as('deltas_added'), sum('deltas', -1).as('deltas_removed')],
      ...[sum('records', 1).as('records_added'), sum('records', -1).as('records_removed')],
      ...[sum('files', 1).as('files_added'), sum('files', -1).as('files_removed')],
      ...[sum('bytes', 1).as('bytes_added'), sum('bytes', -1).as('bytes_removed')],
    ])
    .groupBy(['partitions.partition_id', 'partitions.stream_id', 'partitions.scheme_id', 'partitions.partition_values'])
    .orderBy('partitions.partition_id')
    .limit(page.limit);
  if (page.after !== null) query = query.where('partitions.partition_id', '>', page.after);
  return query.execute();
}

/** Manifests that are visible in one of the states alone: with sign 1 in the later, with -1 in the earlier one. */
function selectOneSided(queries: Queries, { table_version_id, from_seq, to_seq }: Between) {
  const came = selectDeltas(queries, table_version_id, 1)
    .where('deltas.from_seq', '>', from_seq)
    .where('deltas.from_seq', '<=', to_seq)
    .where(({ eb, or }) => or([eb('deltas.to_seq', 'is', null), eb('deltas.to_seq', '>', to_seq)]));
  const went = selectDeltas(queries, table_version_id, -1)
    .where('deltas.to_seq', '>', from_seq)
    .where('deltas.to_seq', '<=', to_seq)
    .where('deltas.from_seq', '<=', from_seq);
  return queries
    .selectFrom(came.unionAll(went).as('sides'))
    .innerJoin('manifests', 'manifests.manifest_id', 'sides.manifest_id')
    .select(['sides.manifest_id', 'manifests.record_count as records', 'manifests.file_count as files'])
    .select('manifests.content_length as bytes')
    .select(({ fn }) => [
      fn.max('sides.partition_id').as('partition_id'),
      fn.sum<number>('sides.sign').as('sign'),
      sql<number>`1`.as('deltas'),
    ])
    .groupBy(['sides.manifest_id', 'manifests.record_count', 'manifests.file_count', 'manifests.content_length'])
    .having(({ fn }) => fn.sum<number>('sides.sign'), '!=', 0);
}

function selectDeltas(queries: Queries, table_version_id: string, sign: 1 | -1) {
  return queries
    .selectFrom('deltas')
    .select(['deltas.manifest_id', 'deltas.partition_id', sql<number>`${sql.lit(sign)}`.as('sign')])
    .where('deltas.table_version_id', '=', table_version_id);
}
