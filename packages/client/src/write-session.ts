import { DeltacatError, type WriteEntry } from '@deltacat/contract';
import { ConnectionError } from './errors.ts';
import { beatInterval, type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { newOperationId } from './request.ts';
import type { OperationAnswer, OperationFields } from './send.ts';
import type { Transaction } from './transaction.ts';
import type { Transactions } from './transactions.ts';

/** A write session as the server told it last: where to put files, what they must look like, and what became of them. */
export type WriteSessionState = OperationAnswer<'create_write_session'>;

/** Facts of a file, beside its path. */
export type EntryFacts = Omit<WriteEntry, 'path'>;

/** What may be said with a commit. */
export interface SessionCommitOptions {
  /** The same id with the same entries is committed once; each session has one of its own when left out. */
  operation_id?: string;
  commit_message?: string;
}

/** What a session is kept with. */
interface WriteSessionOptions {
  transactions: Transactions;
  /** The transaction that it was opened in; null for none, and where it is not known yet. */
  transaction: Transaction | null;
  /** Whether it is kept alive in the background. */
  heartbeat: boolean;
  closing?: AbortSignal | undefined;
}

/** The session as every call on it names it. */
interface SessionVersion {
  session_id: string;
  session_version: number;
  catalog: string | null;
}

/**
 * A folder to put files in, which become visible all at once by `commit`, or never. While it is open and you hold it, it
 * is kept alive in the background. Left by `await using` without a commit, it is aborted. One of a transaction lives as long
 * as that, and its files become visible with it.
 *
 * ```ts
 * await using session = await client.catalog.stage({ namespace: 'robotics', table: 'frames', mode: 'add' });
 * await writeFile(session.pathFor('a.parquet'), bytes);
 * await session.commit([session.entryFor('a.parquet', { record_count: 1024 })]);
 * ```
 */
export class WriteSession {
  #state: WriteSessionState;
  readonly #transactions: Transactions;
  readonly #transaction: Transaction | null;
  readonly #heartbeat: Heartbeat | null;
  /** Calls of one session run one after another: each sends the version that the one before it left. */
  #last: Promise<unknown> = Promise.resolve();
  /** Whether an answer was lost, and the version with it. */
  #stale = false;
  /** A session is committed once, so that one id serves every attempt. */
  readonly #operation_id = newOperationId();

  constructor(state: WriteSessionState, options: WriteSessionOptions) {
    const { heartbeat, closing } = options;
    this.#state = state;
    this.#transactions = options.transactions;
    this.#transaction = options.transaction;
    const beat = (session: WriteSession) => session.#beat();
    this.#heartbeat =
      heartbeat && state.status === 'OPEN'
        ? startHeartbeat<WriteSession>({ subject: this, interval_ms: beatInterval(state), beat, signal: closing })
        : null;
  }

  /** Everything that the server tells of the session. */
  get state(): WriteSessionState {
    return this.#state;
  }

  /** The session's id, by which `getWriteSession` finds it again. */
  get session_id(): string {
    return this.#state.session_id;
  }

  /** OPEN, ATTACHED, COMMITTED, ABORTED or EXPIRED, as last seen. */
  get status(): WriteSessionState['status'] {
    return this.#state.status;
  }

  /** The folder to put files in: an absolute local path or a URI. */
  get data_dir(): string {
    return this.#state.data_dir;
  }

  /** The path of a file of this session. */
  pathFor(relative_path: string): string {
    return `${this.data_dir.replace(/\/+$/, '')}/${relative_path.replace(/^\/+/, '')}`;
  }

  /** An entry for `commit`: a file of this session by its path below `data_dir`. Facts left out are looked up by the server. */
  entryFor(relative_path: string, facts: EntryFacts = {}): WriteEntry {
    return { content_type: this.#state.format, ...facts, path: this.pathFor(relative_path) };
  }

  /** Keeps the session alive for another time to live; only needed where the background does not. */
  async heartbeat(): Promise<WriteSessionState> {
    return this.#next((version) => this.#transactions.send('heartbeat_write_session', version));
  }

  /**
   * Makes the files visible, all at once; in a transaction, with that. Answers with the totals, `seq` and `committed_at_ns` of the commit. An answer
   * that is lost on its way is asked for again: nothing is committed twice. Rejects, among others, with
   * `entry_outside_session`, `schema_mismatch`, `write_session_closed` and `ConcurrentModificationError`.
   */
  async commit(entries: WriteEntry[], options: SessionCommitOptions = {}): Promise<WriteSessionState> {
    const { operation_id = this.#operation_id, commit_message = null } = options;
    this.#refuseOutside();
    return this.#next((version) => this.#commit({ ...version, entries, operation_id, commit_message }));
  }

  /** Gives the session up: nothing of it becomes visible. */
  async abort(reason?: string): Promise<WriteSessionState> {
    return this.#next((version) =>
      this.#transactions.send('abort_write_session', { ...version, reason: reason ?? null }),
    );
  }

  /**
   * Aborts the session unless it was committed or aborted, and ends its heartbeat. Where the abort fails, the session
   * expires by itself.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#heartbeat?.stop();
    await this.#last.catch(() => {}); // whoever made that call has its error
    if (this.status === 'OPEN') await this.abort('left without a commit').catch(ignoreRefused);
  }

  async #commit(fields: OperationFields<'commit_write_session'>): Promise<WriteSessionState> {
    const { transaction_id, catalog } = this.#state;
    const send = (more: object) => this.#transactions.send('commit_write_session', { ...fields, ...more });
    if (!transaction_id) return send({});
    // Whoever found the session alone does not know what was changed in its transaction since.
    const transaction = this.#transaction ?? (await this.#transactions.find({ transaction_id, catalog }));
    return transaction.change(({ transaction_version }) => send({ transaction_version }));
  }

  /** Its commit would be done at once, in the midst of work that is done together. */
  #refuseOutside(): void {
    const ambient = this.#transactions.current();
    if (ambient === null || this.#state.transaction_id) return;
    throw new DeltacatError(
      'not_transactional',
      `Write session "${this.session_id}" was opened outside of transaction "${ambient.id}" and cannot be committed inside. Stage it inside, or commit it before the transaction or after it.`,
      { session_id: this.session_id, transaction_id: ambient.id },
    );
  }

  async #beat(): Promise<boolean> {
    if (this.status !== 'OPEN') return false;
    try {
      await this.heartbeat();
    } catch (error) {
      // A server that is away may be back before the session expires; a refusal stands, and the commit will tell it.
      return error instanceof DeltacatError && error.retryable;
    }
    return this.status === 'OPEN';
  }

  #next(send: (version: SessionVersion) => Promise<WriteSessionState>): Promise<WriteSessionState> {
    const run = async () => {
      if (this.#stale) await this.#refresh();
      try {
        const { session_id, session_version, catalog } = this.#state;
        this.#state = await send({ session_id, session_version, catalog: catalog ?? null });
      } catch (error) {
        this.#stale = error instanceof ConnectionError;
        throw error;
      }
      if (this.status !== 'OPEN') this.#heartbeat?.stop();
      return this.#state;
    };
    const result = this.#last.then(run, run);
    this.#last = result;
    return result;
  }

  async #refresh(): Promise<void> {
    const { session_id, catalog } = this.#state;
    this.#state = await this.#transactions.send('get_write_session', { session_id, catalog: catalog ?? null });
    this.#stale = false;
  }
}

/** Nothing of a session becomes visible without a commit, aborted or not; why it was left must not be lost to that. */
function ignoreRefused(error: unknown): void {
  if (!(error instanceof DeltacatError)) throw error;
}
