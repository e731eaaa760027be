import type { ColumnStats, DeltaType } from '@deltacat/contract';
import { insertRows } from '../db/insert.ts';
import type { FileRow, ManifestStats } from '../db/tables.ts';
import { dataRootsOf, isOnS3, refuseRootless } from '../roots/data-roots.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import type { Change } from './change.ts';
import { forgetUncommitted } from './forget.ts';
import { clearCounts, countDeltas, countInPartitions } from './partition-counts.ts';
import { type PartitionKey, takePosition } from './partitions.ts';
import { addTotals, type CountedDelta, clearTotals } from './totals.ts';

/** One file about to become visible, with everything about it already verified. A null id is given one. */
export interface FileDraft extends Omit<FileRow, 'manifest_id' | 'ordinal' | 'file_id'> {
  file_id: string | null;
  column_stats: Record<string, ColumnStats> | null;
}

/** One delta about to become visible: files of one kind for one partition. */
export interface DeltaDraft {
  delta_type: DeltaType;
  partition: PartitionKey;
  entry_params: { equality_field_locators: string[] } | null;
  author: { name: string | null; version: string | null } | null;
  files: FileDraft[];
}

/** One delta as it became visible. */
export interface PublishedDelta {
  manifest_id: string;
  partition_id: string;
  stream_id: string;
  /** Null in a transaction, whose commit gives it. */
  position: bigint | null;
  previous_position: bigint | null;
  delta_type: DeltaType;
  author_name: string | null;
  files: number;
  records: number;
  bytes: number;
}

/** Makes new deltas visible with this change, each at the next position of its partition, and counts them. */
export async function publishDeltas(
  change: Change,
  version: TableVersion,
  drafts: DeltaDraft[],
): Promise<PublishedDelta[]> {
  await refuseLostRoots(change, drafts);
  const published: PublishedDelta[] = [];
  for (const draft of drafts) published.push(await publishDelta(change, version, draft));
  await addTotals(change, version.table_version_id, { added: published });
  return published;
}

/** A data root may have been removed since its files were looked at; one that files are registered in stays. */
async function refuseLostRoots({ queries, catalog }: Change, drafts: DeltaDraft[]): Promise<void> {
  const paths = drafts.flatMap(({ files }) => files.map(({ path }) => path)).filter(isOnS3);
  if (paths.length === 0) return;
  const roots = [...(await dataRootsOf(queries, catalog)).by_name.values()];
  for (const path of paths) refuseRootless(path, roots);
}

async function publishDelta(change: Change, version: TableVersion, draft: DeltaDraft): Promise<PublishedDelta> {
  const { table_version_id, stream_id } = version;
  const figures = figuresOf(draft);
  const place = await takePosition(change, version, { ...draft.partition, counts: countDeltas([figures]) });
  const manifest_id = await insertManifest(change, version, draft);
  await change.insert('deltas', [
    {
      catalog_id: change.view.catalog_id,
      table_version_id,
      stream_id,
      manifest_id,
      delta_type: draft.delta_type,
      ...place,
    },
  ]);
  return { ...place, manifest_id, stream_id, ...figures };
}

/** What a delta to be counts. */
function figuresOf({ delta_type, author, files }: DeltaDraft): Omit<CountedDelta, 'manifest_id' | 'partition_id'> {
  const [records, bytes] = [sum(files, 'record_count'), sum(files, 'content_length')];
  return { delta_type, author_name: author?.name ?? null, files: files.length, records, bytes };
}

/**
 * Writes a manifest and its files: rows that never change and that nothing shows until a delta names them.
 * Returns the manifest's id.
 */
async function insertManifest(change: Change, version: TableVersion, draft: DeltaDraft): Promise<string> {
  const manifest_id = change.context.newId();
  const { files } = draft;
  const types = new Set(files.map((file) => file.content_type));
  const manifest = {
    manifest_id,
    catalog_id: change.view.catalog_id,
    table_version_id: version.table_version_id,
    entry_params: draft.entry_params,
    author_name: draft.author?.name ?? null,
    author_version: draft.author?.version ?? null,
    record_count: sum(files, 'record_count'),
    content_length: sum(files, 'content_length'),
    file_count: files.length,
    content_type: types.size === 1 ? (files[0]?.content_type ?? null) : null,
    created_at_ns: change.at_ns,
  };
  await insertRows(change.queries, 'manifests', [manifest]);
  await insertFiles(change, manifest_id, files);
  return manifest_id;
}

async function insertFiles(change: Change, manifest_id: string, files: FileDraft[]): Promise<void> {
  const rows = files.map(({ column_stats: _, file_id, ...file }, ordinal) => ({
    ...file,
    manifest_id,
    ordinal,
    file_id: file_id ?? `${manifest_id}-${ordinal}`,
  }));
  await insertRows(change.queries, 'files', rows);
  const stats = statsByColumn(files);
  if (stats) await insertRows(change.queries, 'file_stats', [{ manifest_id, stats }]);
}

/** Turns the statistics of each file into a list per column; null when no file has any. */
function statsByColumn(files: FileDraft[]): ManifestStats | null {
  const columns = new Set(files.flatMap((file) => Object.keys(file.column_stats ?? {})));
  if (columns.size === 0) return null;
  const entries = [...columns].map((column) => {
    const of = files.map((file) => file.column_stats?.[column]);
    return [
      column,
      {
        min: of.map((stats) => stats?.min ?? null),
        max: of.map((stats) => stats?.max ?? null),
        null_count: of.map((stats) => stats?.null_count ?? null),
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** A delta that is visible: what ending it or publishing its manifest again needs. */
export interface VisibleDelta extends CountedDelta {
  row_id: number;
}

/** Ends exactly these deltas; throws `concurrent_modification` when one of them is no longer visible. */
export async function endDeltas(change: Change, table_version_id: string, deltas: VisibleDelta[]): Promise<void> {
  await change.end(
    'deltas',
    deltas.map((delta) => delta.row_id),
  );
  await countInPartitions(change, { removed: deltas });
  await addTotals(change, table_version_id, { removed: deltas });
}

/**
 * Ends every visible delta of a version in one statement. Inside a transaction those that it wrote itself are gone; the
 * others stay behind in the stream that ends, and end with it at the commit.
 */
export async function endAllDeltas(change: Change, version: TableVersion): Promise<void> {
  const { transaction_id } = change;
  if (transaction_id !== null) {
    const own = await change.queries
      .selectFrom('deltas')
      .select('row_id')
      .where('transaction_id', '=', transaction_id)
      .where('from_seq', 'is', null)
      .where('stream_id', '=', version.stream_id)
      .execute();
    const row_ids = own.map(({ row_id }) => row_id);
    await forgetUncommitted(change.queries, { transaction_id, table: 'deltas', row_ids });
    return;
  }
  await change.queries
    .updateTable('deltas')
    .set({ to_seq: change.seq })
    .where('stream_id', '=', version.stream_id)
    .where('from_seq', 'is not', null)
    .where('to_seq', 'is', null)
    .execute();
  await clearCounts(change.queries, [version.stream_id]);
  await clearTotals(change, version.table_version_id);
}

/** Makes manifests visible that already exist, in the order given; no data is copied. */
export async function republishDeltas(
  change: Change,
  version: TableVersion,
  deltas: (CountedDelta & { partition: PartitionKey })[],
): Promise<void> {
  const { table_version_id, stream_id } = version;
  const rows = [];
  for (const { partition, ...delta } of deltas) {
    const { manifest_id, delta_type } = delta;
    const place = await takePosition(change, version, { ...partition, counts: countDeltas([delta]) });
    rows.push({ catalog_id: change.view.catalog_id, table_version_id, stream_id, manifest_id, delta_type, ...place });
  }
  await change.insert('deltas', rows);
  await addTotals(change, table_version_id, { added: deltas });
}

/** Makes one delta visible in place of others: same partition, at a position that one of them had. */
export async function publishAt(
  change: Change,
  version: TableVersion,
  place: { partition_id: string; position: bigint; previous_position: bigint | null; draft: DeltaDraft },
): Promise<void> {
  const { draft, ...at } = place;
  await refuseLostRoots(change, [draft]);
  const { table_version_id, stream_id } = version;
  const manifest_id = await insertManifest(change, version, draft);
  const { delta_type } = draft;
  const { catalog_id } = change.view;
  await change.insert('deltas', [{ catalog_id, table_version_id, stream_id, manifest_id, delta_type, ...at }]);
  const added = [{ manifest_id, partition_id: at.partition_id, ...figuresOf(draft) }];
  await countInPartitions(change, { added });
  await addTotals(change, table_version_id, { added });
}

function sum<K extends string>(items: Record<K, number>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}
