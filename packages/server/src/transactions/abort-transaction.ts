import { closeTransaction } from '../commits/close-transaction.ts';
import { requireOpen } from '../commits/stage.ts';
import type { Handler } from '../context.ts';
import { findTransaction, requireTransaction } from '../snapshots/transactions.ts';
import { closeBoundSessions } from '../writes/bound-sessions.ts';
import { answerTransaction } from './transaction-answer.ts';

/** Gives a transaction up: nothing that was done in it becomes visible. One that is given up already stays so. */
export const abortTransaction: Handler<'abort_transaction'> = async (context, input) => {
  const { transaction_id, transaction_version } = input;
  const { catalog } = await requireTransaction(context, input);
  await context.db.unit(catalog.catalog_id, async (queries, now_ns) => {
    const before = await findTransaction(queries, transaction_id);
    if (before?.status === 'ABORTED' || before?.status === 'EXPIRED') return;
    const transaction = await requireOpen(queries, now_ns, { transaction_id, transaction_version });
    const abort_reason = input.reason ?? null;
    await closeTransaction(queries, transaction, {
      status: 'ABORTED',
      now_ns,
      abort_reason,
      finish: closeBoundSessions,
    });
  });
  return answerTransaction(context, input);
};
