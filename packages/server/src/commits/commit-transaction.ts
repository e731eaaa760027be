import { DeltacatError } from '@deltacat/contract';
import type { RequestContext } from '../context.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { readHead } from '../snapshots/head.ts';
import { findTransaction, type SeenTransaction, type Transaction } from '../snapshots/transactions.ts';
import { Change } from './change.ts';
import { closeTransaction, type Finish } from './close-transaction.ts';
import { publishTransaction } from './publish-transaction.ts';
import { recordCommit } from './record.ts';
import { listStaged, requireOpen } from './stage.ts';
import { findLoss } from './transaction-loss.ts';

/** What is committed. */
export interface TransactionCommit extends SeenTransaction {
  catalog: Catalog;
  finish: Finish;
}

/**
 * Commits a transaction: refuses it when another commit since the state that it sees touched what it touches, and else
 * makes everything that it wrote visible under one number. A transaction that lost is over: it is aborted in the same
 * durable step, and throws `concurrent_modification`. Repeated, either is answered alike.
 */
export async function commitTransaction(context: RequestContext, request: TransactionCommit): Promise<Transaction> {
  const { catalog, transaction_id, finish } = request;
  const outcome = await context.db.unit(catalog.catalog_id, async (queries, now_ns): Promise<Outcome> => {
    const before = await findTransaction(queries, transaction_id);
    if (before?.status === 'COMMITTED') return { transaction: before, refusal: null };
    if (before?.refusal) return { transaction: before, refusal: refusedBefore(before.refusal) };
    const transaction = await requireOpen(queries, now_ns, request);
    const head = await readHead(queries, catalog.catalog_id);
    const change = new Change(context, { queries, catalog, head, now_ns, transaction: null });
    const staged = await listStaged(queries, transaction_id);
    change.touch(...staged.touches);
    for (const { kind, payload } of staged.events) change.event(kind, payload);
    const refusal = await findLoss(change, transaction);
    if (!refusal) return { transaction: await publish(change, transaction, finish), refusal };
    const { message, details } = refusal;
    const aborted = { status: 'ABORTED' as const, now_ns, abort_reason: message, refusal: { message, details } };
    return { transaction: await closeTransaction(queries, transaction, { ...aborted, finish }), refusal };
  });
  if (outcome.refusal) throw outcome.refusal;
  return outcome.transaction;
}

function refusedBefore({ message, details }: NonNullable<Transaction['refusal']>): DeltacatError {
  return new DeltacatError('concurrent_modification', message, details);
}

interface Outcome {
  transaction: Transaction;
  refusal: DeltacatError | null;
}

async function publish(change: Change, transaction: Transaction, finish: Finish): Promise<Transaction> {
  const { queries, now_ns, place } = change;
  const { transaction_id, commit_message: message, author } = transaction;
  if (!change.isEmpty) {
    await publishTransaction({ change, transaction_id });
    await recordCommit(change, { operation: 'commit_transaction', message, author, transaction_id });
  }
  return closeTransaction(queries, transaction, { status: 'COMMITTED', now_ns, ...place, finish });
}
