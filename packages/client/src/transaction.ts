import { DeltacatError } from '@deltacat/contract';
import { ConcurrentModificationError, RequestError } from './errors.ts';
import { beatInterval, type Heartbeat, startHeartbeat } from './heartbeat.ts';
import type { OperationAnswer, Send } from './send.ts';

/** A transaction as the server told it last. */
export type TransactionState = OperationAnswer<'get_transaction'>;

/** A transaction as calls in it name it. */
export interface SeenTransaction {
  transaction_id: string;
  transaction_version: number;
  catalog: string | null;
}

/** What a transaction is kept with. */
interface TransactionOptions {
  send: Send;
  closing: AbortSignal;
}

/**
 * Changes of any number of tables that become visible together by `commit`, or never. What is read with it is the state
 * at its beginning with its own changes on top. Hand it to calls as `transaction`; changes run one after another, in the
 * order of their calls. Left by `await using` without a commit, it is aborted.
 *
 * ```ts
 * await using tx = await client.transaction({ commit_message: 'backfill' });
 * await client.catalog.write(rows, { namespace: 'robotics', table: 'scores', transaction: tx });
 * await tx.commit();
 * ```
 */
export class Transaction {
  #state: TransactionState;
  readonly #send: Send;
  readonly #closing: AbortSignal;
  #heartbeat: Heartbeat | null = null;
  /** Changes run one after another: each sends the version that the one before it left. */
  #last: Promise<unknown> = Promise.resolve();
  /** Whether an answer was lost, and the version with it. */
  #stale = false;
  /** Whether it is being aborted: changes that still wait are not made any more. */
  #givenUp = false;

  constructor(state: TransactionState, { send, closing }: TransactionOptions) {
    this.#state = state;
    this.#send = send;
    this.#closing = closing;
  }

  /** Everything that the server told of the transaction, with the version that it is at; `get()` asks anew. */
  get state(): TransactionState {
    return this.#state;
  }

  /** The id, by which `client.getTransaction` finds it again. */
  get id(): string {
    return this.#state.transaction_id;
  }

  /** The version seen last; every change raises it. */
  get version(): number {
    return this.#state.transaction_version;
  }

  /** RUNNING, COMMITTED, ABORTED or EXPIRED, as last seen. */
  get status(): TransactionState['status'] {
    return this.#state.status;
  }

  /** The catalog that all its calls go to; null when the server does not tell. */
  get catalog(): string | null {
    return this.#state.catalog ?? null;
  }

  /** Asks the server for the transaction. From then on changes build on those that others made in it. */
  async get(): Promise<TransactionState> {
    return this.#next(() => this.#refresh());
  }

  /**
   * Keeps the transaction alive for another time to live; only needed where the background does not. It tells nothing of
   * changes that others made in it: those show at the next change of one's own.
   */
  async heartbeat(): Promise<TransactionState> {
    const { expires_at, last_heartbeat_at } = await this.look((seen) => this.#send('heartbeat_transaction', seen));
    this.#state = { ...this.#state, expires_at, last_heartbeat_at };
    return this.#state;
  }

  /**
   * Makes everything that was done in it visible, at once. Answers with the `seq` and `committed_at_ns` of the commit,
   * which are null where nothing was changed. Repeated, it answers alike. Rejects with a `ConcurrentModificationError`
   * that names the winner when others changed the same since; the transaction is aborted then.
   */
  async commit(): Promise<TransactionState> {
    return this.#next(async () => {
      if (this.status === 'COMMITTED') return this.#state;
      this.requireOpen();
      this.#end(await this.#send('commit_transaction', this.#seen));
      return this.#state;
    });
  }

  /**
   * Gives the transaction up, with what others did in it: nothing of it becomes visible. Changes that wait for their turn
   * are not made. One that is given up or expired already stays so.
   */
  async abort(reason?: string): Promise<TransactionState> {
    this.#givenUp = true;
    try {
      return await this.#next(async () => {
        if (this.status === 'ABORTED' || this.status === 'EXPIRED') return this.#state;
        this.requireOpen();
        this.#end(await this.#sendAbort(reason ?? null));
        return this.#state;
      });
    } finally {
      this.#givenUp = false;
    }
  }

  /** Aborts the transaction unless it is over, and ends its heartbeat. Where the abort fails, it expires by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.status === 'RUNNING') await this.abort('left without a commit').catch(ignoreRefused);
    this.#heartbeat?.stop();
  }

  /** Keeps the transaction alive in the background from now on, while it is open and somebody holds it. */
  keepAlive(): void {
    if (this.#heartbeat !== null || this.status !== 'RUNNING') return;
    this.#heartbeat = startHeartbeat<Transaction>({
      subject: this,
      interval_ms: beatInterval(this.#state),
      beat: (transaction) => transaction.#beat(),
      signal: this.#closing,
    });
  }

  /** Refuses a transaction that is over, as far as it is known here, with `transaction_closed`. */
  requireOpen(): void {
    if (this.status !== 'RUNNING') throw closed(this.id, this.status);
  }

  /** Makes a call that only reads: it sees what was changed before, and need not wait for what is under way. */
  async look<T>(send: (seen: SeenTransaction) => Promise<T>): Promise<T> {
    this.requireOpen();
    try {
      return await send(this.#seen);
    } catch (error) {
      this.#learn(error);
      throw error;
    }
  }

  /** Makes a change in its turn, and takes over the version that it leaves. */
  async change<T>(send: (seen: SeenTransaction) => Promise<T>): Promise<T> {
    this.requireOpen();
    return this.#next(async () => {
      if (this.#givenUp) throw closed(this.id, 'ABORTED');
      this.requireOpen();
      const answer = await send(this.#seen);
      this.#adopt(answer);
      return answer;
    });
  }

  get #seen(): SeenTransaction {
    return { transaction_id: this.id, transaction_version: this.version, catalog: this.catalog };
  }

  /** Runs something after what runs already. What failed without a refusal may have been done all the same. */
  #next<T>(run: () => Promise<T>): Promise<T> {
    const inTurn = async () => {
      if (this.#stale) await this.#refresh();
      try {
        return await run();
      } catch (error) {
        this.#stale = !isRefusal(error);
        this.#learn(error);
        throw error;
      }
    };
    const result = this.#last.then(inTurn, inTurn);
    this.#last = result;
    return result;
  }

  async #refresh(): Promise<TransactionState> {
    const { transaction_id, catalog } = this.#seen;
    this.#end(await this.#send('get_transaction', { transaction_id, catalog }));
    this.#stale = false;
    return this.#state;
  }

  /** The caller means all of it, at whatever version it is. */
  async #sendAbort(reason: string | null): Promise<TransactionState> {
    try {
      return await this.#send('abort_transaction', { ...this.#seen, reason });
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'transaction_version_mismatch') throw error;
      await this.#refresh();
      return this.#send('abort_transaction', { ...this.#seen, reason });
    }
  }

  /** An answer that was given before, to a repeated operation id, has an older version. */
  #adopt(answer: unknown): void {
    // The contract has these fields in the answer to every change; an older server may leave them out.
    const { transaction_id, transaction_version } = answer as Partial<SeenTransaction>;
    if (transaction_id !== this.id || typeof transaction_version !== 'number') this.#stale = true;
    else this.#state = { ...this.#state, transaction_version: Math.max(this.version, transaction_version) };
  }

  #end(state: TransactionState): void {
    this.#state = state;
    if (this.status !== 'RUNNING') this.#heartbeat?.stop();
  }

  /** Some refusals tell that the transaction is over. */
  #learn(error: unknown): void {
    if (!(error instanceof RequestError) || this.status !== 'RUNNING') return;
    const { transaction_id, status } = error.details;
    if (transaction_id !== this.id) return;
    if (error instanceof ConcurrentModificationError) {
      this.#end({ ...this.#state, status: 'ABORTED', abort_reason: error.message });
    } else if (error.code === 'transaction_closed' && isEnd(status)) {
      this.#end({ ...this.#state, status });
    }
  }

  async #beat(): Promise<boolean> {
    if (this.status !== 'RUNNING') return false;
    try {
      await this.heartbeat();
    } catch (error) {
      // A server that is away may be back before the transaction expires; a refusal stands, and the commit will tell it.
      return error instanceof DeltacatError && error.retryable;
    }
    return true;
  }
}

type End = Exclude<TransactionState['status'], 'RUNNING'>;

const ADVICE: Record<End, string> = {
  COMMITTED: 'Its changes are visible already; make further ones outside of it, or in a new one.',
  ABORTED: 'Nothing of it is visible; open a new one and repeat its changes.',
  EXPIRED: 'It had no heartbeat in time, and nothing of it is visible; open a new one and repeat its changes.',
};

function isEnd(status: unknown): status is End {
  return typeof status === 'string' && status in ADVICE;
}

function closed(transaction_id: string, status: End): DeltacatError {
  const message = `Transaction "${transaction_id}" is ${status}. ${ADVICE[status]}`;
  return new DeltacatError('transaction_closed', message, { transaction_id, status });
}

/** Whether nothing was done for certain: refused here before it was sent, or by the server. */
function isRefusal(error: unknown): boolean {
  if (error instanceof RequestError) return error.status >= 400 && error.status < 500;
  return error instanceof DeltacatError;
}

/** Nothing of a transaction becomes visible without a commit, aborted or not; why it was left must not be lost to that. */
function ignoreRefused(error: unknown): void {
  if (!(error instanceof DeltacatError)) throw error;
}
