import { DeltacatError } from '@deltacat/contract';
import type { Queries } from '../db/database.ts';
import type { Touch, TouchKind } from './touches.ts';

const DROP: TouchKind[] = ['drop'];
const OBJECT: TouchKind[] = ['alter', 'alter_incompatible', 'rename', 'drop'];

/**
 * Which earlier touches of the same object refuse a later change of that kind, made on an older base. Data against data
 * is decided per partition and only for transactions; what is written here holds for every change that has a base.
 */
const CONFLICTS: Record<TouchKind, TouchKind[]> = {
  name: ['name'],
  child: DROP,
  alter: OBJECT,
  alter_incompatible: OBJECT,
  rename: OBJECT,
  drop: [...OBJECT, 'child'],
  add: DROP,
  append: DROP,
  merge: DROP,
  delete: DROP,
  rewrite: [...DROP, 'rewrite', 'replace', 'truncate', 'rollback', 'alter_incompatible'],
  replace: DROP,
  truncate: DROP,
  rollback: DROP,
};

/** A commit that got there first. */
export interface Winner {
  seq: number;
  kind: string;
  transaction_id: string | null;
  operation: string;
}

/** The first commit after `base_seq` that conflicts with one of the touches; null when there is none. */
export async function findConflict(
  queries: Queries,
  options: { catalog_id: string; touches: Touch[]; base_seq: number },
): Promise<Winner | null> {
  for (const touch of options.touches) {
    const row = await touchesAfter(queries, options.catalog_id, options.base_seq)
      .where('touches.object_id', '=', touch.object_id)
      .where('touches.kind', 'in', CONFLICTS[touch.kind])
      .orderBy('touches.seq')
      .limit(1)
      .executeTakeFirst();
    if (row) return row;
  }
  return null;
}

/** What commits after a state of the catalog touched, with the commit that did; to be narrowed to objects and kinds. */
export function touchesAfter(queries: Queries, catalog_id: string, seq: number) {
  return queries
    .selectFrom('touches')
    .innerJoin('commits', (join) =>
      join.onRef('commits.catalog_id', '=', 'touches.catalog_id').onRef('commits.seq', '=', 'touches.seq'),
    )
    .select(['touches.seq', 'touches.kind', 'commits.transaction_id', 'commits.operation'])
    .where('touches.catalog_id', '=', catalog_id)
    .where('touches.seq', '>', seq);
}

/** The refusal of a change that lost against a commit; newer clients read its details. */
export function concurrentModification(what: string, winner: Winner | null): DeltacatError {
  const by = winner ? `commit ${winner.seq} (${winner.operation})` : 'another commit';
  return new DeltacatError(
    'concurrent_modification',
    `${what} was changed by ${by} in the meantime. Read it again and repeat the change.`,
    {
      conflict_class: 'retryable_stale_read',
      blocker_outcome: 'successful_winner',
      blocking_transaction_status: 'success',
      blocking_transaction_id: winner?.transaction_id ?? (winner ? `commit:${winner.seq}` : null),
      seq: winner?.seq ?? null,
    },
  );
}
