import { keepAlive } from '../commits/stage.ts';
import type { Handler } from '../context.ts';
import { requireTransaction, versionMismatch } from '../snapshots/transactions.ts';
import { regrantSessions } from '../writes/session-grant.ts';
import { answerTransaction } from './transaction-answer.ts';

/** Keeps a transaction alive, and the credentials of its open write sessions. Its caller may be behind other changes of it, because this changes nothing in it. */
export const heartbeatTransaction: Handler<'heartbeat_transaction'> = async (context, input) => {
  const { transaction_id, transaction_version } = input;
  const { catalog } = await requireTransaction(context, input);
  await context.db.unit(catalog.catalog_id, async (queries, now_ns) => {
    const transaction = await keepAlive(context, { queries, now_ns }, transaction_id);
    if (transaction_version > transaction.transaction_version) throw versionMismatch(transaction, transaction_version);
  });
  const refreshed_credentials_by_session = await regrantSessions(context, { catalog, transaction_id });
  return { ...(await answerTransaction(context, input)), refreshed_credentials_by_session };
};
