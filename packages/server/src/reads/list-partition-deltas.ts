import { type Api, type InputOf, int64 } from '@deltacat/contract';
import { z } from 'zod';
import type { Handler } from '../context.ts';
import { type DeltaInView, listDeltaPage } from '../snapshots/deltas.ts';
import { closePage, openPage } from '../snapshots/paging.ts';
import { requirePartition } from './browsed-stream.ts';
import { describeDeltas } from './delta-detail.ts';

/** The most files that one page tells of; a delta with more of them has a page to itself. */
const PAGE_FILES_MAX = 100_000;

/** The position after which a page begins; one more must still be a position. */
const positionKey = int64.pipe(
  z
    .bigint()
    .min(0n)
    .max(2n ** 63n - 2n),
);

/** Lists the deltas of a partition by position. A page with manifests also ends where their files become too many. */
export const listPartitionDeltas: Handler<'list_partition_deltas'> = async (context, input) => {
  const { reader } = context.db;
  const asked = await openPage(context, { op: 'list_partition_deltas', input, key: positionKey });
  const { view, after } = asked;
  const browsed = await requirePartition(context, view, input);
  const range = rangeOf(input, after);
  const found = await listDeltaPage(reader, view, { ...range, limit: input.limit + 1 });
  const limit = input.include_manifest ? Math.min(input.limit, countWithin(found, PAGE_FILES_MAX)) : input.limit;
  const page = closePage({ ...asked, limit }, found, ({ position }) => position);
  const { include_manifest } = input;
  return { ...page, answer: await describeDeltas(reader, browsed, { deltas: page.answer, include_manifest }) };
};

function rangeOf(input: InputOf<Api['list_partition_deltas']>, after: bigint | null) {
  const first = input.first_stream_position ?? null;
  const next = after === null ? first : after + 1n;
  return { partition_id: input.partition_id, first: next, last: input.last_stream_position ?? null };
}

/** How many of the first deltas have no more files together than that; at least one. */
function countWithin(deltas: DeltaInView[], filesMax: number): number {
  let files = 0;
  const end = deltas.findIndex((delta) => {
    files += delta.files;
    return files > filesMax;
  });
  return end === -1 ? deltas.length : Math.max(1, end);
}
