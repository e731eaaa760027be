import type { Handler } from '../context.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { requireStream, summarizeStream } from './browsed-stream.ts';

/** Describes a stream, also one that was replaced: then as it was while it held the data of its version. */
export const getStream: Handler<'get_stream'> = async (context, input) => {
  const { view } = await viewOf(context, input);
  const browsed = await requireStream(context, view, input);
  return { ...summarizeStream(browsed), partition_scheme: browsed.target.version.partition_scheme };
};
