import type { Queries } from '../db/database.ts';
import type { Transaction } from '../snapshots/transactions.ts';

/** Runs last inside the step that ends a transaction, so that what it writes holds exactly when that is over. */
export type Finish = (queries: Queries, ended: Transaction) => Promise<void>;

/** How a transaction ends. */
export interface Ending {
  status: Exclude<Transaction['status'], 'RUNNING'>;
  now_ns: bigint;
  abort_reason?: string | null;
  refusal?: Transaction['refusal'];
  seq?: number | null;
  committed_at_ns?: bigint | null;
  finish: Finish;
}

/**
 * Ends an open transaction in one guarded statement. Whatever it wrote without committing it is invisible from then on;
 * a loop removes that. What it listed for its commit is not needed any more.
 */
export async function closeTransaction(
  queries: Queries,
  { transaction_id }: Transaction,
  { finish, now_ns, ...set }: Ending,
): Promise<Transaction> {
  const is_clean = set.status === 'COMMITTED';
  const ended = await queries
    .updateTable('transactions')
    .set((row) => ({
      ...{ ...set, is_clean, finalized_at_ns: now_ns },
      transaction_version: row('transaction_version', '+', 1),
    }))
    .where('transaction_id', '=', transaction_id)
    .where('status', '=', 'RUNNING')
    .returningAll()
    .executeTakeFirst();
  if (!ended) throw new Error(`transaction ${transaction_id} ended within the unit of work that holds it`);
  for (const table of ['endings', 'transaction_touches', 'transaction_events'] as const) {
    await queries.deleteFrom(table).where('transaction_id', '=', transaction_id).execute();
  }
  await finish(queries, ended);
  return ended;
}
