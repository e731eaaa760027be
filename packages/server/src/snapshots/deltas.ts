import type { ContentType, DeltaType, PartitionValue } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { giveWay } from '../db/give-way.ts';
import { standing, type View } from './view.ts';

/** Who is written down as the author of a rewrite: rows of such a delta need no merging among themselves. */
export const REWRITER = 'deltacat-rewrite';

/** Who is written down where files were put together and no row was merged: keys may be there more than once. */
export const CONSOLIDATOR = 'deltacat-compaction';

/** The authors of deltas that only stand for what others wrote: they bring no row of their own. */
export const COMPACTORS: readonly string[] = [REWRITER, CONSOLIDATOR];

/** A delta as a view shows it, with its partition and the totals of its manifest. */
export interface DeltaInView {
  row_id: number;
  /** The commit that made it visible; for what a transaction has not committed yet, one after all that it sees. */
  from_seq: number;
  partition_id: string;
  scheme_id: string;
  partition_values: PartitionValue[] | null;
  stream_id: string;
  manifest_id: string;
  delta_type: DeltaType;
  /** Its place in its partition; for what a transaction has not committed yet, one after all that it sees. */
  position: bigint;
  previous_position: bigint | null;
  entry_params: { equality_field_locators?: string[] | null } | null;
  author_name: string | null;
  author_version: string | null;
  records: number;
  bytes: number;
  files: number;
  /** The format of its files; null where they differ. */
  content_type: ContentType | null;
}

/**
 * The deltas of a stream that a view shows, ordered by (commit, position). With `partition_ids`, those of these
 * partitions.
 */
export async function listDeltas(
  queries: Queries,
  view: View,
  wanted: { stream_id: string; partition_ids?: string[] | null },
): Promise<DeltaInView[]> {
  const { partition_ids, stream_id } = wanted;
  const found: DeltaInView[] = [];
  const asked = partition_ids ? [...chunks(partition_ids)].map((some) => ({ partition_ids: some })) : [{ stream_id }];
  for (const some of asked) {
    for (const row of await selectDeltas(queries, view, some).execute()) found.push(row);
    const { transaction_id } = view;
    if (transaction_id === undefined) continue;
    for (const row of await listUncommitted(queries, { ...view, transaction_id }, some)) found.push(row);
  }
  return found.sort(byCommit);
}

/** How many deltas are read before other requests get their turn: some ten milliseconds. */
const DELTAS_AT_ONCE = 2_000;

/**
 * The same for reads of any size, which let others in between. Asked for run by run, what ends meanwhile is found among what
 * stands or among what ended, or in both, never in neither: what ended is asked for afterwards.
 */
export async function readDeltas(queries: Queries, view: View, stream_id: string): Promise<DeltaInView[]> {
  const first = await selectDeltas(queries, view, { stream_id })
    .limit(DELTAS_AT_ONCE + 1)
    .execute();
  const found = new Map<number, DeltaInView>();
  if (first.length <= DELTAS_AT_ONCE) for (const row of first) found.set(row.row_id, row);
  else {
    const all = () => selectCommitted(queries, view, { stream_id });
    for (const which of [
      () => all().where('deltas.to_seq', 'is', null),
      () => all().where('deltas.to_seq', '>', view.seq),
    ]) {
      for await (const row of readRuns(which)) found.set(row.row_id, row);
    }
  }
  const { transaction_id } = view;
  if (transaction_id !== undefined) {
    for (const row of await listUncommitted(queries, { ...view, transaction_id }, { stream_id }))
      found.set(row.row_id, row);
  }
  return [...found.values()].sort(byCommit);
}

async function* readRuns(select: () => ReturnType<typeof selectCommitted>): AsyncGenerator<DeltaInView> {
  let last: DeltaInView | undefined;
  for (let isOver = false; !isOver; await giveWay()) {
    let query = select().orderBy('deltas.from_seq').orderBy('deltas.row_id').limit(DELTAS_AT_ONCE);
    const { from_seq, row_id } = last ?? {};
    if (from_seq !== undefined && row_id !== undefined) {
      query = query
        .where('deltas.from_seq', '>=', from_seq)
        .where(({ eb, or }) => or([eb('deltas.from_seq', '>', from_seq), eb('deltas.row_id', '>', row_id)]));
    }
    const rows = await query.execute();
    yield* rows;
    last = rows.at(-1);
    isOver = rows.length < DELTAS_AT_ONCE;
  }
}

/** The order of commits, and of positions within one. */
export function byCommit(a: DeltaInView, b: DeltaInView): number {
  if (a.from_seq !== b.from_seq) return a.from_seq - b.from_seq;
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.row_id - b.row_id;
}

type Wanted = { stream_id: string } | { partition_ids: string[] };

/**
 * What is still there and what a later commit ended, each by its own range of an index: one condition for both would
 * read everything that was ever ended. One statement, so that nothing ends in between.
 */
function selectDeltas(queries: Queries, view: View, wanted: Wanted) {
  const lasting = selectCommitted(queries, view, wanted).where('deltas.to_seq', 'is', null);
  return lasting.unionAll(selectCommitted(queries, view, wanted).where('deltas.to_seq', '>', view.seq));
}

function selectCommitted(queries: Queries, view: View, wanted: Wanted) {
  const query = selectWanted(queries, wanted)
    // Committed deltas have both.
    .select(({ ref }) => [
      ref('deltas.from_seq').$notNull().as('from_seq'),
      ref('deltas.position').$notNull().as('position'),
      'deltas.previous_position',
    ])
    .where('deltas.from_seq', '<=', view.seq);
  return view.transaction_id === undefined ? query : query.where(standing(view.transaction_id, 'deltas'));
}

/** What a transaction wrote and has not committed, in the order of its writing, on top of what is there already. */
async function listUncommitted(
  queries: Queries,
  view: View & { transaction_id: string },
  wanted: Wanted,
): Promise<DeltaInView[]> {
  const rows = await selectWanted(queries, wanted)
    .select('partitions.last_position')
    .where('deltas.from_seq', 'is', null)
    .where('deltas.transaction_id', '=', view.transaction_id)
    .orderBy('deltas.row_id')
    .execute();
  const places = new Map<string, bigint>();
  return rows.map(({ last_position, ...row }) => {
    const before = places.get(row.partition_id) ?? last_position;
    places.set(row.partition_id, before + 1n);
    return { ...row, from_seq: view.seq + 1, position: before + 1n, previous_position: before === 0n ? null : before };
  });
}

function selectWanted(queries: Queries, wanted: Wanted) {
  const query = queries
    .selectFrom('deltas')
    .innerJoin('partitions', 'partitions.partition_id', 'deltas.partition_id')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select([
      'deltas.row_id',
      'deltas.partition_id',
      'partitions.scheme_id',
      'partitions.partition_values',
      'deltas.stream_id',
      'deltas.manifest_id',
      'deltas.delta_type',
      'manifests.entry_params',
      'manifests.author_name',
      'manifests.author_version',
      'manifests.record_count as records',
      'manifests.content_length as bytes',
      'manifests.file_count as files',
      'manifests.content_type',
    ]);
  if ('stream_id' in wanted) return query.where('deltas.stream_id', '=', wanted.stream_id);
  return query.where('deltas.partition_id', 'in', wanted.partition_ids);
}

/** Deltas with what they count, to be narrowed. */
export function selectCounted(queries: Queries) {
  return queries
    .selectFrom('deltas')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select(['deltas.table_version_id', 'deltas.stream_id', 'deltas.partition_id', 'deltas.manifest_id'])
    .select(['deltas.delta_type', 'manifests.author_name', 'manifests.record_count as records'])
    .select(['manifests.content_length as bytes', 'manifests.file_count as files']);
}

/** Which deltas of a partition are wanted, by position; null does not bound them. */
export interface DeltaRange {
  partition_id: string;
  first: bigint | null;
  last: bigint | null;
  limit: number;
}

/** Deltas of a partition that a view shows, by position; those of a transaction come last, where its commit puts them. */
export async function listDeltaPage(queries: Queries, view: View, wanted: DeltaRange): Promise<DeltaInView[]> {
  const lasting = await selectRange(queries, view, wanted).where('deltas.to_seq', 'is', null).execute();
  // Asked for afterwards: what ends in between is found by either of the two or by both, never by none.
  const ended = await selectRange(queries, view, wanted).where('deltas.to_seq', '>', view.seq).execute();
  const found = new Map([...lasting, ...ended].map((delta) => [delta.row_id, delta]));
  const { transaction_id } = view;
  if (transaction_id !== undefined) {
    const own = await listUncommitted(queries, { ...view, transaction_id }, { partition_ids: [wanted.partition_id] });
    for (const delta of own) if (isWithin(wanted, delta.position)) found.set(delta.row_id, delta);
  }
  return [...found.values()].sort((a, b) => (a.position < b.position ? -1 : 1)).slice(0, wanted.limit);
}

function isWithin({ first, last }: DeltaRange, position: bigint): boolean {
  return (first === null || position >= first) && (last === null || position <= last);
}

function selectRange(queries: Queries, view: View, { partition_id, first, last, limit }: DeltaRange) {
  let query = selectCommitted(queries, view, { partition_ids: [partition_id] })
    .orderBy('deltas.position')
    .limit(limit);
  if (first !== null) query = query.where('deltas.position', '>=', first);
  if (last !== null) query = query.where('deltas.position', '<=', last);
  return query;
}
