import { DeltacatError, type WriteEntry } from '@deltacat/contract';
import { arrowSchema, rewritePlan, serializeSchema } from '@deltacat/io-core';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import { concurrentModification } from '../commits/conflicts.ts';
import { type DeltaDraft, endDeltas, publishAt } from '../commits/publish.ts';
import type { RequestContext } from '../context.ts';
import { planDeltas, type ResolvedRead } from '../reads/plan.ts';
import { accessTo, pathsOf, planPaths } from '../roots/access.ts';
import { chooseRoot } from '../roots/data-roots.ts';
import { type DeltaInView, listDeltas, REWRITER } from '../snapshots/deltas.ts';
import { findVersionById, type Schema } from '../snapshots/versions.ts';
import { folderFor } from './folder.ts';
import { mapParallel } from './parallel.ts';
import { recordsPerFile } from './records-per-file.ts';

/** Partitions rewritten at a time by one request; each merge uses all cores by itself. */
const PARTITIONS_AT_A_TIME_MAX = 2;

/** What a rewrite made of a partition: one delta, or none when no row was left. */
export interface Rewritten {
  partition_id: string;
  delta: DeltaInView | null;
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
    rewriteOnce(context, read, deltas),
  );
  return rewritten.filter((one) => one !== null);
}

interface UnderWay {
  inputs: string;
  outcome: Promise<Rewritten | null>;
}

const underWay = new Map<string, UnderWay>();

/** Rewrites a partition unless somebody is at it: then the outcome is theirs, when their deltas are the same. */
async function rewriteOnce(
  context: RequestContext,
  read: ResolvedRead,
  deltas: DeltaInView[],
): Promise<Rewritten | null> {
  const partition_id = deltas[0]?.partition_id ?? '';
  const inputs = deltas.map(({ row_id }) => row_id).join();
  const other = underWay.get(partition_id);
  if (other?.inputs === inputs) return other.outcome;
  if (other) {
    await Promise.allSettled([other.outcome]);
    return null;
  }
  const mine = { inputs, outcome: rewritePartition(context, read, deltas) };
  underWay.set(partition_id, mine);
  try {
    return await mine.outcome;
  } finally {
    underWay.delete(partition_id);
  }
}

async function rewritePartition(
  context: RequestContext,
  read: ResolvedRead,
  deltas: DeltaInView[],
): Promise<Rewritten | null> {
  const entries = await writeMerged(context, read, deltas);
  try {
    return await publishMerged(context, read, { deltas, entries });
  } catch (error) {
    if (!(error instanceof DeltacatError && error.code === 'concurrent_modification')) throw error;
    // It gave way, so nothing names these files; one that cannot be removed now is garbage, not harm.
    const access = await accessTo(context, pathsOf(entries));
    await Promise.allSettled(entries.map(({ path }) => access.open(path).remove(path)));
    return null;
  }
}

/** Writes the merged rows of a partition's deltas to a folder of their own. */
async function writeMerged(context: RequestContext, read: ResolvedRead, deltas: DeltaInView[]): Promise<WriteEntry[]> {
  const { catalog, target } = read;
  const { table, version } = target;
  const whole = { ...read, question: { filter: null, predicate: null }, deltas, always_merge: true };
  const plan = await planDeltas(context, whole, { file_offset: 0, include_files: true, include_column_stats: false });
  const data_dir = folderFor(await chooseRoot(context, catalog, null), {
    table_id: table.table_id,
    id: context.newId(),
  });
  const target_records_per_file = recordsPerFile({ ...table.properties, ...version.properties });
  // Rows keep the order in which they are read, but for many files: those are sorted by key, so that filters drop some.
  const several = plan.total_records > target_records_per_file;
  try {
    const { entries } = await rewritePlan(plan, {
      data_dir,
      access: await accessTo(context, [data_dir, ...planPaths(plan)]),
      schema_serialized: target.schema && writtenSchema(target.schema),
      sort_scheme: version.sort_scheme,
      merge_keys: several ? target.merge_keys : null,
      target_records_per_file,
      file_prefix: 'rewrite-',
    });
    return entries;
  } catch (error) {
    throw translateRefusal(error, read);
  }
}

/** The schema of rewritten files. Rows may be older than the rule that a column is never null, and keep their nulls. */
function writtenSchema({ schema_id, fields, serialized }: Schema): string {
  if (schema_id === 0 || fields.every(({ nullable }) => nullable !== false)) return serialized;
  return serializeSchema(arrowSchema(fields.map((field) => ({ ...field, nullable: true }))));
}

function translateRefusal(error: unknown, { target }: ResolvedRead): unknown {
  const refused = error instanceof DeltacatError && REFUSALS.has(error.code);
  if (!refused) return error;
  const name = `"${target.asked.namespace}.${target.asked.table}"`;
  return new DeltacatError(
    'merge_unsupported_by_client',
    `Table ${name} holds upserts or deletes, which this client cannot merge, and the server cannot rewrite them for it: ` +
      `${error.message} Read it with deltacat-client 0.1.67 or newer.`,
    { namespace: target.asked.namespace, table: target.asked.table, cause: error },
  );
}

const REFUSALS = new Set(['merge_unsupported_by_client', 'not_supported']);

async function publishMerged(
  context: RequestContext,
  { catalog, target }: ResolvedRead,
  merged: { deltas: DeltaInView[]; entries: WriteEntry[] },
): Promise<Rewritten> {
  const { table_version_id, stream_id } = target.version;
  const [first] = merged.deltas;
  const partition_id = first?.partition_id ?? '';
  const draft = draftMerged(target.version, merged);
  const { seq } = await commit(context, {
    catalog,
    operation: 'rewrite',
    async decide(change) {
      await refuseChanged(change, target.version);
      await endDeltas(change, table_version_id, merged.deltas);
      const place = { ...placeOf(merged.deltas), partition_id };
      if (draft.files.length > 0) await publishAt(change, target.version, { ...place, draft });
      change.touch({ object_id: table_version_id, kind: 'rewrite', partition_id });
      return {};
    },
  });
  const view = { ...target.view, seq: Number(seq) };
  const visible = await listDeltas(context.db.reader, view, { stream_id, partition_ids: [partition_id] });
  return { partition_id, delta: visible.find(({ from_seq }) => from_seq === seq) ?? null };
}

/** The rows were merged by a schema and for a stream: with another of either, somebody else has changed the table. */
async function refuseChanged(change: Change, before: ResolvedRead['target']['version']): Promise<void> {
  const now = await findVersionById(change.queries, change.view, before.table_version_id);
  if (now?.stream_id === before.stream_id && now.schema_id === before.schema_id) return;
  throw concurrentModification(`Table version "${before.version}"`, null);
}

/** The position of the merged rows: that of the last of their deltas, so that later ones stay on top of them. */
function placeOf(deltas: DeltaInView[]): { position: bigint; previous_position: bigint | null } {
  const sorted = deltas.toSorted((a, b) => (a.position < b.position ? -1 : 1));
  return { position: sorted.at(-1)?.position ?? 1n, previous_position: sorted[0]?.previous_position ?? null };
}

function draftMerged(
  version: ResolvedRead['target']['version'],
  { deltas, entries }: { deltas: DeltaInView[]; entries: WriteEntry[] },
): DeltaDraft {
  const scheme_id = deltas[0]?.scheme_id ?? '';
  const partition_values = deltas[0]?.partition_values ?? null;
  return {
    delta_type: 'append',
    partition: { scheme_id, partition_values },
    entry_params: null,
    author: { name: REWRITER, version: null },
    files: entries.map((entry) => ({
      file_id: null,
      path: entry.path,
      content_type: entry.content_type ?? 'parquet',
      content_encoding: entry.content_encoding ?? 'identity',
      record_count: entry.record_count ?? 0,
      content_length: entry.content_length ?? 0,
      source_content_length: null,
      schema_id: version.schema_id,
      sort_scheme_id: version.sort_scheme?.id ? String(version.sort_scheme.id) : null,
      mandatory: true,
      column_stats: entry.column_stats ?? null,
    })),
  };
}
