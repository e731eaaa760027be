import type { Queries } from '../db/database.ts';
import { BoundedCache } from '../snapshots/bounded-cache.ts';
import type { View } from '../snapshots/view.ts';
import { type Aim, findTarget, type Shape, shapeOf, type Target } from './target.ts';

/** What a write finds at the head of its catalog, and what files must look like there. */
export interface CurrentTarget extends Target {
  /** Null when the table or the version is missing. */
  shape: Shape | null;
}

/** How many columns of targets are kept in memory; a few hundred bytes each. */
const COLUMNS_CACHED_MAX = 200_000;

const found = new BoundedCache<CurrentTarget>(COLUMNS_CACHED_MAX);

/**
 * Finds what a write is aimed at, and refuses as `findTarget` does. What was found is kept under the id of the
 * catalog's definitions: under the same id it is the same, on every server, so that a stream of appends looks its table
 * up once.
 */
export async function findCurrentTarget(
  queries: Queries,
  head: { view: View; definitions_id: string },
  aim: Aim,
): Promise<CurrentTarget> {
  // What a transaction has not committed changes from call to call, without a new id.
  if (head.view.transaction_id !== undefined) return lookUp(queries, head.view, aim);
  const { namespace, table, table_version, mode, identity } = aim;
  const key = JSON.stringify([head.definitions_id, namespace, table, table_version, mode, identity]);
  const known = found.get(key);
  if (known) return known;
  const current = await lookUp(queries, head.view, aim);
  found.set(key, current, 1 + (current.shape?.fields?.length ?? 0));
  return current;
}

async function lookUp(queries: Queries, view: View, aim: Aim): Promise<CurrentTarget> {
  const target = await findTarget(queries, view, aim);
  return { ...target, shape: target.version && (await shapeOf(queries, target.name, target.version)) };
}
