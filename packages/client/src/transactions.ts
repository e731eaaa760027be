import { API, type Endpoint, type OperationName } from '@deltacat/contract';
import { Ambient } from './ambient.ts';
import type { Call } from './bind.ts';
import { takesCatalog } from './request.ts';
import type { OperationAnswer, OperationFields, Send } from './send.ts';
import { type SeenTransaction, Transaction } from './transaction.ts';
import { transactionFor } from './transaction-rules.ts';

/** What a transaction is opened with. */
export interface TransactionOptions {
  /** The catalog of all its calls; the client's, or the server's default, when left out. */
  catalog?: string | undefined;
  /** Read the state of that time, in nanoseconds since 1970. Such a transaction changes nothing. */
  as_of?: bigint | undefined;
  commit_message?: string | undefined;
}

/** How a transaction is found again. */
export interface TransactionName {
  transaction_id: string;
  catalog?: string | null | undefined;
}

/**
 * The transactions of one client, and the calls in them: a call belongs to the transaction that it names, else to the
 * one in whose work it is made, else to none.
 */
export class Transactions {
  /** Sends an operation as it is, whatever transaction it is sent in. */
  readonly send: Send;
  readonly #closing: AbortSignal;
  readonly #ambient = new Ambient();
  readonly #own = new WeakSet<Transaction>();
  /** One handle of each transaction, so that all who use it build on each other's changes. */
  readonly #handles = new Map<string, WeakRef<Transaction>>();
  readonly #forgotten = new FinalizationRegistry<string>((id) => {
    // A later handle of the same transaction stays.
    if (this.#handles.get(id)?.deref() === undefined) this.#handles.delete(id);
  });

  constructor(send: Send, closing: AbortSignal) {
    this.send = send;
    this.#closing = closing;
  }

  /** The transaction in whose work we are; null outside of all work. */
  current(): Transaction | null {
    return this.#ambient.current();
  }

  /** Does some work whose calls belong to a transaction. */
  run<T>(transaction: Transaction, work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    return this.#ambient.run(transaction, work);
  }

  /** Opens a transaction. It is kept alive in the background while somebody holds it. */
  async begin(options: TransactionOptions): Promise<Transaction> {
    const transaction = this.#handle(await this.send('create_transaction', options));
    transaction.keepAlive();
    return transaction;
  }

  /** Finds a transaction as it is now, in whatever state. Nothing keeps it alive until something is written in it. */
  async find({ transaction_id, catalog = null }: TransactionName): Promise<Transaction> {
    const known = this.#handles.get(transaction_id)?.deref();
    if (known && (catalog === null || catalog === known.catalog)) {
      await known.get();
      return known;
    }
    const state = await this.send('get_transaction', { transaction_id, catalog });
    // Someone else may have looked for it meanwhile.
    return this.#handles.get(transaction_id)?.deref() ?? this.#handle(state);
  }

  /** The transaction that a call of an operation belongs to; null for none. Refuses what cannot be meant. */
  transactionFor(op: OperationName, { transaction = null, ...fields }: Given): Transaction | null {
    const isOwn = (asked: Transaction) => this.#own.has(asked);
    return transactionFor(API[op], { fields, explicit: transaction, ambient: this.current(), isOwn });
  }

  /** Calls an operation, in its transaction if it has one. */
  readonly call: Call = async (op, ...[input, options]) => {
    const { transaction: _, ...fields }: Given = { ...input };
    const endpoint: Endpoint = API[op];
    const transaction = this.transactionFor(op, { ...input });
    // The caller's fields, without the one that is not sent, and with those that name the transaction.
    const send = (more: object) => this.send(op, { ...fields, ...more } as OperationFields<typeof op>, options);
    if (transaction === null) return send(this.#defaults(endpoint, fields));
    const sendIn = (seen: SeenTransaction): Promise<OperationAnswer<typeof op>> => send(having(endpoint, seen));
    return isChange(endpoint) ? transaction.change(sendIn) : transaction.look(sendIn);
  };

  /** What is called in the work of a transaction without belonging to it is about the same catalog. */
  #defaults(endpoint: Endpoint, { catalog = null, transaction_id = null }: Record<string, unknown>): object {
    const ambient = this.current();
    const isTold = ambient === null || catalog !== null || transaction_id !== null || !takesCatalog(endpoint);
    return isTold ? {} : { catalog: ambient.catalog };
  }

  #handle(state: OperationAnswer<'get_transaction'>): Transaction {
    const transaction = new Transaction(state, { send: this.send, closing: this.#closing });
    this.#own.add(transaction);
    this.#handles.set(transaction.id, new WeakRef(transaction));
    this.#forgotten.register(transaction, transaction.id);
    return transaction;
  }
}

/** The input of a call, whichever it is. */
type Given = { transaction?: unknown } & Record<string, unknown>;

/** Changes are what can be repeated by an id. */
function isChange({ query, body }: Endpoint): boolean {
  return 'operation_id' in query || 'operation_id' in body;
}

/** Those of some fields that an operation has in its query or body. */
function having({ query, body }: Endpoint, fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field in query || field in body));
}
