import type { TransactionAnswer } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { requireTransaction, type Transaction } from '../snapshots/transactions.ts';

/** A transaction as it is answered. Throws `transaction_not_found`. */
export async function answerTransaction(
  context: ServerContext,
  named: { transaction_id: string; catalog?: string | null | undefined },
): Promise<TransactionAnswer> {
  const { catalog, transaction } = await requireTransaction(context, named);
  const sessions = await boundSessions(context.db.reader, [transaction.transaction_id]);
  const isDue = transaction.status === 'RUNNING' && transaction.expires_at_ns <= context.clock.nowNs();
  const seen = isDue ? { ...transaction, status: 'EXPIRED' as const } : transaction;
  return describeTransaction(seen, { catalog: catalog.name, sessions: sessions.get(transaction.transaction_id) ?? [] });
}

/** The ids of the write sessions that were opened in some transactions, oldest first. */
export async function boundSessions(queries: Queries, transaction_ids: string[]): Promise<Map<string, string[]>> {
  if (transaction_ids.length === 0) return new Map();
  const rows = await queries
    .selectFrom('write_sessions')
    .select(['session_id', 'transaction_id'])
    .where('transaction_id', 'in', transaction_ids)
    .orderBy('created_at_ns')
    .orderBy('session_id')
    .execute();
  const found = new Map<string, string[]>();
  for (const { session_id, transaction_id } of rows) {
    const id = transaction_id ?? '';
    found.set(id, [...(found.get(id) ?? []), session_id]);
  }
  return found;
}

/** A transaction in the words of the API. */
export function describeTransaction(
  transaction: Transaction,
  of: { catalog: string; sessions: string[] },
): TransactionAnswer {
  const { transaction_id, transaction_version, status, commit_message, abort_reason, author } = transaction;
  const { base_seq, seq, committed_at_ns, operation_count } = transaction;
  return {
    ...{ transaction_id, transaction_version, status, commit_message, abort_reason, author },
    ...{ base_seq, seq, committed_at_ns, operation_count },
    created_at: transaction.created_at_ns,
    expires_at: transaction.expires_at_ns,
    last_heartbeat_at: transaction.heartbeat_at_ns,
    finalized_at: transaction.finalized_at_ns,
    as_of: transaction.as_of_ns,
    catalog: of.catalog,
    bound_write_sessions: of.sessions,
    finalization_state: status === 'COMMITTED' ? 'COMMITTED' : null,
    // Only a heartbeat gives credentials anew.
    refreshed_credentials_by_session: null,
  };
}
