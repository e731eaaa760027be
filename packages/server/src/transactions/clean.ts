import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';

/** How many rows of one table one unit of work removes; others wait behind it. */
const ROWS_PER_UNIT_MAX = 500;

const DEFINITIONS = ['namespaces', 'tables', 'table_versions', 'streams'] as const;

/**
 * Removes what transactions wrote that were given up or expired; answers how many are clean now. Nobody sees those rows
 * any more, so that it may take its time and be interrupted. Their data files are left to garbage collection.
 */
export async function cleanTransactions(context: ServerContext): Promise<number> {
  const given_up = await context.db.reader
    .selectFrom('transactions')
    .select(['transaction_id', 'catalog_id'])
    .where('is_clean', '=', false)
    .where('status', '!=', 'RUNNING')
    .execute();
  for (const { transaction_id, catalog_id } of given_up) {
    let removed = ROWS_PER_UNIT_MAX;
    while (removed > 0) removed = await context.db.unit(catalog_id, (queries) => removeSome(queries, transaction_id));
  }
  return given_up.length;
}

/** Removes some rows; when none are left, the transaction is clean. */
async function removeSome(queries: Queries, transaction_id: string): Promise<number> {
  const deltas = await queries
    .selectFrom('deltas')
    .select(['row_id', 'manifest_id'])
    .where('transaction_id', '=', transaction_id)
    .where('from_seq', 'is', null)
    .limit(ROWS_PER_UNIT_MAX)
    .execute();
  if (deltas.length > 0) {
    // Nothing else names the manifests of deltas that were never committed.
    const manifest_ids = deltas.map(({ manifest_id }) => manifest_id);
    for (const table of ['file_stats', 'files', 'manifests'] as const) {
      await queries.deleteFrom(table).where('manifest_id', 'in', manifest_ids).execute();
    }
    const row_ids = deltas.map(({ row_id }) => row_id);
    await queries.deleteFrom('deltas').where('row_id', 'in', row_ids).execute();
    return deltas.length;
  }
  for (const table of DEFINITIONS) {
    await queries
      .deleteFrom(table)
      .where('transaction_id', '=', transaction_id)
      .where('from_seq', 'is', null)
      .execute();
  }
  await queries
    .updateTable('transactions')
    .set({ is_clean: true })
    .where('transaction_id', '=', transaction_id)
    .execute();
  return 0;
}
