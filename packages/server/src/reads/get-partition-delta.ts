import { DeltacatError } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { listDeltaPage } from '../snapshots/deltas.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { requirePartition } from './browsed-stream.ts';
import { describeDeltas } from './delta-detail.ts';

/** Describes the delta at a position, with its files. */
export const getPartitionDelta: Handler<'get_partition_delta'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const browsed = await requirePartition(context, view, input);
  const { partition_id, stream_position: position } = input;
  const deltas = await listDeltaPage(reader, view, { partition_id, first: position, last: position, limit: 1 });
  const [delta] = await describeDeltas(reader, browsed, { deltas, include_manifest: true });
  if (delta) return delta;
  const message = `Partition "${partition_id}" has no delta at position ${position}. list_partition_deltas names those it has.`;
  throw new DeltacatError('not_found', message, { partition_id, stream_position: position });
};
