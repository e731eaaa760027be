import type { Selectable } from 'kysely';
import { prepared } from '../db/prepared.ts';
import type { TotalsRow } from '../db/tables.ts';
import { NO_TOTALS, sumTotals, type Totals, totalsOf } from '../snapshots/totals.ts';
import type { Change } from './change.ts';

/**
 * Adds to the totals of a table version, as of this commit. Inside a transaction they are counted when asked for, and
 * written by its commit.
 */
export async function addTotals(
  change: Change,
  table_version_id: string,
  difference: { added?: Totals; removed?: Totals },
): Promise<void> {
  if (change.transaction_id !== null) return;
  const now = await totalsOf(change.queries, change.written, table_version_id);
  const { added = NO_TOTALS, removed = NO_TOTALS } = difference;
  await setTotals(change, table_version_id, sumTotals(now, added, removed));
}

/** Sets the totals of a table version to zero, as of this commit. */
export async function clearTotals(change: Change, table_version_id: string): Promise<void> {
  if (change.transaction_id === null) await setTotals(change, table_version_id, NO_TOTALS);
}

async function setTotals(change: Change, table_version_id: string, totals: Totals): Promise<void> {
  await upsertTotals(change.queries, { table_version_id, from_seq: change.seq, ...totals });
}

/** Two changes of one version within one commit meet in one row. */
const upsertTotals = prepared((queries, row: Selectable<TotalsRow>) => {
  const { table_version_id, from_seq, total_records, total_bytes, total_files, delta_count } = row;
  const totals = { total_records, total_bytes, total_files, delta_count };
  return queries
    .insertInto('totals')
    .values({ table_version_id, from_seq, ...totals })
    .onConflict((conflict) => conflict.columns(['table_version_id', 'from_seq']).doUpdateSet(totals));
});
