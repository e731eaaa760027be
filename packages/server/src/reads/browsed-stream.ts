import { DeltacatError, EMPTY_SCHEME_ID } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import { findPartition, type PartitionInView } from '../snapshots/partition-pages.ts';
import { findStreamById, type Stream } from '../snapshots/streams.ts';
import { findVersionById } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import { findTarget, type ReadTarget } from './target.ts';

/** A stream as someone looks at it: with the table version that it is of, as that was while the stream held its data. */
export interface BrowsedStream {
  target: ReadTarget;
  stream: Stream;
  state: 'committed' | 'deprecated';
}

/** Where a stream and everything in it is, as each of their descriptions says. */
export function placeOf({ target, stream }: Pick<BrowsedStream, 'target' | 'stream'>) {
  const { namespace, table, version } = target;
  return {
    namespace: namespace.name,
    table_name: table.name,
    table_version: version.version,
    stream_id: stream.stream_id,
    stream_format: STREAM_FORMAT,
  };
}

/** What a stream says of itself wherever it is named. */
export function summarizeStream({ target, stream, state }: BrowsedStream) {
  const { partition_scheme } = target.version;
  return {
    ...placeOf({ target, stream }),
    state,
    previous_stream_id: stream.previous_stream_id,
    partition_scheme_id: String(partition_scheme?.id ?? EMPTY_SCHEME_ID),
    watermark: null,
    gc_watermark: null,
  };
}

/** The only kind of stream there is. */
export const STREAM_FORMAT = 'deltacat';

interface StreamName {
  namespace: string;
  table: string;
  table_version: string;
  stream_id: string;
}

/** The stream that a caller names by the whole path to it; throws `not_found` when the version has none of that id. */
export async function requireStream(context: ServerContext, view: View, named: StreamName): Promise<BrowsedStream> {
  const queries = context.db.reader;
  const target = await findTarget(context, view, named);
  const { table_version_id } = target.version;
  const { stream_id } = named;
  const stream = await findStreamById(queries, view, { table_version_id, stream_id });
  if (!stream) {
    const name = `"${target.namespace.name}.${target.table.name}"`;
    const message = `Version "${target.version.version}" of table ${name} has no stream "${stream_id}". list_streams names its stream.`;
    throw new DeltacatError('not_found', message, { stream_id });
  }
  if (stream.stream_id === target.version.stream_id) return { target, stream, state: 'committed' };
  const { catalog_id } = view;
  // One that a transaction has replaced is still there for everyone else.
  const seq = stream.to_seq === null ? view.seq : stream.to_seq - 1;
  const version = await findVersionById(queries, { catalog_id, seq }, table_version_id);
  const then = version ?? { ...target.version, stream_id };
  return { target: { ...target, version: then }, stream, state: 'deprecated' };
}

/** The partition of a stream that a caller names by the whole path to it; throws `not_found` when it has none of that id. */
export async function requirePartition(
  context: ServerContext,
  view: View,
  named: StreamName & { partition_id: string },
): Promise<BrowsedStream & { partition: PartitionInView }> {
  const browsed = await requireStream(context, view, named);
  const { stream_id, partition_id } = named;
  const partition = await findPartition(context.db.reader, view, { stream_id, partition_id });
  if (partition) return { ...browsed, partition };
  const message = `Stream "${stream_id}" has no partition "${partition_id}". list_partitions names those that hold something.`;
  throw new DeltacatError('not_found', message, { stream_id, partition_id });
}

/** What a partition says of itself wherever it is named. */
export function summarizePartition(browsed: BrowsedStream, partition: PartitionInView) {
  return {
    ...placeOf(browsed),
    partition_id: partition.partition_id,
    partition_values: partition.partition_values,
    partition_scheme_id: partition.scheme_id,
    state: browsed.state,
    content_types: browsed.target.version.content_types,
    stream_position: partition.position,
    previous_stream_position: partition.previous_position,
    previous_partition_id: null,
    initial_delta_count: 0,
    watermark: null,
  };
}
