import { sql } from 'kysely';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { VersionedTable } from '../db/tables.ts';

/** Rows of a versioned table that a transaction may have written. */
export interface Uncommitted {
  transaction_id: string;
  table: VersionedTable;
  row_ids: number[];
  /** Whether other states take the place of versions, which then need their schemas. */
  are_replaced?: boolean;
}

/**
 * Removes rows that a transaction wrote and has not committed, and what only they name: the manifests and files of
 * deltas, the partitions of streams, the schemas of versions. Nobody else has ever seen any of it. Other rows stay.
 */
export async function forgetUncommitted(
  queries: Queries,
  { transaction_id, table, row_ids, are_replaced = false }: Uncommitted,
): Promise<void> {
  for (const some of chunks(row_ids)) {
    const own = queries
      .selectFrom(table)
      .where('row_id', 'in', some)
      .where('from_seq', 'is', null)
      .where('transaction_id', '=', transaction_id);
    const found = (await own.select('row_id').execute()).map(({ row_id }) => row_id);
    if (found.length === 0) continue;
    if (table === 'deltas') await forgetManifests(queries, found);
    if (table === 'streams') await forgetPartitions(queries, found);
    if (table === 'table_versions' && !are_replaced) await forgetSchemas(queries, found);
    await queries.deleteFrom(table).where('row_id', 'in', found).execute();
  }
}

/** Nothing else names the manifests of deltas that were never committed. */
async function forgetManifests(queries: Queries, row_ids: number[]): Promise<void> {
  const named = queries.selectFrom('deltas').select('manifest_id').where('row_id', 'in', row_ids);
  for (const table of ['file_stats', 'files', 'manifests'] as const) {
    await queries.deleteFrom(table).where('manifest_id', 'in', named).execute();
  }
}

async function forgetPartitions(queries: Queries, row_ids: number[]): Promise<void> {
  const streams = queries.selectFrom('streams').select('stream_id').where('row_id', 'in', row_ids);
  await queries.deleteFrom('partitions').where('stream_id', 'in', streams).execute();
}

/** A version that was altered has other rows, which need its schemas. */
async function forgetSchemas(queries: Queries, row_ids: number[]): Promise<void> {
  const versions = queries.selectFrom('table_versions').select('table_version_id');
  const named = versions.where('row_id', 'in', row_ids);
  const kept = versions.where('table_version_id', 'in', named).where('row_id', 'not in', row_ids);
  await queries
    .deleteFrom('schemas')
    .where('table_version_id', 'in', named)
    .where('table_version_id', 'not in', kept)
    .execute();
}

/** What is in what, outer things first. */
const INSIDE = [
  { table: 'tables', parent_id: 'namespace_id', parents: 'namespaces' },
  { table: 'table_versions', parent_id: 'table_id', parents: 'tables' },
  { table: 'streams', parent_id: 'table_version_id', parents: 'table_versions' },
  { table: 'deltas', parent_id: 'stream_id', parents: 'streams' },
] as const;

/** Removes what a transaction wrote into things that it made and dropped again: they are not there to be committed. */
export async function forgetDropped(queries: Queries, transaction_id: string): Promise<void> {
  for (const { table, parent_id, parents } of INSIDE) {
    const { rows } = await sql<{ row_id: number }>`select row_id from ${sql.table(table)} as inner_rows
      where from_seq is null and transaction_id = ${transaction_id} and not exists (
        select 1 from ${sql.table(parents)} as outer_rows
        where outer_rows.${sql.id(parent_id)} = inner_rows.${sql.id(parent_id)})`.execute(queries);
    const row_ids = rows.map(({ row_id }) => row_id);
    await forgetUncommitted(queries, { transaction_id, table, row_ids });
  }
}
