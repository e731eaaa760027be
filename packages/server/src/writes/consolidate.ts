import type { ReadPlan } from '@deltacat/contract';
import type { FileDraft } from '../commits/publish.ts';
import type { RequestContext } from '../context.ts';
import { dropLeadingDeletes } from '../reads/order.ts';
import { planDeltas, type ResolvedRead } from '../reads/plan.ts';
import { statsOfFile } from '../reads/prune.ts';
import { CONSOLIDATOR, type DeltaInView } from '../snapshots/deltas.ts';
import { readAllStats, readFiles } from '../snapshots/files.ts';
import { type SmallRun, smallRuns } from './compaction-choice.ts';
import { recordsPerFile } from './records-per-file.ts';
import { type Rewritten, removeFiles, replaceDeltas } from './replace-deltas.ts';
import { oneAtATime, type RewriteOptions } from './rewrite.ts';
import { writeRewritten } from './rewritten-files.ts';

/** A file as it is, and where it stands. */
interface PlacedFile {
  draft: FileDraft;
  position: bigint;
  /** Its place in its delta. */
  ordinal: number;
}

/** The outcome of putting files together: `unchanged` where there was nothing to put together. */
export type Consolidated = Rewritten | 'unchanged' | null;

/**
 * Puts the files of a partition together, whose rows are read as they are: runs of small files become larger ones, large
 * files stay, and one delta names all of them. Files of tables without a schema stay what they are. Null when it gave way.
 */
export async function consolidatePartition(
  context: RequestContext,
  read: ResolvedRead,
  options: RewriteOptions,
): Promise<Consolidated> {
  const { deltas, target } = read;
  const { table, version, schema } = target;
  const standing = dropLeadingDeletes(deltas).toSorted((a, b) => (a.position < b.position ? -1 : 1));
  const files = await placeFiles(context, standing);
  const sizes = {
    record_count: files.map(({ draft }) => draft.record_count),
    content_length: files.map(({ draft }) => draft.content_length),
  };
  const records_per_file = recordsPerFile({ ...table.properties, ...version.properties });
  const runs = schema ? smallRuns(sizes, records_per_file) : [];
  if (runs.length === 0 && deltas.length === 1) return 'unchanged';
  return oneAtATime(CONSOLIDATOR, deltas, async () => {
    const { all, written } = await rewriteRuns(context, read, { standing, files, runs, options });
    const { guard, message } = options;
    const place = { author_name: CONSOLIDATOR, keeps_empty: false, guard, message };
    return replaceDeltas(context, read, { deltas, files: all, written, ...place });
  });
}

/** The files of deltas, in the order of the deltas and their own. */
async function placeFiles(context: RequestContext, deltas: DeltaInView[]): Promise<PlacedFile[]> {
  const ids = deltas.map(({ manifest_id }) => manifest_id);
  const files = await readFiles(context.db.reader, ids);
  const stats = await readAllStats(context.db.reader, ids);
  return deltas.flatMap(({ manifest_id, position }) => {
    const columns = Object.entries(stats.get(manifest_id) ?? {});
    return (files.get(manifest_id) ?? []).map((file, ordinal) => {
      const told = statsOfFile(columns, ordinal);
      const column_stats = Object.keys(told).length > 0 ? told : null;
      return { draft: { ...file, column_stats }, position, ordinal };
    });
  });
}

interface Runs {
  standing: DeltaInView[];
  files: PlacedFile[];
  runs: SmallRun[];
  options: RewriteOptions;
}

/** All files that the partition is to have, and those of them that are new. */
async function rewriteRuns(context: RequestContext, read: ResolvedRead, { standing, files, runs, options }: Runs) {
  const all: FileDraft[] = [];
  const written: FileDraft[] = [];
  if (runs.length === 0) return { all: files.map(({ draft }) => draft), written };
  const none = { filter: null, predicate: null };
  const asked = { file_offset: 0, include_files: true, include_column_stats: false };
  const plan = await planDeltas(context, { ...read, deltas: standing, question: none }, asked);
  const { version, merge_keys } = read.target;
  // Of rows of one key the last wins, should they ever be merged: those keep their order.
  const order = { sort_scheme: merge_keys.length > 0 ? null : version.sort_scheme, merge_keys: null };
  let next = 0;
  try {
    for (const { first, end } of runs) {
      all.push(...files.slice(next, first).map(({ draft }) => draft));
      const part = planOf(plan, files.slice(first, end));
      const fresh = await writeRewritten(context, read, { plan: part, order, folder_id: options.folder_id });
      written.push(...fresh);
      all.push(...fresh);
      next = end;
    }
  } catch (error) {
    await removeFiles(context, written);
    throw error;
  }
  all.push(...files.slice(next).map(({ draft }) => draft));
  return { all, written };
}

/** The part of a plan that reads some files of its partition, in their order. */
function planOf(plan: ReadPlan, files: PlacedFile[]): ReadPlan {
  const byPosition = Map.groupBy(files, ({ position }) => position);
  const tasks = new Map(plan.scan_tasks.map((task) => [task.stream_position, task]));
  const scan_tasks = [...byPosition].flatMap(([position, some]) => {
    const task = tasks.get(position);
    return task ? { ...task, files: some.flatMap(({ ordinal }) => task.files[ordinal] ?? []) } : [];
  });
  const sum = (key: 'record_count' | 'content_length') => files.reduce((total, { draft }) => total + draft[key], 0);
  return {
    ...plan,
    scan_tasks,
    total_files: files.length,
    returned_files: files.length,
    total_records: sum('record_count'),
    total_bytes: sum('content_length'),
  };
}
