import { dropLeadingDeletes, requiresMerge } from '../reads/order.ts';
import { CONSOLIDATOR, type DeltaInView, REWRITER } from '../snapshots/deltas.ts';
import type { FileSizes } from '../snapshots/files.ts';

/** What of a table decides how its partitions are compacted. */
export interface CompactedTable {
  merge_keys: readonly string[];
  /** Whether something other than the order of the rows says which of several of one key and one delta wins. */
  has_merge_order: boolean;
}

/**
 * What is to be done with a partition: nothing; nothing, for a reason that its owner wants to know; end deletes that
 * delete nothing; merge its rows; or put its files together, whose rows are read as they are.
 */
export type CompactionChoice =
  | { what: 'nothing' }
  | { what: 'leave'; reason: string }
  | { what: 'clear' }
  | { what: 'merge' }
  | { what: 'consolidate' };

/**
 * Decides how the deltas of one partition become one that reads the same. Rows are merged where reading the partition
 * merges them, and not where it does not: rows of one key that were appended are all there, until an upsert comes.
 */
export function chooseCompaction(
  deltas: readonly DeltaInView[],
  { merge_keys, has_merge_order }: CompactedTable,
): CompactionChoice {
  const standing = dropLeadingDeletes(deltas);
  if (deltas.length === 0) return { what: 'nothing' };
  if (standing.length === 0) return { what: 'clear' };
  if (deltas.length === 1 && isCompacted(deltas[0])) return { what: 'nothing' };
  // What was merged stays so, even where no row is left of it: whether other partitions are merged depends on it.
  const wasMerged = merge_keys.length > 0 && standing.some(({ author_name }) => author_name === REWRITER);
  if (wasMerged || requiresMerge(standing, merge_keys)) return { what: 'merge' };
  if (merge_keys.length > 0 && has_merge_order && standing.length > 1) {
    return { what: 'leave', reason: KEEPS_POSITIONS };
  }
  return { what: 'consolidate' };
}

/** Among rows of one delta the merge order decides, among deltas the position: as one delta, another row could win. */
const KEEPS_POSITIONS =
  'Its rows were appended to a table with merge keys and a merge order, and which of several rows of one key wins depends on ' +
  'the deltas that they are in. Upsert rows (mode merge) where keys may repeat.';

function isCompacted(delta: DeltaInView | undefined): boolean {
  return delta?.author_name === REWRITER || delta?.author_name === CONSOLIDATOR;
}

/** A file with so many bytes is large enough, however few rows they are. A rewrite writes hardly any larger ones. */
const LARGE_BYTES = 64 * 2 ** 20;

/** Files by their places in a partition that become one or few: all of them are small, and next to each other. */
export interface SmallRun {
  first: number;
  end: number;
}

/**
 * The runs of small files, two at least, among the files of a partition in their order. Large files stay what they are, so
 * that what was compacted once is not copied again with every compaction: a small file has less than half of the rows wanted.
 */
export function smallRuns({ record_count, content_length }: FileSizes, records_per_file: number): SmallRun[] {
  const runs: SmallRun[] = [];
  let first = 0;
  for (let place = 0; place <= record_count.length; place += 1) {
    const isSmall =
      (record_count[place] ?? records_per_file) * 2 < records_per_file &&
      (content_length[place] ?? LARGE_BYTES) < LARGE_BYTES;
    if (isSmall) continue;
    if (place - first > 1) runs.push({ first, end: place });
    first = place + 1;
  }
  return runs;
}
