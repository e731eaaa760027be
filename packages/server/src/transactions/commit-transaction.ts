import { commitTransaction as commitChanges } from '../commits/commit-transaction.ts';
import type { Handler } from '../context.ts';
import { requireTransaction } from '../snapshots/transactions.ts';
import { closeBoundSessions } from '../writes/bound-sessions.ts';
import { compactCommitted } from '../writes/compact-at-once.ts';
import { answerTransaction } from './transaction-answer.ts';

/**
 * Makes everything that was done in a transaction visible, at once, with the files of the write sessions that were
 * committed in it; those still open are aborted. One that changed nothing, or only read, ends without a commit.
 */
export const commitTransaction: Handler<'commit_transaction'> = async (context, input) => {
  const { transaction_id, transaction_version } = input;
  const { catalog } = await requireTransaction(context, input);
  const { seq } = await commitChanges(context, {
    ...{ catalog, transaction_id, transaction_version, finish: closeBoundSessions },
  });
  if (seq !== null) await compactCommitted(context, { catalog, seq });
  return answerTransaction(context, input);
};
