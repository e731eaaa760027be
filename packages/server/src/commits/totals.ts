import type { Selectable } from 'kysely';
import { prepared } from '../db/prepared.ts';
import type { TotalsRow } from '../db/tables.ts';
import { NO_TOTALS, type Totals, totalsOf } from '../snapshots/versions.ts';
import type { Change } from './change.ts';

/** Adds to the totals of a table version, as of this commit. */
export async function addTotals(change: Change, table_version_id: string, difference: Totals): Promise<void> {
  const now = await totalsOf(change.queries, { ...change.view, seq: change.seq }, table_version_id);
  await setTotals(change, table_version_id, {
    total_records: now.total_records + difference.total_records,
    total_bytes: now.total_bytes + difference.total_bytes,
    total_files: now.total_files + difference.total_files,
    delta_count: now.delta_count + difference.delta_count,
  });
}

/** Sets the totals of a table version to zero, as of this commit. */
export async function clearTotals(change: Change, table_version_id: string): Promise<void> {
  await setTotals(change, table_version_id, NO_TOTALS);
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
