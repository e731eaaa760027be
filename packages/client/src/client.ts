import { bind, type Call, type Operations } from './bind.ts';
import { type Catalog, createCatalog, SERVER_OPERATIONS } from './catalog.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { runTransaction, type Work, type WorkOptions } from './run-transaction.ts';
import { sendWith } from './send.ts';
import type { Transaction } from './transaction.ts';
import { type TransactionOptions, Transactions } from './transactions.ts';
import { Transport, type TransportOptions } from './transport.ts';

/** How a client reaches its server, and what its calls are made with unless they say otherwise. */
export interface ClientOptions extends Omit<TransportOptions, 'pause'> {
  /** The catalog of calls that name none; without it, the server's default. */
  catalog?: string | undefined;
  /** Who calls, for servers behind a proxy that vouches for the name; elsewhere a label in the server's records. */
  user_id?: string | undefined;
  /** The token to authenticate with. */
  bearer_token?: string | undefined;
  /** The name of this worker; it owns the write sessions that are found again by `write_key`. A random one by default. */
  worker_id?: string | undefined;
  /** What this worker can do, such as `['gpu']`. */
  worker_tags?: string[] | undefined;
  /** Further headers of every request; they win over the client's own. */
  headers?: Record<string, string> | undefined;
  /** true: trust what the platform trusts. false: trust anyone, for tests. A path: trust the authorities of a PEM file. */
  verify_ssl?: boolean | string | undefined;
  /** Whether redirects are followed. Default true. */
  follow_redirects?: boolean | undefined;
  /** How long to wait for an answer, in seconds, at each attempt. Default 30. */
  timeout?: number | undefined;
  /** The `fetch` to use instead of the platform's, such as one that enters a server of the same process. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** The address of a server that was started without options. */
export const URL_DEFAULT = 'http://localhost:8080';

/**
 * A client of one DeltaCAT server. Every call is a request of its own; nothing is connected until then. Calls reject with
 * a `RequestError` when the server refuses them, and with a `ConnectionError` when no answer comes.
 *
 * ```ts
 * await using client = new Client('http://localhost:8080', { catalog: 'robotics' });
 * const episodes = await client.catalog.read({ namespace: 'robotics', table: 'episodes' });
 * ```
 */
export class Client {
  /** The server's address, without a slash at its end. */
  readonly url: string;
  readonly worker_id: string;
  readonly worker_tags: readonly string[];
  /** Namespaces, tables, and the rows in them. */
  readonly catalog: Catalog;
  /** What the server does in the background, as compactions. */
  readonly jobs: Jobs;
  /** The server itself: whether it is well, and where it is reached. */
  readonly server: Operations<(typeof SERVER_OPERATIONS)[number]>;
  /** Calls any operation of the API by its name, for programs that choose it at run time. */
  readonly call: Call;
  readonly #transactions: Transactions;
  readonly #closing = new AbortController();

  constructor(url: string = URL_DEFAULT, options: ClientOptions = {}) {
    const transport = new Transport(url, options);
    this.url = transport.url;
    this.worker_id = options.worker_id ?? `worker-${crypto.randomUUID().slice(0, 8)}`;
    this.worker_tags = [...(options.worker_tags ?? [])];
    const send = sendWith({ transport, catalog: options.catalog });
    this.#transactions = new Transactions(send, this.#closing.signal);
    this.call = this.#transactions.call;
    this.server = bind(this.call, SERVER_OPERATIONS);
    this.jobs = createJobs(this.call, this.#closing.signal);
    this.catalog = createCatalog({
      transactions: this.#transactions,
      worker_id: this.worker_id,
      closing: this.#closing.signal,
    });
  }

  /**
   * Opens a transaction: changes of any number of tables that become visible together, or not at all. Given work to do,
   * all that is called on this client in it belongs to the transaction, also in what it calls and awaits. It is committed
   * when the work is done, and aborted when that throws; the promise settles as the work did. With `retries` the work is
   * done again, in a new transaction, when it lost against another commit. Rejects with a `ConcurrentModificationError`
   * that names the winner.
   *
   * ```ts
   * await client.transaction({ commit_message: 'nightly', retries: 3 }, async () => {
   *   await client.catalog.write(scores, { namespace: 'robotics', table: 'scores' });
   *   await client.catalog.write(runs, { namespace: 'robotics', table: 'runs' });
   * });
   * ```
   *
   * Without work, it answers a handle: name it in calls as `transaction`, and commit or abort it yourself.
   */
  transaction<T>(work: Work<T>): Promise<T>;
  transaction<T>(options: WorkOptions, work: Work<T>): Promise<T>;
  transaction(options?: TransactionOptions): Promise<Transaction>;
  async transaction<T>(options: WorkOptions | Work<T> = {}, work?: Work<T>): Promise<T | Transaction> {
    if (typeof options === 'function') return runTransaction(this.#transactions, {}, options);
    if (work !== undefined) return runTransaction(this.#transactions, options, work);
    return this.#transactions.begin(options);
  }

  /** Finds a transaction by its id, in whatever state it is, to go on with it. It keeps its catalog. */
  getTransaction(transaction_id: string, { catalog }: { catalog?: string | undefined } = {}): Promise<Transaction> {
    return this.catalog.getTransaction({ transaction_id, catalog });
  }

  /** Ends what runs in the background, such as the heartbeats of write sessions. What they hold is neither committed nor aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
  }
}
