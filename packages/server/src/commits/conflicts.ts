import { DeltacatError } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { Touch, TouchKind } from './touches.ts';

/** How much two touches of one object must have in common to conflict: the object, the partition, or rows of one key. */
type Extent = 'object' | 'partition' | 'keys';

type Conflicts = Partial<Record<TouchKind, Extent>>;

const DROPPED: Conflicts = { drop: 'object' };
const REDEFINED: Conflicts = { ...DROPPED, alter: 'object', alter_incompatible: 'object', rename: 'object' };
const REPLACED: Conflicts = { replace: 'partition', truncate: 'partition', rollback: 'partition' };
const UNFIT: Conflicts = { ...DROPPED, alter_incompatible: 'object' };
const APPENDING: Conflicts = { ...UNFIT, ...REPLACED };
const MERGING: Conflicts = { ...APPENDING, add: 'keys', append: 'keys', merge: 'keys', delete: 'keys' };
const REPLACING: Conflicts = {
  ...APPENDING,
  ...{ add: 'partition', append: 'partition', merge: 'partition', delete: 'partition' },
};

/**
 * Which touches of the same object, committed since the state that a transaction sees, refuse a touch of its own: rows
 * are what it does, columns what others did. A rewrite refuses nothing, because it changes no row that anyone reads.
 */
const CONFLICTS: Record<TouchKind, Conflicts> = {
  // What is new has an id that nothing else can have touched.
  create: {},
  name: { name: 'object' },
  child: DROPPED,
  alter: REDEFINED,
  alter_incompatible: REDEFINED,
  // It comes with an alter that was allowed because of what the files held.
  retype: { add: 'object', append: 'object', merge: 'object', replace: 'object', rollback: 'object' },
  rename: REDEFINED,
  drop: { ...REDEFINED, child: 'object' },
  // It comes with the drop, which is what conflicts.
  purge: {},
  undrop: { undrop: 'object' },
  add: APPENDING,
  append: APPENDING,
  merge: MERGING,
  delete: MERGING,
  rewrite: { ...APPENDING, rewrite: 'partition' },
  replace: REPLACING,
  truncate: REPLACING,
  rollback: REPLACING,
};

/** A commit that got there first. */
export interface Winner {
  seq: number;
  kind: string;
  object_id: string;
  transaction_id: string | null;
  operation: string;
}

/** What was done since a state of a catalog. */
export interface Since {
  catalog_id: string;
  base_seq: number;
}

/** Everything of one kind that a transaction did to one object. */
export interface TouchGroup {
  object_id: string;
  kind: TouchKind;
  /** The partitions that it touched; null for all of them. */
  partitions: string[] | null;
}

/** Finds whether rows that others merged may have the keys of rows that a transaction wrote. */
export type FindKeyConflict = (group: TouchGroup) => Promise<Winner | null>;

/** The touches of a transaction, by what it did to which object. */
export function groupTouches(touches: readonly Touch[]): TouchGroup[] {
  const groups = Map.groupBy(touches, ({ object_id, kind }) => `${kind} ${object_id}`);
  return [...groups.values()].flatMap((some) => {
    const [first] = some;
    if (!first) return [];
    const partitions = some.map(({ partition_id = null }) => partition_id).filter((id) => id !== null);
    const isWide = partitions.length < some.length;
    return { object_id: first.object_id, kind: first.kind, partitions: isWide ? null : [...new Set(partitions)] };
  });
}

/** The first commit since a state that refuses what a transaction did to one object; null when there is none. */
export async function findConflict(
  queries: Queries,
  since: Since,
  ours: { group: TouchGroup; findKeyConflict: FindKeyConflict },
): Promise<Winner | null> {
  const { group } = ours;
  const kinds = Object.entries(CONFLICTS[group.kind]) as [TouchKind, Extent][]; // the entries of such a record
  const byExtent = Map.groupBy(kinds, ([, extent]) => extent);
  const of = (extent: Extent) => (byExtent.get(extent) ?? []).map(([kind]) => kind);
  return (
    (await findTouch(queries, since, { ...group, kinds: of('object'), partitions: null })) ??
    (await findTouch(queries, since, { ...group, kinds: of('partition') })) ??
    ((await findTouch(queries, since, { ...group, kinds: of('keys') })) && (await ours.findKeyConflict(group)))
  );
}

/** The first touch of an object since a state that is of one of the kinds, and in one of the partitions. */
async function findTouch(
  queries: Queries,
  { base_seq }: Since,
  wanted: { object_id: string; kinds: TouchKind[]; partitions: string[] | null },
): Promise<Winner | null> {
  const { object_id, kinds, partitions } = wanted;
  if (kinds.length === 0) return null;
  const query = touchesAfter(queries, [object_id], base_seq)
    .where('touches.kind', 'in', kinds)
    .orderBy('touches.seq')
    .limit(1);
  if (partitions === null) return (await query.executeTakeFirst()) ?? null;
  for (const some of chunks(partitions)) {
    const row = await query
      .where(({ or, eb }) => or([eb('touches.partition_id', 'is', null), eb('touches.partition_id', 'in', some)]))
      .executeTakeFirst();
    if (row) return row;
  }
  return null;
}

/** The first commit since a state that dropped one of some objects; null when none was dropped. */
export function findDrop(queries: Queries, since: Since, object_id: string): Promise<Winner | null> {
  return findTouch(queries, since, { object_id, kinds: ['drop'], partitions: null });
}

/**
 * What commits after a state touched of some objects, with the commit that did; to be narrowed to kinds. Objects belong to
 * one catalog, which is not named: the database would go through all that was committed there since, not through theirs.
 */
export function touchesAfter(queries: Queries, object_ids: string[], seq: number) {
  return queries
    .selectFrom('touches')
    .innerJoin('commits', (join) =>
      join.onRef('commits.catalog_id', '=', 'touches.catalog_id').onRef('commits.seq', '=', 'touches.seq'),
    )
    .select(['touches.seq', 'touches.kind', 'touches.object_id', 'commits.transaction_id', 'commits.operation'])
    .where('touches.object_id', 'in', object_ids)
    .where('touches.seq', '>', seq);
}

/** The refusal of a change that lost against a commit; newer clients read its details. */
export function concurrentModification(
  what: string,
  winner: Winner | null,
  loser?: { transaction_id: string },
): DeltacatError {
  const within = winner?.transaction_id ? ` in transaction "${winner.transaction_id}"` : '';
  const by = winner ? `commit ${winner.seq} (${winner.operation}${within})` : 'another commit';
  const advice = loser
    ? 'Nothing of the transaction is visible; open a new one, read again and repeat its changes.'
    : 'Read it again and repeat the change.';
  return new DeltacatError('concurrent_modification', `${what} was changed by ${by} in the meantime. ${advice}`, {
    ...(loser ? { transaction_id: loser.transaction_id } : {}),
    conflict_class: 'retryable_stale_read',
    blocker_outcome: 'successful_winner',
    blocking_transaction_status: 'success',
    blocking_transaction_id: winner?.transaction_id ?? (winner ? `commit:${winner.seq}` : null),
    seq: winner?.seq ?? null,
  });
}
