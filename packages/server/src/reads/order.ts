import type { PartitionValue } from '@deltacat/contract';
import { byCommit, type DeltaInView, REWRITER } from '../snapshots/deltas.ts';
import type { Composition } from '../snapshots/totals.ts';

/**
 * Whether a reader must merge rows by key: an upsert of a keyed table or a delete is among the deltas, or what became of
 * some by a rewrite stands beside other deltas. Else a rewrite of some partitions would bring back, in the others, rows
 * that merging leaves out.
 */
export function requiresMerge(deltas: readonly DeltaInView[], mergeKeys: readonly string[]): boolean {
  const isKeyed = mergeKeys.length > 0;
  let rewritten = 0;
  for (const { delta_type, author_name } of deltas) {
    if (delta_type === 'delete' || (delta_type === 'upsert' && isKeyed)) return true;
    if (author_name === REWRITER) rewritten += 1;
  }
  return isKeyed && rewritten > 0 && rewritten < deltas.length;
}

/** Whether a reader of everything in a version may have to merge, by what that is made of: the same rule, counted. */
export function mayMerge(of: Composition, delta_count: number, mergeKeys: readonly string[]): boolean {
  const { delete_count, upsert_count, rewrite_count } = of;
  if (delete_count > 0) return true;
  return mergeKeys.length > 0 && (upsert_count > 0 || (rewrite_count > 0 && rewrite_count < delta_count));
}

/**
 * Leaves out the deletes that no data of their partition precedes. They delete nothing, and readers stumble over a
 * partition that begins with one.
 */
export function dropLeadingDeletes<T extends DeltaInView>(deltas: readonly T[]): T[] {
  const firstData = new Map<string, bigint>();
  for (const { delta_type, partition_id, position, files } of deltas) {
    if (delta_type === 'delete' || files === 0) continue;
    const first = firstData.get(partition_id);
    if (first === undefined || position < first) firstData.set(partition_id, position);
  }
  return deltas.filter(({ delta_type, partition_id, position }) => {
    if (delta_type !== 'delete') return true;
    const first = firstData.get(partition_id);
    return first !== undefined && position > first;
  });
}

/**
 * The order of a plan. Without merging it is that of the commits, so that pages taken by offset stay what they were
 * while others append. Merging needs each partition together, its positions ascending.
 */
export function orderDeltas<T extends DeltaInView>(deltas: readonly T[], merging: boolean): T[] {
  if (!merging) return deltas.toSorted(byCommit);
  const places = new Map<string, PartitionPlace>();
  for (const { partition_id, scheme_id, partition_values } of deltas) {
    if (!places.has(partition_id)) places.set(partition_id, { partition_id, scheme_id, partition_values });
  }
  const sorted = [...places.values()].sort(byPartition);
  const rank = new Map(sorted.map(({ partition_id }, index) => [partition_id, index]));
  const rankOf = (delta: T) => rank.get(delta.partition_id) ?? 0;
  return deltas.toSorted((a, b) => rankOf(a) - rankOf(b) || compareBigints(a.position, b.position));
}

interface PartitionPlace {
  partition_id: string;
  scheme_id: string;
  partition_values: PartitionValue[] | null;
}

function byPartition(a: PartitionPlace, b: PartitionPlace): number {
  const [left, right] = [a.partition_values ?? [], b.partition_values ?? []];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = compareValues(left[index] ?? null, right[index] ?? null);
    if (order !== 0) return order;
  }
  return (
    left.length - right.length || compareText(a.scheme_id, b.scheme_id) || compareText(a.partition_id, b.partition_id)
  );
}

/** Nulls first, then by kind of value, then by value. */
function compareValues(a: PartitionValue, b: PartitionValue): number {
  const order = KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b));
  if (order !== 0) return order;
  if (kindOf(a) !== 'number') return compareText(String(a), String(b));
  if (a === b) return 0;
  // Numbers and big integers compare by value.
  return (a as number | bigint) < (b as number | bigint) ? -1 : Number((a as number) > (b as number));
}

const KINDS = ['null', 'boolean', 'number', 'string'];

function kindOf(value: PartitionValue): string {
  if (value === null) return 'null';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}
