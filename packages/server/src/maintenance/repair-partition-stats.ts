import { isDeepStrictEqual } from 'node:util';
import { type Api, DeltacatError, type InputOf } from '@deltacat/contract';
import { countDeltas, type PartitionCounts } from '../commits/partition-counts.ts';
import type { Handler, ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { choosePartitions } from '../reads/partition-choice.ts';
import { tellCounts } from '../reads/query-partition-stats.ts';
import { findTarget, type ReadTarget } from '../reads/target.ts';
import { selectCounted } from '../snapshots/deltas.ts';
import { findPartitions } from '../snapshots/partitions.ts';
import { viewOf } from '../snapshots/transactions.ts';

type Input = InputOf<Api['repair_partition_stats']>;

/**
 * Counts what stands in one partition again and keeps that. No reader sees a difference, so it is no commit; it is a unit of
 * work, so that none comes in between.
 */
export const repairPartitionStats: Handler<'repair_partition_stats'> = async (context, input) => {
  const { view, catalog } = await viewOf(context, input);
  const target = await findTarget(context, view, input);
  const partition_id = await findPartition(context, target, input);
  const { stream_id, version } = target.version;
  return context.db.unit(catalog.catalog_id, async (queries) => {
    const { before, after } = await recount(queries, partition_id);
    const repaired = !isDeepStrictEqual(before, after);
    const stats = { ...after, before };
    return { ...target.asked, table_version: version, partition_id, stream_id, repaired, stats };
  });
};

async function findPartition(context: ServerContext, target: ReadTarget, input: Input): Promise<string> {
  const { partition_id = null, partition_values = null } = input;
  if (partition_id === null && partition_values === null) {
    throw new DeltacatError(
      'invalid_request',
      'Name the partition by partition_id or by partition_values, which are [] where the table is not partitioned.',
    );
  }
  const { reader } = context.db;
  const found =
    partition_values === null
      ? await findPartitions(reader, target.version.stream_id, partition_id === null ? [] : [partition_id])
      : await choosePartitions(reader, target, [{ partition_id, partition_values }]);
  const [one] = found;
  if (one && found.length === 1) return one.partition_id;
  const name = `"${target.asked.namespace}.${target.asked.table}"`;
  if (!one) {
    throw new DeltacatError(
      'not_found',
      `Table ${name} has no such partition now. query_partition_stats names those that hold something.`,
    );
  }
  throw new DeltacatError(
    'invalid_request',
    `Table ${name} has ${found.length} partitions with these values, of several schemes. Name one by its partition_id.`,
  );
}

async function recount(
  queries: Queries,
  partition_id: string,
): Promise<{ before: PartitionCounts; after: PartitionCounts }> {
  const kept = queries.selectFrom('partitions').selectAll().where('partition_id', '=', partition_id);
  const before = tellCounts(await kept.executeTakeFirstOrThrow());
  const standing = selectCounted(queries)
    .where('deltas.partition_id', '=', partition_id)
    .where('deltas.from_seq', 'is not', null)
    .where('deltas.to_seq', 'is', null);
  const after = countDeltas(await standing.execute());
  await queries.updateTable('partitions').set(after).where('partition_id', '=', partition_id).execute();
  return { before, after };
}
