import type { PartitionValue } from '@deltacat/contract';
import { type ExpressionBuilder, sql } from 'kysely';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { holdsData, standing, type View, visible } from './view.ts';

/**
 * A partition as a view shows it, with the position of its last delta there; null where it holds nothing, or only what a
 * transaction has not committed yet.
 */
export interface PartitionInView {
  partition_id: string;
  scheme_id: string;
  partition_values: PartitionValue[] | null;
  position: bigint | null;
  previous_position: bigint | null;
}

/** Which partitions of a stream are wanted. What is left out is not asked for. */
export interface PartitionsWanted {
  stream_id: string;
  scheme_id?: string | null | undefined;
  values_key?: string | undefined;
  partition_ids?: string[] | undefined;
  /** Only those after this partition, which it is named by: its values may be as long as they like. */
  after?: string | null;
  /** Null for all of them. */
  limit?: number | null;
}

/** Partitions that hold something in a view, by scheme and values. */
export async function listPartitionPage(
  queries: Queries,
  view: View,
  wanted: PartitionsWanted,
): Promise<PartitionInView[]> {
  const { stream_id, scheme_id, values_key, partition_ids, after, limit } = wanted;
  let query = selectPartitions(queries, view)
    .where('stream_id', '=', stream_id)
    .where(holdsData(view))
    .orderBy('scheme_id')
    .orderBy('values_key');
  if (scheme_id) query = query.where('scheme_id', '=', scheme_id);
  if (values_key !== undefined) query = query.where('values_key', '=', values_key);
  if (partition_ids) query = query.where('partition_id', 'in', partition_ids);
  if (after) query = query.where(isAfter(after));
  if (limit) query = query.limit(limit);
  return withLastDelta(queries, await query.execute());
}

/** Whether a partition comes after another, by scheme and values. */
export function isAfter(partition_id: string) {
  return ({ eb, refTuple, selectFrom }: ExpressionBuilder<Tables, 'partitions'>) =>
    eb(
      refTuple('partitions.scheme_id', 'partitions.values_key'),
      '>',
      selectFrom('partitions as before')
        .select(['before.scheme_id', 'before.values_key'])
        .where('before.partition_id', '=', partition_id)
        .$asTuple('scheme_id', 'values_key'),
    );
}

/** A partition of a stream by its id; null when there was none by then. */
export async function findPartition(
  queries: Queries,
  view: View,
  wanted: { stream_id: string; partition_id: string },
): Promise<PartitionInView | null> {
  const { stream_id, partition_id } = wanted;
  const rows = await selectPartitions(queries, view)
    .where('stream_id', '=', stream_id)
    .where('partition_id', '=', partition_id)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('deltas')
          .select('deltas.row_id')
          .whereRef('deltas.partition_id', '=', 'partitions.partition_id')
          .where(({ eb, or }) => or([eb('deltas.from_seq', '<=', view.seq), visible(view, 'deltas')])),
      ),
    )
    .execute();
  const [found] = await withLastDelta(queries, rows);
  return found ?? null;
}

/** Partitions with the ids of their last deltas: what still stands and what ended since, each by a range of an index. */
function selectPartitions(queries: Queries, view: View) {
  return queries
    .selectFrom('partitions')
    .select(['partition_id', 'scheme_id', 'partition_values'])
    .select((builder) => [
      lastDelta(builder, view).where('deltas.to_seq', 'is', null).as('lasting'),
      lastDelta(builder, view).where('deltas.to_seq', '>', view.seq).as('ended'),
    ]);
}

function lastDelta({ selectFrom }: ExpressionBuilder<Tables, 'partitions'>, view: View) {
  const query = selectFrom('deltas')
    .select('deltas.row_id')
    .whereRef('deltas.partition_id', '=', 'partitions.partition_id')
    .where('deltas.from_seq', '<=', view.seq)
    .orderBy('deltas.position', 'desc')
    .limit(sql.lit(1));
  return view.transaction_id === undefined ? query : query.where(standing(view.transaction_id, 'deltas'));
}

type Found = Omit<PartitionInView, 'position' | 'previous_position'> & {
  lasting: number | null;
  ended: number | null;
};

async function withLastDelta(queries: Queries, rows: Found[]): Promise<PartitionInView[]> {
  const positions = new Map<number, { position: bigint | null; previous_position: bigint | null }>();
  for (const some of chunks(rows.flatMap(({ lasting, ended }) => [lasting ?? [], ended ?? []].flat()))) {
    const deltas = await queries
      .selectFrom('deltas')
      .select(['row_id', 'position', 'previous_position'])
      .where('row_id', 'in', some)
      .execute();
    for (const { row_id, ...delta } of deltas) positions.set(row_id, delta);
  }
  return rows.map(({ lasting, ended, ...partition }) => {
    const [a, b] = [positions.get(lasting ?? -1), positions.get(ended ?? -1)];
    const last = (a?.position ?? 0n) >= (b?.position ?? 0n) ? a : b;
    return { ...partition, position: last?.position ?? null, previous_position: last?.previous_position ?? null };
  });
}
