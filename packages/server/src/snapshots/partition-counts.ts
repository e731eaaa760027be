import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { PartitionRow } from '../db/tables.ts';
import { isAfter } from './partition-pages.ts';
import { holdsData, type View } from './view.ts';

/** A partition with what it says that its standing deltas count. */
export type PartitionKept = Selectable<PartitionRow>;

/** The same with what they do count. */
export interface PartitionCounted extends PartitionKept {
  records: number;
  bytes: number;
  files: number;
  deltas: number;
}

/** Partitions counted again, all or those of a stream: a step for each delta that stands. */
export function countPartitions(stream_id?: string): RawBuilder<PartitionCounted> {
  const ofStream = (table: string) =>
    stream_id === undefined ? sql`1 = 1` : sql`${sql.ref(`${table}.stream_id`)} = ${stream_id}`;
  return sql<PartitionCounted>`select partitions.*, coalesce(records, 0) as records, coalesce(bytes, 0) as bytes,
      coalesce(files, 0) as files, coalesce(deltas, 0) as deltas
    from partitions left join (
      select partition_id, sum(manifests.record_count) as records, sum(manifests.content_length) as bytes,
        sum(manifests.file_count) as files, count(*) as deltas
      from deltas join manifests on manifests.manifest_id = deltas.manifest_id
      where from_seq is not null and to_seq is null and ${ofStream('deltas')}
      group by partition_id) as counted on counted.partition_id = partitions.partition_id
    where ${ofStream('partitions')}`;
}

/** Which of counted partitions say something else than their deltas. */
export const IS_MISCOUNTED = sql<boolean>`(records <> record_count or bytes <> content_length or files <> file_count
  or deltas <> delta_count)`;

/** Partitions of a stream whose numbers are wrong. */
export async function listMiscounted(queries: Queries, stream_id: string, limit: number): Promise<PartitionCounted[]> {
  const counted = countPartitions(stream_id);
  const query = sql<PartitionCounted>`select * from (${counted}) as counted_again where ${IS_MISCOUNTED}
    order by scheme_id, values_key limit ${limit}`;
  return (await query.execute(queries)).rows;
}

/** Partitions of a stream that hold something, by scheme and values, after one of them. */
export function listKept(
  queries: Queries,
  view: View,
  wanted: { stream_id: string; after: string | null; limit: number },
): Promise<PartitionKept[]> {
  const { stream_id, after, limit } = wanted;
  let query = queries.selectFrom('partitions').selectAll().where('stream_id', '=', stream_id);
  if (after !== null) query = query.where(isAfter(after));
  return query.where(holdsData(view)).orderBy('scheme_id').orderBy('values_key').limit(limit).execute();
}
