import { idempotency } from '../catalog/idempotency.ts';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import type { Transaction } from '../snapshots/transactions.ts';
import { viewAt } from '../snapshots/view.ts';
import { answerTransaction } from './transaction-answer.ts';

/**
 * Opens a transaction on the newest state of its catalog, or on that of an earlier time, which it only reads. It sees
 * that state with its own changes until it ends, whatever others commit.
 */
export const createTransaction: Handler<'create_transaction'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog);
  const as_of_ns = input.as_of ?? null;
  const then = as_of_ns === null ? null : await viewAt(context, catalog.catalog_id, as_of_ns);
  const { transaction_id } = await commit(context, {
    catalog,
    operation: 'create_transaction',
    idempotency: idempotency(input),
    async decide(change) {
      const base_seq = then?.seq ?? change.view.seq;
      const { commit_message = null } = input;
      const transaction = draftTransaction(change, { base_seq, as_of_ns, commit_message, author: context.user });
      await change.queries.insertInto('transactions').values(transaction).execute();
      return { transaction_id: transaction.transaction_id };
    },
  });
  return answerTransaction(context, { transaction_id, catalog: catalog.name });
};

function draftTransaction(
  change: Change,
  asked: Pick<Transaction, 'base_seq' | 'as_of_ns' | 'commit_message' | 'author'>,
): Transaction {
  const { context, now_ns, view } = change;
  return {
    ...asked,
    transaction_id: context.newId(),
    catalog_id: view.catalog_id,
    status: 'RUNNING',
    transaction_version: 1,
    operation_count: 0,
    created_at_ns: now_ns,
    expires_at_ns: now_ns + context.config.transaction_ttl_ns,
    heartbeat_at_ns: now_ns,
    finalized_at_ns: null,
    abort_reason: null,
    refusal: null,
    seq: null,
    committed_at_ns: null,
    is_clean: false,
  };
}
