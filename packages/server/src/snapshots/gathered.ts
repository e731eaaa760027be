import { sql } from 'kysely';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { COMPACTORS } from './deltas.ts';

/** What has gathered in a partition since it was compacted, as of now. */
export interface GatheredInPartition {
  partition_id: string;
  deltas: number;
  files: number;
  records: number;
  /** How many of the deltas are upserts or deletes. */
  merging: number;
}

/** What the partitions of a stream have gathered, or those of some ids; those that have nothing are not listed. */
export async function listGathered(
  queries: Queries,
  of: { stream_id: string; partition_ids?: string[] | null },
): Promise<GatheredInPartition[]> {
  const { stream_id, partition_ids } = of;
  const all = selectStanding(queries, stream_id)
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select(({ fn }) => [
      'deltas.partition_id',
      fn.countAll<number>().as('deltas'),
      fn.sum<number>('manifests.file_count').as('files'),
      fn.sum<number>('manifests.record_count').as('records'),
      sql<number>`sum(case when deltas.delta_type in ('upsert', 'delete') then 1 else 0 end)`.as('merging'),
    ])
    .where(({ or, eb }) =>
      or([eb('manifests.author_name', 'is', null), eb('manifests.author_name', 'not in', COMPACTORS)]),
    )
    .groupBy('deltas.partition_id');
  if (!partition_ids) return all.execute();
  const found: GatheredInPartition[] = [];
  for (const some of chunks(partition_ids)) {
    found.push(...(await all.where('deltas.partition_id', 'in', some).execute()));
  }
  return found;
}

/** The partitions of a stream that hold something now, in an order that stays. */
export async function listHeld(queries: Queries, stream_id: string): Promise<string[]> {
  const rows = await selectStanding(queries, stream_id)
    .select('deltas.partition_id')
    .distinct()
    .orderBy('deltas.partition_id')
    .execute();
  return rows.map(({ partition_id }) => partition_id);
}

/** When a partition of a stream was compacted last; null when none that stands was. */
export async function lastCompactedAt(queries: Queries, stream_id: string): Promise<bigint | null> {
  const row = await selectStanding(queries, stream_id)
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .innerJoin('commits', (join) =>
      join.onRef('commits.catalog_id', '=', 'deltas.catalog_id').onRef('commits.seq', '=', 'deltas.from_seq'),
    )
    .select('commits.committed_at_ns')
    .where('manifests.author_name', 'in', COMPACTORS)
    .orderBy('deltas.from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.committed_at_ns ?? null;
}

function selectStanding(queries: Queries, stream_id: string) {
  return queries
    .selectFrom('deltas')
    .where('deltas.stream_id', '=', stream_id)
    .where('deltas.to_seq', 'is', null)
    .where('deltas.from_seq', 'is not', null);
}
