import type { PartitionScheme, PartitionValue, SortScheme } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';

/** A partition of a stream: partitions and their values never change, so no view is needed. */
export interface PartitionFound {
  partition_id: string;
  scheme_id: string;
  partition_values: PartitionValue[] | null;
}

/** Which values partitions of one scheme may have: the stored texts of the first three, null where any will do. */
export interface PartitionValuesWanted {
  scheme_id: string;
  value_1: string[] | null;
  value_2: string[] | null;
  value_3: string[] | null;
}

/** How the values of a partition are stored that has none. */
export const NO_VALUES = 'null';

/**
 * The partitions of a stream: all of them, or those with the wanted values, those of any other
 * scheme, and the one whose files do not say what partition they belong to.
 */
export async function listPartitions(
  queries: Queries,
  stream_id: string,
  wanted: PartitionValuesWanted | null,
): Promise<PartitionFound[]> {
  const all = queries
    .selectFrom('partitions')
    .select(['partition_id', 'scheme_id', 'partition_values'])
    .where('stream_id', '=', stream_id);
  if (!wanted) return all.execute();
  const { scheme_id, ...values } = wanted;
  let query = all;
  for (const column of ['value_1', 'value_2', 'value_3'] as const) {
    const texts = values[column];
    if (texts) query = query.where(column, 'in', texts);
  }
  const unsaid = await all.where('scheme_id', '=', scheme_id).where('values_key', '=', NO_VALUES).execute();
  // Two ranges of an index instead of "not equal", which would visit every partition of the wanted scheme as well.
  const before = await all.where('scheme_id', '<', scheme_id).execute();
  const after = await all.where('scheme_id', '>', scheme_id).execute();
  // The scheme is compared here, because naming it there leads the database to the index by scheme, over everything.
  const found = await query.execute();
  return [...found.filter((partition) => partition.scheme_id === scheme_id), ...unsaid, ...before, ...after];
}

/** The partitions of a stream that have one of these ids. */
export async function findPartitions(queries: Queries, stream_id: string, ids: string[]): Promise<PartitionFound[]> {
  const found: PartitionFound[] = [];
  for (const some of chunks(ids)) {
    const rows = await queries
      .selectFrom('partitions')
      .select(['partition_id', 'scheme_id', 'partition_values'])
      .where('partition_id', 'in', some)
      .where('stream_id', '=', stream_id)
      .execute();
    for (const row of rows) found.push(row);
  }
  return found;
}

/** The schemes that a version has or had, by their ids; an id stands for the same keys for good. */
export interface KnownSchemes {
  partition: Map<string, PartitionScheme>;
  sort: Map<string, SortScheme>;
}

/** The schemes that a version has or had. */
export async function schemesById(queries: Queries, table_version_id: string): Promise<KnownSchemes> {
  const rows = await queries
    .selectFrom('table_versions')
    .select(['partition_scheme', 'sort_scheme'])
    .distinct()
    .where('table_version_id', '=', table_version_id)
    .execute();
  const known: KnownSchemes = { partition: new Map(), sort: new Map() };
  for (const { partition_scheme, sort_scheme } of rows) {
    if (partition_scheme?.id) known.partition.set(String(partition_scheme.id), partition_scheme);
    if (sort_scheme?.id) known.sort.set(String(sort_scheme.id), sort_scheme);
  }
  return known;
}

/** Whether a stream has partitions of other schemes than the one given: two looks into an index. */
export async function hasOtherSchemes(queries: Queries, stream_id: string, scheme_id: string): Promise<boolean> {
  const beside = (side: '<' | '>') =>
    queries
      .selectFrom('partitions')
      .select('partition_id')
      .where('stream_id', '=', stream_id)
      .where('scheme_id', side, scheme_id)
      .limit(1);
  const found = await queries.selectNoFrom([beside('<').as('before'), beside('>').as('after')]).executeTakeFirst();
  return (found?.before ?? found?.after ?? null) !== null;
}
