import type { RequestContext } from '../context.ts';
import { mergeSortKeys } from '../reads/merge-order.ts';
import type { ResolvedRead } from '../reads/plan.ts';
import { findTargetById } from '../reads/target.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { CONSOLIDATOR, listDeltas } from '../snapshots/deltas.ts';
import { viewHead } from '../snapshots/view.ts';
import { chooseCompaction } from './compaction-choice.ts';
import { consolidatePartition } from './consolidate.ts';
import { replaceDeltas } from './replace-deltas.ts';
import { isRefusedRewrite, type RewriteOptions, rewritePartition } from './rewrite.ts';

/** Which partition of which table version is compacted. */
export interface CompactedPartition {
  catalog: Catalog;
  table_version_id: string;
  partition_id: string;
}

/**
 * What came of compacting a partition: it was compacted; there was nothing to do; it was left, for a reason; others
 * changed it meanwhile, and it gave way; or its table is gone.
 */
export type CompactionOutcome =
  | { outcome: 'compacted'; files_before: number; files_after: number }
  | { outcome: 'unchanged' | 'gave_way' | 'gone' }
  | { outcome: 'left'; reason: string };

/** How often a partition is tried again that others changed meanwhile. */
const ATTEMPTS_MAX = 3;

/**
 * Compacts one partition as it is now: one delta, of files as large as the table wants them, that reads the same. Never
 * the cause of another change's refusal: when somebody else changes what it is about, it begins anew, and then gives way.
 */
export async function compactPartition(
  context: RequestContext,
  partition: CompactedPartition,
  options: RewriteOptions = {},
): Promise<CompactionOutcome> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const read = await readPartition(context, partition);
    if (read === null) return { outcome: 'gone' };
    const outcome = await compactOnce(context, read, options);
    if (outcome.outcome !== 'gave_way') return outcome;
  }
  return { outcome: 'gave_way' };
}

async function readPartition(
  context: RequestContext,
  { catalog, table_version_id, partition_id }: CompactedPartition,
): Promise<ResolvedRead | null> {
  const view = await viewHead(context.db.reader, catalog.catalog_id);
  const target = await findTargetById(context, view, table_version_id);
  if (target === null) return null;
  const { stream_id } = target.version;
  const found = await listDeltas(context.db.reader, view, { stream_id, partition_ids: [partition_id] });
  // The partition of a stream that was replaced is nobody's any more.
  const deltas = found.filter((delta) => delta.stream_id === stream_id);
  return { catalog, transaction: null, target, question: { filter: null, predicate: null, partitions: null }, deltas };
}

async function compactOnce(
  context: RequestContext,
  read: ResolvedRead,
  options: RewriteOptions,
): Promise<CompactionOutcome> {
  const { merge_keys, schema } = read.target;
  const has_merge_order = mergeSortKeys(schema?.fields ?? []) !== null;
  const choice = chooseCompaction(read.deltas, { merge_keys, has_merge_order });
  if (choice.what === 'nothing') return { outcome: 'unchanged' };
  if (choice.what === 'leave') return { outcome: 'left', reason: choice.reason };
  try {
    const done = await WAYS[choice.what](context, read, options);
    if (done === 'unchanged') return { outcome: 'unchanged' };
    if (done === null) return { outcome: 'gave_way' };
    const files_before = read.deltas.reduce((sum, { files }) => sum + files, 0);
    return { outcome: 'compacted', files_before, files_after: done.delta?.files ?? 0 };
  } catch (error) {
    if (isRefusedRewrite(error)) return { outcome: 'left', reason: error.message };
    throw error;
  }
}

const WAYS = {
  merge: (context: RequestContext, read: ResolvedRead, options: RewriteOptions) =>
    rewritePartition(context, read, { ...options, sorts: true }),
  consolidate: consolidatePartition,
  clear: (context: RequestContext, read: ResolvedRead, { guard, message }: RewriteOptions) =>
    replaceDeltas(context, read, {
      ...{ deltas: read.deltas, files: [], written: [], author_name: CONSOLIDATOR, keeps_empty: false, guard, message },
    }),
};
