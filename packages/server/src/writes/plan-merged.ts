import { type Api, DeltacatError, type InputOf } from '@deltacat/contract';
import { readOptimizationLevel } from '../catalog/compaction-settings.ts';
import type { RequestContext, TextHandler } from '../context.ts';
import { dropLeadingDeletes, requiresMerge } from '../reads/order.ts';
import { planRead, type ResolvedRead, resolveRead } from '../reads/plan.ts';
import { answerPlan } from '../reads/plan-text.ts';
import { type DeltaInView, REWRITER } from '../snapshots/deltas.ts';
import { findMisaligned } from './misaligned.ts';
import type { Rewritten } from './replace-deltas.ts';
import { rewritePartitions } from './rewrite.ts';

/** How often a plan is tried again when others change its partitions while they are rewritten. */
const ATTEMPTS_MAX = 10;

/**
 * Plans a read, for readers of every kind. One that cannot merge rows by itself gets them merged: the partitions that it
 * selects are rewritten first, so that its plan holds no upserts and no deletes, and the same rows. So are those with
 * files of an earlier schema that a reader would misread. Throws `merge_unsupported_by_client` where that cannot be done,
 * never answers with a plan that such a reader would misread.
 */
export const planMerged: TextHandler<'plan_read'> = async (context, input) => {
  if (!input.include_files) return planRead(context, input);
  if (!isForWeakReader(context, input)) return answerPlan(context, await resolveRead(context, input), input);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const read = await resolveRead(context, input);
    const wanted = await partitionsToRewrite(context, read);
    if (wanted.length === 0) return answerPlan(context, read, input);
    const rewritten = await rewritePartitions(context, read, wanted);
    if (rewritten.length < wanted.length) continue;
    // Upserts may have come in meanwhile. Then the state that was rewritten is answered, or there would be no end.
    const now = await resolveRead(context, input);
    const isDone = (await partitionsToRewrite(context, now)).length === 0;
    const merged = isDone ? now : { ...read, deltas: replaceDeltas(read.deltas, rewritten) };
    return answerPlan(context, merged, input);
  }
  throw new DeltacatError(
    'concurrent_modification',
    `Table "${input.namespace}.${input.table}" is being changed faster than its rows can be merged for this client. Repeat the plan, or read with deltacat-client 0.1.67 or newer.`,
  );
};

/** What the versions of our own clients begin with; they read files of every age, and merge. */
const OWN = 'ts-';

/** Readers of history, of a transaction and of mere totals are not helped by rewriting what is there now. */
function isForWeakReader(context: RequestContext, input: InputOf<Api['plan_read']>): boolean {
  const isElsewhere = (input.as_of ?? input.transaction_id ?? null) !== null;
  return !context.client_version?.startsWith(OWN) && !isElsewhere;
}

/** The partitions that the reader could not read as they are, each with its deltas. */
async function partitionsToRewrite(context: RequestContext, read: ResolvedRead): Promise<DeltaInView[][]> {
  if (isLeftToReader(read)) return [];
  const merges = needsMerging(read);
  const isOldest = context.client_version === null;
  if (isOldest && merges) return unmergedPartitions(read);
  // Where keys are not merged, a rewrite would merge them.
  if (read.target.merge_keys.length > 0 && !merges) return [];
  const misaligned = await findMisaligned(context.db.reader, read, { merges, nests: isOldest });
  if (misaligned.size === 0) return [];
  const byPartition = Map.groupBy(read.deltas, ({ partition_id }) => partition_id);
  return [...misaligned].flatMap((partition_id) => {
    const some = byPartition.get(partition_id) ?? [];
    return dropLeadingDeletes(some).length === 0 ? [] : [some];
  });
}

function isLeftToReader({ target }: ResolvedRead): boolean {
  const { version, table } = target;
  return readOptimizationLevel({ ...table.properties, ...version.properties }) === 'none';
}

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
