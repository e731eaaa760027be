import { DeltacatError } from '@deltacat/contract';
import { ConcurrentModificationError } from './errors.ts';
import { pauseBeforeRerun } from './retry.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionOptions, Transactions } from './transactions.ts';

/** What is done in a transaction. */
export type Work<T> = (transaction: Transaction) => T | Promise<T>;

/** What a transaction is opened with that some work is done in. */
export interface WorkOptions extends TransactionOptions {
  /** How often the work is done again, in a new transaction, after one that lost against another commit. Default 0. */
  retries?: number | undefined;
}

/** The most times that some work may be done again. */
const RETRIES_MAX = 100;
/** Long reasons, such as those of parsers, are cut off. */
const REASON_LENGTH_MAX = 1_000;

/** Does some work in a transaction of its own, and commits it: see `Client.transaction`. */
export async function runTransaction<T>(
  transactions: Transactions,
  { retries = 0, ...options }: WorkOptions,
  work: Work<T>,
): Promise<T> {
  refuseNested(transactions.current());
  if (!Number.isInteger(retries) || retries < 0 || retries > RETRIES_MAX) {
    throw new DeltacatError('invalid_input', `retries is ${retries}; give a whole number from 0 to ${RETRIES_MAX}.`);
  }
  for (let done = 1; ; done += 1) {
    try {
      return await runOnce(transactions, options, work);
    } catch (error) {
      if (!(error instanceof ConcurrentModificationError) || !error.retryable || done > retries) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseBeforeRerun(done)));
  }
}

async function runOnce<T>(transactions: Transactions, options: TransactionOptions, work: Work<T>): Promise<T> {
  const transaction = await transactions.begin(options);
  let result: T;
  try {
    result = await transactions.run(transaction, work);
  } catch (error) {
    // Nothing of it becomes visible, aborted or not; why it failed must not be lost to an abort that fails too.
    await transaction.abort(reasonOf(error)).catch(() => {});
    throw error;
  }
  // Work that has ended its transaction itself meant it.
  if (transaction.status === 'RUNNING') await transaction.commit();
  return result;
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll('\u0000', '').slice(0, REASON_LENGTH_MAX);
}

function refuseNested(outer: Transaction | null): void {
  if (outer?.status !== 'RUNNING') return;
  throw new DeltacatError(
    'invalid_request',
    `Transaction "${outer.id}" is open here already, and its work cannot have another inside. Make the calls in it directly, or open one of their own: const tx = await client.transaction(), and transaction: tx in each call.`,
    { transaction_id: outer.id },
  );
}
