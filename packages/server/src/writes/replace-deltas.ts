import { DeltacatError } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import { concurrentModification } from '../commits/conflicts.ts';
import { type DeltaDraft, endDeltas, type FileDraft, publishAt } from '../commits/publish.ts';
import type { RequestContext } from '../context.ts';
import type { ResolvedRead } from '../reads/plan.ts';
import { accessTo, pathsOf } from '../roots/access.ts';
import { type DeltaInView, listDeltas } from '../snapshots/deltas.ts';
import { findTableById } from '../snapshots/tables.ts';
import { findVersionById } from '../snapshots/versions.ts';

/** What became of a partition: one delta, or none when no row was left. */
export interface Rewritten {
  partition_id: string;
  delta: DeltaInView | null;
}

/** Deltas of one partition, and the files that stand for the same rows. */
export interface Replacement {
  deltas: DeltaInView[];
  files: FileDraft[];
  /** The files among them that nothing else names. */
  written: FileDraft[];
  /** Who is written down as their author, which tells whether rows of them need merging among themselves. */
  author_name: string;
  /** Whether a delta is left where no row is: what else is merged depends on deltas, not on rows. */
  keeps_empty: boolean;
  /** Throws when they are not to be replaced after all; runs in the unit of work that does it. */
  guard?: ((change: Change) => Promise<void>) | undefined;
  message?: string | undefined;
}

/**
 * Puts one delta in the place of others that reads the same, at the highest position of those, which end. What was
 * written meanwhile stays on top of it. When somebody else changed them, or the table, it gives way: then null is
 * answered, and the files that were written for it are removed. Earlier times keep the files they had.
 */
export async function replaceDeltas(
  context: RequestContext,
  read: ResolvedRead,
  replacement: Replacement,
): Promise<Rewritten | null> {
  let rewrite: { seq: number | null };
  try {
    rewrite = await publish(context, read, replacement);
  } catch (error) {
    // An answer of 503 leaves open whether it is durable; else nothing names these files.
    if (error instanceof DeltacatError && error.code === 'service_unavailable') throw error;
    await removeFiles(context, replacement.written);
    if (error instanceof DeltacatError && error.code === 'concurrent_modification') return null;
    throw error;
  }
  // It is durable from here on: what fails now must leave its files where they are.
  return describeRewritten(context, read, { ...replacement, ...rewrite });
}

/** Removes files that nothing names. One that cannot be removed now is garbage, not harm. */
export async function removeFiles(context: RequestContext, files: readonly Pick<FileDraft, 'path'>[]): Promise<void> {
  const access = await accessTo(context, pathsOf(files));
  await Promise.allSettled(files.map(async ({ path }) => access.open(path).remove(path)));
}

function publish(context: RequestContext, { catalog, target }: ResolvedRead, replacement: Replacement) {
  const { deltas, files, keeps_empty, message, guard } = replacement;
  const { table_version_id } = target.version;
  const partition_id = partitionOf(deltas);
  return commit(context, {
    ...{ catalog, message, operation: 'rewrite' },
    async decide(change) {
      await guard?.(change);
      await refuseChanged(change, target);
      await endDeltas(change, table_version_id, deltas);
      const place = { ...placeOf(deltas), partition_id, draft: draftDelta(replacement) };
      if (files.length > 0 || keeps_empty) await publishAt(change, target.version, place);
      change.touch({ object_id: table_version_id, kind: 'rewrite', partition_id });
      return {};
    },
  });
}

function partitionOf(deltas: DeltaInView[]): string {
  return deltas[0]?.partition_id ?? '';
}

async function describeRewritten(
  context: RequestContext,
  { target }: ResolvedRead,
  { deltas, seq }: { deltas: DeltaInView[]; seq: number | null },
): Promise<Rewritten> {
  const partition_id = partitionOf(deltas);
  const { stream_id } = target.version;
  const view = { ...target.view, seq: Number(seq) };
  const visible = await listDeltas(context.db.reader, view, { stream_id, partition_ids: [partition_id] });
  return { partition_id, delta: visible.find(({ from_seq }) => from_seq === seq) ?? null };
}

/** Rows were merged by a schema and for a stream: with another of either, or none, somebody has changed the table. */
async function refuseChanged(change: Change, { table, version }: ResolvedRead['target']): Promise<void> {
  const now = await findVersionById(change.queries, change.view, version.table_version_id);
  const isSame = now?.stream_id === version.stream_id && now.schema_id === version.schema_id;
  if (isSame && (await findTableById(change.queries, change.view, table.table_id))) return;
  throw concurrentModification(`Table version "${version.version}"`, null);
}

/** The position of the delta: that of the last of those before it, so that later ones stay on top of it. */
function placeOf(deltas: DeltaInView[]): { position: bigint; previous_position: bigint | null } {
  const sorted = deltas.toSorted((a, b) => (a.position < b.position ? -1 : 1));
  return { position: sorted.at(-1)?.position ?? 1n, previous_position: sorted[0]?.previous_position ?? null };
}

function draftDelta({ deltas, files, author_name }: Replacement): DeltaDraft {
  const scheme_id = deltas[0]?.scheme_id ?? '';
  const partition_values = deltas[0]?.partition_values ?? null;
  return {
    delta_type: 'append',
    partition: { scheme_id, partition_values },
    entry_params: null,
    author: { name: author_name, version: null },
    files,
  };
}
