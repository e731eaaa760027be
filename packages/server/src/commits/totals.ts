import type { DeltaType } from '@deltacat/contract';
import { prepared } from '../db/prepared.ts';
import { REWRITER, selectCounted } from '../snapshots/deltas.ts';
import { fingerprintWith } from '../snapshots/fingerprint.ts';
import {
  type Composition,
  type KeptTotals,
  keptTotals,
  NO_COMPOSITION,
  NO_TOTALS,
  sumTotals,
  type Totals,
} from '../snapshots/totals.ts';
import type { Change } from './change.ts';

/** A delta as far as it counts. */
export interface CountedDelta {
  partition_id: string;
  manifest_id: string;
  delta_type: DeltaType;
  author_name: string | null;
  records: number;
  bytes: number;
  files: number;
}

/**
 * Adds to the totals of a table version, as of this commit. Inside a transaction they are counted when asked for, and
 * written by its commit.
 */
export async function addTotals(
  change: Change,
  table_version_id: string,
  { added = [], removed = [] }: { added?: CountedDelta[]; removed?: CountedDelta[] },
): Promise<void> {
  if (change.transaction_id !== null) return;
  const now = await keptTotals(change.queries, { table_version_id, seq: change.seq });
  const totals = sumTotals(now.totals, totalsOfDeltas(added), totalsOfDeltas(removed));
  const composition = now.composition
    ? compose(now.composition, added, removed)
    : compose(NO_COMPOSITION, await listStanding(change, table_version_id), []);
  await setTotals(change, table_version_id, { totals, composition });
}

/** Sets the totals of a table version to zero, as of this commit. */
export async function clearTotals(change: Change, table_version_id: string): Promise<void> {
  if (change.transaction_id !== null) return;
  await setTotals(change, table_version_id, { totals: NO_TOTALS, composition: NO_COMPOSITION });
}

/** Once for a version whose last commit was made before anyone kept it. */
function listStanding(change: Change, table_version_id: string): Promise<CountedDelta[]> {
  return selectCounted(change.queries)
    .where('deltas.table_version_id', '=', table_version_id)
    .where('deltas.from_seq', 'is not', null)
    .where('deltas.to_seq', 'is', null)
    .execute();
}

function totalsOfDeltas(deltas: CountedDelta[]): Totals {
  const totals = { ...NO_TOTALS, delta_count: deltas.length };
  for (const { records, bytes, files } of deltas) {
    totals.total_records += records;
    totals.total_bytes += bytes;
    totals.total_files += files;
  }
  return totals;
}

function compose(before: Composition, added: CountedDelta[], removed: CountedDelta[]): Composition {
  const count = (is: (delta: CountedDelta) => boolean) => added.filter(is).length - removed.filter(is).length;
  const idsOf = (deltas: CountedDelta[]) => deltas.map(({ manifest_id }) => manifest_id);
  return {
    upsert_count: before.upsert_count + count(({ delta_type }) => delta_type === 'upsert'),
    delete_count: before.delete_count + count(({ delta_type }) => delta_type === 'delete'),
    rewrite_count: before.rewrite_count + count(({ author_name }) => author_name === REWRITER),
    fingerprint: fingerprintWith(before.fingerprint, idsOf(added), idsOf(removed)),
  };
}

async function setTotals(
  change: Change,
  table_version_id: string,
  { totals, composition }: KeptTotals & { composition: Composition },
): Promise<void> {
  await upsertTotals(change.queries, { table_version_id, from_seq: change.seq, ...totals, ...composition });
}

type Row = { table_version_id: string; from_seq: number } & Totals & Composition;

/** Two changes of one version within one commit meet in one row. */
const upsertTotals = prepared((queries, row: Row) => {
  const { table_version_id, from_seq, total_records, total_bytes, total_files, delta_count } = row;
  const { upsert_count, delete_count, rewrite_count, fingerprint } = row;
  const totals = { total_records, total_bytes, total_files, delta_count };
  const kept = { ...totals, upsert_count, delete_count, rewrite_count, fingerprint };
  return queries
    .insertInto('totals')
    .values({ table_version_id, from_seq, ...kept })
    .onConflict((conflict) => conflict.columns(['table_version_id', 'from_seq']).doUpdateSet(kept));
});
