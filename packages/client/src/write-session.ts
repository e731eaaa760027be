import { DeltacatError, type WriteEntry } from '@deltacat/contract';
import type { Call } from './bind.ts';
import { ConnectionError } from './errors.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { newOperationId } from './request.ts';
import type { OperationAnswer } from './send.ts';

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
  call: Call;
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

const NS_PER_MS = 1_000_000n;
/** Three chances before the session expires. */
const BEATS_PER_LIFETIME = 3n;
const INTERVAL_MIN_MS = 100;
/** The official client's interval, and well below what a timer can hold. */
const INTERVAL_MAX_MS = 15 * 60 * 1_000;

/**
 * A folder to put files in, which become visible all at once by `commit`, or never. While it is open and you hold it, it
 * is kept alive in the background. Left by `await using` without a commit, it is aborted.
 *
 * ```ts
 * await using session = await client.catalog.stage({ namespace: 'robotics', table: 'frames', mode: 'add' });
 * await writeFile(session.pathFor('a.parquet'), bytes);
 * await session.commit([session.entryFor('a.parquet', { record_count: 1024 })]);
 * ```
 */
export class WriteSession {
  #state: WriteSessionState;
  readonly #call: Call;
  readonly #heartbeat: Heartbeat | null;
  /** Calls of one session run one after another: each sends the version that the one before it left. */
  #last: Promise<unknown> = Promise.resolve();
  /** Whether an answer was lost, and the version with it. */
  #stale = false;
  /** A session is committed once, so that one id serves every attempt. */
  readonly #operation_id = newOperationId();

  constructor(state: WriteSessionState, { call, heartbeat, closing }: WriteSessionOptions) {
    this.#state = state;
    this.#call = call;
    const beat = (session: WriteSession) => session.#beat();
    this.#heartbeat =
      heartbeat && state.status === 'OPEN'
        ? startHeartbeat<WriteSession>({ subject: this, interval_ms: intervalOf(state), beat, signal: closing })
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
    return this.#next((version) => this.#call('heartbeat_write_session', version));
  }

  /**
   * Makes the files visible, all at once. Answers with the totals, `seq` and `committed_at_ns` of the commit. An answer
   * that is lost on its way is asked for again: nothing is committed twice. Rejects, among others, with
   * `entry_outside_session`, `schema_mismatch`, `write_session_closed` and `ConcurrentModificationError`.
   */
  async commit(entries: WriteEntry[], options: SessionCommitOptions = {}): Promise<WriteSessionState> {
    const { operation_id = this.#operation_id, commit_message = null } = options;
    return this.#next((version) =>
      this.#call('commit_write_session', { ...version, entries, operation_id, commit_message }),
    );
  }

  /** Gives the session up: nothing of it becomes visible. */
  async abort(reason?: string): Promise<WriteSessionState> {
    return this.#next((version) => this.#call('abort_write_session', { ...version, reason: reason ?? null }));
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
    this.#state = await this.#call('get_write_session', { session_id, catalog: catalog ?? null });
    this.#stale = false;
  }
}

function intervalOf({ expires_at, last_heartbeat_at }: WriteSessionState): number {
  const interval = Number((expires_at - last_heartbeat_at) / NS_PER_MS / BEATS_PER_LIFETIME);
  return Math.min(INTERVAL_MAX_MS, Math.max(INTERVAL_MIN_MS, interval));
}

/** Nothing of a session becomes visible without a commit, aborted or not; why it was left must not be lost to that. */
function ignoreRefused(error: unknown): void {
  if (!(error instanceof DeltacatError)) throw error;
}
