import { closeTransaction } from '../commits/close-transaction.ts';
import type { ServerContext } from '../context.ts';
import { findTransaction } from '../snapshots/transactions.ts';
import { closeBoundSessions } from '../writes/bound-sessions.ts';

/** How many transactions one look finds. */
const TRANSACTIONS_AT_A_TIME = 100;

/**
 * Ends every open transaction whose time has run out; answers how many. For a loop: what nobody asks for again would
 * stay open otherwise, and its rows would stay in the store.
 */
export async function expireTransactions(context: ServerContext): Promise<number> {
  let ended = 0;
  for (;;) {
    const due = await context.db.reader
      .selectFrom('transactions')
      .select(['transaction_id', 'catalog_id'])
      .where('status', '=', 'RUNNING')
      .where('expires_at_ns', '<=', context.clock.nowNs())
      .orderBy('expires_at_ns')
      .limit(TRANSACTIONS_AT_A_TIME)
      .execute();
    const outcomes = await Promise.all(due.map((transaction) => expireWhereDue(context, transaction)));
    const endedNow = outcomes.filter((isEnded) => isEnded).length;
    // What is due by this server's clock may not be so by the store's, and a heartbeat may have come meanwhile.
    if (endedNow === 0) return ended;
    ended += endedNow;
  }
}

function expireWhereDue(
  context: ServerContext,
  { transaction_id, catalog_id }: { transaction_id: string; catalog_id: string },
): Promise<boolean> {
  return context.db.unit(catalog_id, async (queries, now_ns) => {
    const transaction = await findTransaction(queries, transaction_id);
    if (transaction?.status !== 'RUNNING' || transaction.expires_at_ns > now_ns) return false;
    await closeTransaction(queries, transaction, { status: 'EXPIRED', now_ns, finish: closeBoundSessions });
    return true;
  });
}
