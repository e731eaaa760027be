import type { Queries } from '../db/database.ts';
import type { Transaction } from '../snapshots/transactions.ts';
import type { Session } from './session.ts';
import type { SessionResult } from './session-answer.ts';

/** What becomes of the sessions of a transaction when that ends. */
const FATES: Record<
  Exclude<Transaction['status'], 'RUNNING'>,
  Partial<Record<Session['status'], Session['status']>>
> = {
  COMMITTED: { ATTACHED: 'COMMITTED', OPEN: 'ABORTED' },
  ABORTED: { ATTACHED: 'ABORTED', OPEN: 'ABORTED' },
  EXPIRED: { ATTACHED: 'EXPIRED', OPEN: 'EXPIRED' },
};

/**
 * Ends the write sessions of a transaction together with it: those whose files were committed in it become visible or
 * not as it did, and those still open are over.
 */
export async function closeBoundSessions(queries: Queries, ended: Transaction): Promise<void> {
  const { transaction_id, status, seq, committed_at_ns } = ended;
  if (status === 'RUNNING') throw new Error(`transaction ${transaction_id} has not ended`);
  const fates = FATES[status];
  const sessions = await queries
    .selectFrom('write_sessions')
    .select(['session_id', 'status', 'result'])
    .where('transaction_id', '=', transaction_id)
    .where('status', 'in', ['OPEN', 'ATTACHED'])
    .execute();
  for (const session of sessions) {
    const becomes = fates[session.status] ?? session.status;
    // Only the commit of a session writes its result.
    const result = becomes === 'COMMITTED' ? { ...(session.result as SessionResult), seq, committed_at_ns } : null;
    const abort_reason = becomes === 'COMMITTED' ? null : `its transaction is ${status}`;
    await queries
      .updateTable('write_sessions')
      .set((row) => ({ status: becomes, result, abort_reason, session_version: row('session_version', '+', 1) }))
      .where('session_id', '=', session.session_id)
      .where('status', '=', session.status)
      .execute();
  }
}
