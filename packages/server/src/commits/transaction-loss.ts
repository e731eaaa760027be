import type { DeltacatError } from '@deltacat/contract';
import type { Queries } from '../db/database.ts';
import { findTableById } from '../snapshots/tables.ts';
import { type Transaction, transactionView } from '../snapshots/transactions.ts';
import { findVersionById, mergeKeys, schemaOf } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import type { Change } from './change.ts';
import {
  concurrentModification,
  findConflict,
  findDrop,
  groupTouches,
  type TouchGroup,
  type Winner,
} from './conflicts.ts';
import { findKeyConflict, type KeyedVersion } from './key-conflict.ts';
import { parentOfName, type Touch } from './touches.ts';

/**
 * Whether a transaction loses against a commit since the state that it sees: the refusal, which names the winner; null
 * when it may be committed. `change` has everything that the transaction touches.
 */
export async function findLoss(change: Change, transaction: Transaction): Promise<DeltacatError | null> {
  const { queries, catalog, touches } = change;
  const { transaction_id, base_seq } = transaction;
  const since = { catalog_id: catalog.catalog_id, base_seq, transaction_id };
  if (change.view.seq === base_seq) return null;
  const view = transactionView(transaction);
  const places = new Map<string, Place | null>();
  for (const group of groupTouches(touchesOfOthers(touches))) {
    const { object_id } = group;
    const place = places.get(object_id) ?? (await findPlace(queries, view, object_id));
    places.set(object_id, place);
    const winner =
      (await findConflict(queries, since, {
        group: countingAsMerge(group, place),
        findKeyConflict: async (some) =>
          place?.version ? findKeyConflict(queries, since, { version: place.version, group: some }) : null,
      })) ?? (await findDropped(queries, since, place));
    if (winner) return concurrentModification(await describe(queries, view, object_id), winner, transaction);
  }
  return null;
}

/**
 * The touches of what others may have touched: not of what the transaction made itself, nor of names in it. What that was
 * made in is touched as well.
 */
function touchesOfOthers(touches: readonly Touch[]): Touch[] {
  const made = new Set(touches.filter(({ kind }) => kind === 'create').map(({ object_id }) => object_id));
  return touches.filter(({ object_id }) => !made.has(parentOfName(object_id) ?? object_id));
}

/** Where a touched table or version is: it goes with what it is in. */
interface Place {
  /** The ids of what it is in. */
  parents: string[];
  /** The version itself, where rows have keys. */
  version: KeyedVersion | null;
}

/** Appends to a keyed table may bring a key that others bring as well: they count as merges. */
function countingAsMerge(group: TouchGroup, place: Place | null): TouchGroup {
  const appends = group.kind === 'add' || group.kind === 'append';
  return appends && place?.version ? { ...group, kind: 'merge' } : group;
}

async function findPlace(queries: Queries, view: View, object_id: string): Promise<Place | null> {
  if (parentOfName(object_id) !== null) return null;
  const located = await locate(queries, view, object_id);
  if (!located) return null;
  const { version, table, namespace } = located;
  if (!version) return { parents: [namespace.namespace_id], version: null };
  const fields = (await schemaOf(queries, version))?.fields ?? [];
  const merge_keys = mergeKeys(fields);
  const keyed = merge_keys.length > 0 ? { table_version_id: object_id, fields, merge_keys } : null;
  return { parents: [table.table_id, namespace.namespace_id], version: keyed };
}

/** The table or version of an id as the transaction sees it, or as it was before that dropped it; null for others. */
async function locate(queries: Queries, view: View, object_id: string) {
  const base = { catalog_id: view.catalog_id, seq: view.seq };
  for (const seen of [view, base]) {
    const version = await findVersionById(queries, seen, object_id);
    const found = await findTableById(queries, seen, version?.table_id ?? object_id);
    if (found) return { ...found, version };
  }
  return null;
}

async function findDropped(
  queries: Queries,
  since: { catalog_id: string; base_seq: number },
  place: Place | null,
): Promise<Winner | null> {
  for (const parent of place?.parents ?? []) {
    const winner = await findDrop(queries, since, parent);
    if (winner) return winner;
  }
  return null;
}

/** The touched object as people know it. */
async function describe(queries: Queries, view: View, object_id: string): Promise<string> {
  const located = await locate(queries, view, object_id);
  if (located) return `Table "${located.namespace.name}.${located.table.name}"`;
  const slash = object_id.indexOf('/');
  if (slash >= 0) return `The name "${object_id.slice(slash + 1)}"`;
  const namespace = await queries
    .selectFrom('namespaces')
    .select('name')
    .where('namespace_id', '=', object_id)
    .limit(1)
    .executeTakeFirst();
  return namespace ? `Namespace "${namespace.name}"` : 'What the transaction rests on';
}
