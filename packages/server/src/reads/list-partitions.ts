import { keyText, type PartitionValue } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { closePage, openPage, rowsWanted } from '../snapshots/paging.ts';
import { listPartitionPage, type PartitionsWanted } from '../snapshots/partition-pages.ts';
import { NO_VALUES } from '../snapshots/partitions.ts';
import { type BrowsedStream, requireStream, summarizePartition } from './browsed-stream.ts';
import { choosePartitions } from './partition-choice.ts';

/** Lists the partitions of a stream that hold something, by scheme and values, or finds those with given values. */
export const listPartitions: Handler<'list_partitions'> = async (context, input) => {
  const { reader } = context.db;
  const asked = await openPage(context, { op: 'list_partitions', input, key: keyText });
  const { view, after } = asked;
  const browsed = await requireStream(context, view, input);
  const { stream_id } = input;
  const found = await listPartitionPage(reader, view, {
    ...{ stream_id, scheme_id: input.partition_scheme_id, after, limit: rowsWanted(asked) },
    ...(await withValues(reader, browsed, input.partition_values)),
  });
  const { answer, next_token } = closePage(asked, found, ({ partition_id }) => partition_id);
  return { answer: answer.map((partition) => summarizePartition(browsed, partition)), next_token };
};

/** What partitions with such values are known by: null and no values stand for the partition without any. */
async function withValues(
  queries: Queries,
  { target, stream }: BrowsedStream,
  values: PartitionValue[] | null | undefined,
): Promise<Pick<PartitionsWanted, 'values_key' | 'partition_ids'>> {
  if (values === undefined) return {};
  if (values === null || values.length === 0) return { values_key: NO_VALUES };
  const ofStream = { ...target, version: { ...target.version, stream_id: stream.stream_id } };
  const chosen = await choosePartitions(queries, ofStream, [{ partition_values: values }]);
  return { partition_ids: chosen.map(({ partition_id }) => partition_id) };
}
