import { DeltacatError } from '@deltacat/contract';
import type { RequestContext } from '../context.ts';
import { planDeltas, type ResolvedRead } from '../reads/plan.ts';
import { type DeltaInView, REWRITER } from '../snapshots/deltas.ts';
import { mapParallel } from './parallel.ts';
import { recordsPerFile } from './records-per-file.ts';
import { type Replacement, type Rewritten, replaceDeltas } from './replace-deltas.ts';
import { writeRewritten } from './rewritten-files.ts';

/** Partitions rewritten at a time by one request; each merge uses all cores by itself. */
const PARTITIONS_AT_A_TIME_MAX = 2;

/** What a rewrite is made with, beside what it rewrites. */
export interface RewriteOptions extends Pick<Replacement, 'guard' | 'message'> {
  /** The folder of its files; a fresh one when left out. */
  folder_id?: string | undefined;
  /** Sort by merge key even what fits into one file. */
  sorts?: boolean;
}

/**
 * Merges partitions into new files that read without merging: the very rows that their deltas stand for, in one delta at
 * the highest position of those, which end. What was written meanwhile stays on top of it, and a partition that somebody
 * else changed underneath is left to them: it is missing in the answer. Earlier times keep their files. Throws
 * `merge_unsupported_by_client` for rows that cannot be written again unchanged.
 */
export async function rewritePartitions(
  context: RequestContext,
  read: ResolvedRead,
  partitions: DeltaInView[][],
): Promise<Rewritten[]> {
  const rewritten = await mapParallel(partitions, PARTITIONS_AT_A_TIME_MAX, (deltas) =>
    rewritePartition(context, { ...read, deltas }).catch((error) => {
      throw translateRefusal(error, read);
    }),
  );
  return rewritten.filter((one) => one !== null);
}

/** Merges the deltas of a read, which are those of one partition; null when it gave way. Throws as the whole does. */
export function rewritePartition(
  context: RequestContext,
  read: ResolvedRead,
  options: RewriteOptions = {},
): Promise<Rewritten | null> {
  return oneAtATime(`merge ${REWRITER}`, read.deltas, () => mergeDeltas(context, read, options));
}

interface UnderWay {
  inputs: string;
  outcome: Promise<Rewritten | null>;
}

const underWay = new Map<string, UnderWay>();

/** Replaces deltas of a partition unless somebody is at it: then the outcome is theirs, if they do the same to the same. */
export async function oneAtATime(
  what: string,
  deltas: Pick<DeltaInView, 'row_id' | 'partition_id'>[],
  replace: () => Promise<Rewritten | null>,
): Promise<Rewritten | null> {
  const partition_id = deltas[0]?.partition_id ?? '';
  const inputs = `${what} ${deltas.map(({ row_id }) => row_id).join()}`;
  const other = underWay.get(partition_id);
  if (other?.inputs === inputs) return other.outcome;
  if (other) {
    await Promise.allSettled([other.outcome]);
    return null;
  }
  const mine = { inputs, outcome: replace() };
  underWay.set(partition_id, mine);
  try {
    return await mine.outcome;
  } finally {
    underWay.delete(partition_id);
  }
}

async function mergeDeltas(
  context: RequestContext,
  read: ResolvedRead,
  { guard, message, folder_id, sorts = false }: RewriteOptions,
): Promise<Rewritten | null> {
  const { deltas, target } = read;
  const { table, version, merge_keys } = target;
  const whole = { ...read, question: { filter: null, predicate: null }, always_merge: true };
  const plan = await planDeltas(context, whole, { file_offset: 0, include_files: true, include_column_stats: false });
  // Rows keep the order in which they are read, but for many files: those are sorted by key, so that filters drop some.
  const isSorted = sorts || plan.total_records > recordsPerFile({ ...table.properties, ...version.properties });
  const order = { sort_scheme: version.sort_scheme, merge_keys: isSorted ? merge_keys : null };
  const files = await writeRewritten(context, read, { plan, order, folder_id });
  const keeps_empty = merge_keys.length > 0;
  return replaceDeltas(context, read, {
    ...{ deltas, files, written: files, author_name: REWRITER, keeps_empty, guard, message },
  });
}

function translateRefusal(error: unknown, { target }: ResolvedRead): unknown {
  if (!isRefusedRewrite(error)) return error;
  const name = `"${target.asked.namespace}.${target.asked.table}"`;
  return new DeltacatError(
    'merge_unsupported_by_client',
    `Table ${name} holds upserts or deletes, which this client cannot merge, and the server cannot rewrite them for it: ` +
      `${error.message} Read it with deltacat-client 0.1.67 or newer.`,
    { namespace: target.asked.namespace, table: target.asked.table, cause: error },
  );
}

const REFUSALS = new Set(['merge_unsupported_by_client', 'not_supported']);

/** Whether an error says that rows cannot be written again unchanged, for their types or the formats of their files. */
export function isRefusedRewrite(error: unknown): error is DeltacatError {
  return error instanceof DeltacatError && REFUSALS.has(error.code);
}
