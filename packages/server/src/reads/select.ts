import {
  EMPTY_SCHEME_ID,
  type PartitionScheme,
  type Predicate,
  predicateColumns,
  type SchemaField,
} from '@deltacat/contract';
import { type BoundPredicate, type PartitionFilter, partitionFilter } from '@deltacat/io-core';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { giveWay } from '../db/give-way.ts';
import { byCommit, type DeltaInView, listDeltas, readDeltas } from '../snapshots/deltas.ts';
import { readSizes, readStats } from '../snapshots/files.ts';
import { hasOtherSchemes, listPartitions, type PartitionFound, schemesById } from '../snapshots/partitions.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import { narrowPartitions } from './narrow.ts';
import { dropLeadingDeletes } from './order.ts';
import { choosePartitions } from './partition-choice.ts';
import { filterBeforeMerge, mayDropFiles, pruneFiles, type SelectedDelta, selectWhole } from './prune.ts';
import type { Question } from './question.ts';
import type { ReadTarget } from './target.ts';

/** The deltas of the partitions that may hold rows which the reader wants, by commit. */
export async function selectDeltas(queries: Queries, target: ReadTarget, question: Question): Promise<DeltaInView[]> {
  const { stream_id } = target.version;
  const partition_ids = await selectPartitions(queries, target, question);
  if (partition_ids === null) return readDeltas(queries, target.view, stream_id);
  const found: DeltaInView[] = [];
  for (const some of chunks(partition_ids)) {
    if (found.length > 0) await giveWay();
    for (const delta of await listDeltas(queries, target.view, { stream_id, partition_ids: some })) found.push(delta);
  }
  return found.sort(byCommit);
}

/** The partitions that may hold such rows; null for all of them. */
async function selectPartitions(queries: Queries, target: ReadTarget, question: Question): Promise<string[] | null> {
  const chosen = question.partitions ? await choosePartitions(queries, target, question.partitions) : null;
  const kept = (await filterPartitions(queries, target, { filter: question.filter, chosen })) ?? chosen;
  return kept?.map(({ partition_id }) => partition_id) ?? null;
}

/** The partitions, of the chosen ones if any were, that a filter leaves; null when it says nothing about partitions. */
async function filterPartitions(
  queries: Queries,
  { version, schema }: ReadTarget,
  { filter, chosen }: { filter: BoundPredicate | null; chosen: PartitionFound[] | null },
): Promise<PartitionFound[] | null> {
  if (!filter || !schema) return null;
  const { stream_id, partition_scheme: scheme } = version;
  const schemes = await schemesInUse(queries, version);
  const sources = new Set([...schemes.values()].flatMap(({ keys }) => keys.flatMap(({ key }) => key)));
  if (!predicateColumns(filter).some((column) => sources.has(column))) return null;
  const narrowed = () => listPartitions(queries, stream_id, scheme && narrowPartitions(filter, scheme, schema.fields));
  const partitions = chosen ?? (await narrowed());
  return partitions.filter(mayHold(filter, schemes, schema.fields));
}

/** Tells of partitions whether they may hold rows that satisfy a filter, each by the scheme that it was made by. */
export function mayHold(filter: Predicate, schemes: Map<string, PartitionScheme>, fields: SchemaField[]) {
  const filters = new Map<string, PartitionFilter>();
  for (const [id, scheme] of schemes) filters.set(id, partitionFilter(filter, scheme, fields));
  return (one: PartitionFound) => filters.get(one.scheme_id)?.(one.partition_values) ?? true;
}

/** The schemes that partitions of a version may be of: each partition keeps the one that it was made by. */
export async function schemesInUse(queries: Queries, version: TableVersion): Promise<Map<string, PartitionScheme>> {
  const { partition_scheme: scheme, stream_id, table_version_id } = version;
  const id = String(scheme?.id ?? EMPTY_SCHEME_ID);
  const isMixed = await hasOtherSchemes(queries, stream_id, id);
  if (isMixed) return (await schemesById(queries, table_version_id)).partition;
  return new Map(scheme ? [[id, scheme]] : []);
}

/**
 * Drops the files whose statistics say that they hold no row which the reader wants. `deltas` are in the order of the
 * plan and stay so. Where rows are merged, only merge keys may say so.
 */
export async function pruneDeltas(
  queries: Queries,
  target: ReadTarget,
  wanted: { filter: BoundPredicate | null; deltas: DeltaInView[]; merging: boolean },
): Promise<SelectedDelta[]> {
  const { deltas, merging } = wanted;
  const { merge_keys, schema, retyped } = target;
  const filter =
    merging && wanted.filter ? filterBeforeMerge(wanted.filter, merge_keys, schema?.fields ?? []) : wanted.filter;
  if (!filter) return deltas.map(selectWhole).filter(({ files }) => files > 0);
  const columns = predicateColumns(filter).filter((column) => !retyped.has(column));
  const selected: SelectedDelta[] = [];
  for (let start = 0; start < deltas.length; start += DELTAS_AT_ONCE) {
    if (start > 0) await giveWay();
    const some = deltas.slice(start, start + DELTAS_AT_ONCE);
    const mayDrop = (delta: DeltaInView) => mayDropFiles(delta, merging, merge_keys);
    for (const delta of await pruneSome(queries, some, { filter, columns, mayDrop })) selected.push(delta);
  }
  return dropLeadingDeletes(selected.filter(({ files }) => files > 0));
}

/** How many deltas are pruned before other requests get their turn. */
const DELTAS_AT_ONCE = 1_000;

async function pruneSome(
  queries: Queries,
  deltas: DeltaInView[],
  by: { filter: BoundPredicate; columns: string[]; mayDrop(delta: DeltaInView): boolean },
): Promise<SelectedDelta[]> {
  const stats = await readStats(queries, idsOf(deltas), by.columns);
  const telling = (delta: DeltaInView) => by.mayDrop(delta) && hasAny(stats.get(delta.manifest_id));
  const sizes = await readSizes(queries, idsOf(deltas.filter((delta) => delta.files !== 1 && telling(delta))));
  return deltas.map((delta) => {
    if (!telling(delta)) return selectWhole(delta);
    return pruneFiles(delta, by.filter, {
      // The totals of a delta with one file are those of the file.
      sizes: sizes.get(delta.manifest_id) ?? { record_count: [delta.records], content_length: [delta.bytes] },
      stats: stats.get(delta.manifest_id) ?? {},
    });
  });
}

function hasAny(stats: object | undefined): boolean {
  for (const _ in stats) return true;
  return false;
}

function idsOf(deltas: DeltaInView[]): string[] {
  return [...new Set(deltas.map(({ manifest_id }) => manifest_id))];
}
