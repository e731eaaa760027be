import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Transaction } from './transaction.ts';

/**
 * The transaction that calls belong to because of where they are made: inside the work of `client.transaction(work)`, in
 * whatever it calls and awaits. Each client has its own. Node's storage is loaded when it is first needed, so that a
 * program without such work does without it.
 */
export class Ambient {
  #storage: AsyncLocalStorage<Transaction> | null = null;

  /** The transaction here; null outside of all work. */
  current(): Transaction | null {
    return this.#storage?.getStore() ?? null;
  }

  /** Does some work whose calls belong to a transaction. */
  async run<T>(transaction: Transaction, work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    const { AsyncLocalStorage } = await import('node:async_hooks');
    // Without an await in between: two that run at once must share it.
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(transaction, async () => work(transaction));
  }
}
