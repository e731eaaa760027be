import type { Handler } from '../context.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { requirePartition, summarizePartition } from './browsed-stream.ts';

/** Describes a partition, also one that holds nothing any more. */
export const getPartition: Handler<'get_partition'> = async (context, input) => {
  const { view } = await viewOf(context, input);
  const browsed = await requirePartition(context, view, input);
  return {
    ...summarizePartition(browsed, browsed.partition),
    // Every delta has a position of its own here; none is kept in its partition.
    initial_deltas: input.include_initial_deltas ? [] : null,
  };
};
