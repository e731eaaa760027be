import { type Api, DeltacatError, type InputOf } from '@deltacat/contract';
import type { Handler, RequestContext } from '../context.ts';
import { dropLeadingDeletes, requiresMerge } from '../reads/order.ts';
import { planDeltas, planRead, type ResolvedRead, resolveRead } from '../reads/plan.ts';
import { type DeltaInView, REWRITER } from '../snapshots/deltas.ts';
import { type Rewritten, rewritePartitions } from './rewrite.ts';

/** How often a plan is tried again when others change its partitions while they are rewritten. */
const ATTEMPTS_MAX = 10;

/**
 * Plans a read, for readers of every age. One that cannot merge rows by itself gets them merged: the partitions that it
 * selects are rewritten first, so that its plan holds no upserts and no deletes, and the same rows. Throws
 * `merge_unsupported_by_client` where that cannot be done, never answers with a plan that such a reader would misread.
 */
export const planMerged: Handler<'plan_read'> = async (context, input) => {
  if (!isForOldReader(context, input)) return planRead(context, input);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const read = await resolveRead(context, input);
    if (isLeftToReader(read) || !needsMerging(read)) return planDeltas(context, read, input);
    const wanted = unmergedPartitions(read);
    const rewritten = await rewritePartitions(context, read, wanted);
    if (rewritten.length < wanted.length) continue;
    // Upserts may have come in meanwhile. Then the state that was rewritten is answered, or there would be no end.
    const now = await resolveRead(context, input);
    const merged = needsMerging(now) ? { ...read, deltas: replaceDeltas(read.deltas, rewritten) } : now;
    return planDeltas(context, merged, input);
  }
  throw new DeltacatError(
    'concurrent_modification',
    `Table "${input.namespace}.${input.table}" is being changed faster than its rows can be merged for this client. Repeat the plan, or read with deltacat-client 0.1.67 or newer.`,
  );
};

/** Readers of history, of a transaction and of mere totals are not helped by rewriting what is there now. */
function isForOldReader(context: RequestContext, input: InputOf<Api['plan_read']>): boolean {
  const isElsewhere = (input.as_of ?? input.transaction_id ?? null) !== null;
  return context.client_version === null && !isElsewhere && input.include_files;
}

function isLeftToReader({ target }: ResolvedRead): boolean {
  const { version, table } = target;
  return (version.properties[LEVEL] ?? table.properties[LEVEL]) === 'none';
}

const LEVEL = 'read_optimization_level';

function needsMerging({ deltas, target }: ResolvedRead): boolean {
  return requiresMerge(dropLeadingDeletes(deltas), target.merge_keys);
}

/**
 * The selected partitions whose rows merging would change, each with its deltas. That is one with appends alone, too:
 * where anything is merged, the last row of each key is kept everywhere.
 */
function unmergedPartitions({ deltas, target }: ResolvedRead): DeltaInView[][] {
  const byPartition = Map.groupBy(deltas, ({ partition_id }) => partition_id);
  return [...byPartition.values()].filter((some) => {
    const standing = dropLeadingDeletes(some);
    if (standing.length === 0) return false;
    const isMerged = some.length === 1 && some[0]?.author_name === REWRITER;
    return target.merge_keys.length > 0 ? !isMerged : requiresMerge(standing, target.merge_keys);
  });
}

function replaceDeltas(deltas: DeltaInView[], rewritten: Rewritten[]): DeltaInView[] {
  const replaced = new Set(rewritten.map(({ partition_id }) => partition_id));
  const kept = deltas.filter(({ partition_id }) => !replaced.has(partition_id));
  return [...kept, ...rewritten.flatMap(({ delta }) => delta ?? [])];
}
