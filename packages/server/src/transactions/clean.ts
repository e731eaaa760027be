import { forgetUncommitted } from '../commits/forget.ts';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';

/** How many rows of one table one unit of work removes; others wait behind it. */
const ROWS_PER_UNIT_MAX = 500;

const WRITTEN = ['deltas', 'streams', 'table_versions', 'tables', 'namespaces'] as const;

/**
 * Removes what transactions wrote that were given up or expired; answers how many are clean now. Nobody sees those rows
 * any more, so that it may take its time and be interrupted. Their data files are left to garbage collection.
 */
export async function cleanTransactions(context: Pick<ServerContext, 'db'>): Promise<number> {
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

/** Removes some rows; when none are left, the transaction is clean. Data goes first, and what it is in last. */
async function removeSome(queries: Queries, transaction_id: string): Promise<number> {
  for (const table of WRITTEN) {
    const rows = await queries
      .selectFrom(table)
      .select('row_id')
      .where('transaction_id', '=', transaction_id)
      .where('from_seq', 'is', null)
      .limit(ROWS_PER_UNIT_MAX)
      .execute();
    if (rows.length === 0) continue;
    const row_ids = rows.map(({ row_id }) => row_id);
    await forgetUncommitted(queries, { transaction_id, table, row_ids });
    return rows.length;
  }
  await queries
    .updateTable('transactions')
    .set({ is_clean: true })
    .where('transaction_id', '=', transaction_id)
    .execute();
  return 0;
}
