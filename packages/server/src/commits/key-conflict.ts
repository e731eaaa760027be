import type { Predicate, SchemaField } from '@deltacat/contract';
import { type BoundPredicate, bindPredicate, mightMatch } from '@deltacat/io-core';
import type { Queries } from '../db/database.ts';
import type { ManifestStats } from '../db/tables.ts';
import { COMPACTORS } from '../snapshots/deltas.ts';
import { readStats } from '../snapshots/files.ts';
import type { Since, TouchGroup, Winner } from './conflicts.ts';

/** A keyed table version whose rows two sides wrote. */
export interface KeyedVersion {
  table_version_id: string;
  fields: readonly SchemaField[];
  merge_keys: readonly string[];
}

/** One delta that somebody wrote: where, and by which columns its rows are meant. */
interface WrittenDelta {
  partition_id: string;
  manifest_id: string;
  from_seq: number | null;
  entry_params: { equality_field_locators?: string[] | null } | null;
}

/**
 * How many pairs of files are compared, about a microsecond each: the head is held meanwhile, and all of the catalog waits.
 * With more, keys count as equal.
 */
const PAIRS_COMPARED_MAX = 250_000;

/**
 * The first commit since a state whose rows may have merge keys of rows that a transaction wrote to the same partition:
 * where the ranges of the keys that the files tell overlap. A file that tells none may hold any key, and a delete by
 * other columns any row. Null when no key can be in both.
 */
export async function findKeyConflict(
  queries: Queries,
  since: Since & { transaction_id: string },
  { version, group }: { version: KeyedVersion; group: TouchGroup },
): Promise<Winner | null> {
  const ours = Map.groupBy(await listOurs(queries, since, version), ({ partition_id }) => partition_id);
  const partitions = new Set(group.partitions ?? ours.keys());
  const theirs = await listTheirs(queries, since, { version, partitions });
  const all = [...ours.values()].flat().concat(theirs);
  const stats = await readStats(
    queries,
    [...new Set(all.map(({ manifest_id }) => manifest_id))],
    [...version.merge_keys],
  );
  const rangesOf = (delta: WrittenDelta) => keyRanges(delta, version, stats.get(delta.manifest_id) ?? {});
  // Every one of ours may be compared with every one of theirs, so that what is made of each is made once.
  const known = new Map([...ours].map(([partition_id, some]) => [partition_id, some.map(rangesOf)]));
  let pairs = 0;
  const found = theirs.find((their) => {
    const ranges = rangesOf(their);
    return (known.get(their.partition_id) ?? []).some((our) => {
      pairs += (our?.length ?? 1) * (ranges?.length ?? 1);
      return pairs > PAIRS_COMPARED_MAX || overlap(our, ranges);
    });
  });
  return found ? describeWinner(queries, since, { ...version, seq: Number(found.from_seq) }) : null;
}

function listOurs(
  queries: Queries,
  { transaction_id }: { transaction_id: string },
  { table_version_id }: KeyedVersion,
): Promise<WrittenDelta[]> {
  return selectWritten(queries)
    .where('deltas.from_seq', 'is', null)
    .where('deltas.transaction_id', '=', transaction_id)
    .where('deltas.table_version_id', '=', table_version_id)
    .execute();
}

/** By the index of commits: that of a partition would go through all that it ever held. */
async function listTheirs(
  queries: Queries,
  { base_seq }: Since,
  { version, partitions }: { version: KeyedVersion; partitions: Set<string> },
): Promise<WrittenDelta[]> {
  const rows = await selectWritten(queries)
    .where('deltas.table_version_id', '=', version.table_version_id)
    .where('deltas.from_seq', '>', base_seq)
    .where(({ or, eb }) => or([eb('author_name', 'is', null), eb('author_name', 'not in', COMPACTORS)]))
    .orderBy('deltas.from_seq')
    .execute();
  return rows.filter(({ partition_id }) => partitions.has(partition_id));
}

function selectWritten(queries: Queries) {
  return queries
    .selectFrom('deltas')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select(['deltas.partition_id', 'deltas.manifest_id', 'deltas.from_seq', 'manifests.entry_params']);
}

/** What the keys of the rows of one file may be: by key, the least and the greatest; no entry where that is not told. */
type Box = Map<string, { min: unknown; max: unknown }>;

/** The keys of one file, to compare others with and to be compared. */
interface KeyRange {
  within: BoundPredicate | null;
  file: ReturnType<typeof fileOf>;
}

/** The keys of the files of a delta; null when its rows are meant by other columns, or its files tell nothing. */
function keyRanges(delta: WrittenDelta, version: KeyedVersion, stats: ManifestStats): KeyRange[] | null {
  const { merge_keys } = version;
  const columns = delta.entry_params?.equality_field_locators ?? merge_keys;
  if (columns.length !== merge_keys.length || columns.some((column) => !merge_keys.includes(column))) return null;
  const files = Math.max(0, ...merge_keys.map((key) => stats[key]?.min.length ?? 0));
  if (files === 0) return null;
  return Array.from({ length: files }, (_, ordinal) => {
    const box: Box = new Map();
    for (const key of merge_keys) {
      const { min, max, null_count } = stats[key] ?? { min: [], max: [], null_count: [] };
      // A null is a key as well, and lies outside every range.
      const isTold = (min[ordinal] ?? null) !== null && (max[ordinal] ?? null) !== null && null_count[ordinal] === 0;
      if (isTold) box.set(key, { min: min[ordinal], max: max[ordinal] });
    }
    return { within: predicateOf(box, version), file: fileOf(box) };
  });
}

/** Asked both ways: bounds that cannot be relied on say so only where they are looked up, not where they are compared with. */
function overlap(ours: KeyRange[] | null, theirs: KeyRange[] | null): boolean {
  if (!ours || !theirs) return true;
  return ours.some((our) => theirs.some((their) => mayMeet(our, their) || mayMeet(their, our)));
}

function mayMeet({ within }: KeyRange, { file }: KeyRange): boolean {
  return within === null || mightMatch(within, file);
}

/** The condition that a key lies in a box; null when nothing is known of it, or not enough to compare by. */
function predicateOf(box: Box, { fields }: KeyedVersion): BoundPredicate | null {
  const terms = [...box].map(([key, { min, max }]) => ({ between: [key, min, max] }));
  const [only] = terms;
  if (!only) return null;
  try {
    // The bounds were values of these columns when they were stored.
    return bindPredicate((terms.length === 1 ? only : { and: terms }) as Predicate, fields);
  } catch {
    // Bounds of a type that no literal can have, such as bytes, say nothing.
    return null;
  }
}

function fileOf(box: Box) {
  const column_stats = Object.fromEntries([...box].map(([key, range]) => [key, { ...range, null_count: 0 }]));
  return { record_count: 1, column_stats };
}

async function describeWinner(
  queries: Queries,
  { catalog_id }: Since,
  of: { table_version_id: string; seq: number },
): Promise<Winner> {
  const { seq, table_version_id: object_id } = of;
  const row = await queries
    .selectFrom('commits')
    .select(['transaction_id', 'operation'])
    .where('catalog_id', '=', catalog_id)
    .where('seq', '=', seq)
    .executeTakeFirstOrThrow();
  return { seq, kind: 'merge', object_id, ...row };
}
