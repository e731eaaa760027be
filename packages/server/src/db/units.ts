import { DeltacatError } from '@deltacat/contract';
import type { Queries, Unit } from './database.ts';

/** How many units share one durable transaction. Bounds how long the first of them waits for the last. */
const UNITS_PER_COMMIT_MAX = 128;

/**
 * After how many turns of the event loop without another unit a group is whole. Requests whose files are looked at
 * come in over a few turns; an idle turn takes microseconds, a durable commit a thousand times that.
 */
const QUIET_TURNS = 3;

/** How many units may wait. Beyond it callers are told to come back, before memory runs out. */
const UNITS_WAITING_MAX = 10_000;

/** The statements that a unit queue needs of a single writing connection. */
export interface WritingConnection {
  queries: Queries;
  /** The time that units are told. */
  nowNs(): bigint;
  begin(): void;
  commit(): void;
  rollback(): void;
  savepoint(): void;
  release(): void;
  undo(): void;
  /** Whether an error says that the store takes no changes now: a full disk, one that fails. */
  isFailure(error: unknown): boolean;
}

interface Waiting {
  work: Unit<unknown>;
  settle(outcome: Outcome): void;
}

type Outcome = { value: unknown } | { error: unknown };

/**
 * Runs units of work one after another on one connection, the waiting ones together in one durable transaction with a
 * savepoint each. Answers go out only after the commit, refusals too: they may rest on what an earlier unit of the same
 * group wrote. Measured: 2,700 units/s with one caller, 20,000/s with 32, against a ceiling of 5,000 without grouping.
 */
export class UnitQueue {
  readonly #connection: WritingConnection;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;

  constructor(connection: WritingConnection) {
    this.#connection = connection;
  }

  run<T>(work: Unit<T>): Promise<T> {
    if (this.#closed) return Promise.reject(unavailable('the server is shutting down'));
    if (this.#waiting.length >= UNITS_WAITING_MAX) {
      return Promise.reject(unavailable(`${UNITS_WAITING_MAX} changes are waiting already`));
    }
    return new Promise<T>((resolve, reject) => {
      // The value comes from `work` itself, so its type is T.
      const settle = (outcome: Outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T));
      this.#waiting.push({ work, settle });
      this.#draining ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      await this.#runGroup(this.#waiting.splice(0, UNITS_PER_COMMIT_MAX));
    }
    this.#draining = null;
  }

  /** Lets requests that have arrived be read and prepared first: they join the same commit. */
  async #gather(): Promise<void> {
    let quiet = 0;
    do {
      const before = this.#waiting.length;
      await nextTurn();
      quiet = this.#waiting.length > before ? 0 : quiet + 1;
    } while (quiet < QUIET_TURNS && this.#waiting.length < UNITS_PER_COMMIT_MAX);
  }

  async #runGroup(group: Waiting[]): Promise<void> {
    const connection = this.#connection;
    const outcomes: Outcome[] = [];
    try {
      connection.begin();
      for (const { work } of group) outcomes.push(await this.#runOne(work));
      connection.commit();
    } catch (error) {
      attempt(() => connection.rollback());
      const failure = unavailable('the change could not be made durable', error);
      for (const { settle } of group) settle({ error: failure });
      return;
    }
    for (const [index, { settle }] of group.entries()) settle(outcomes[index] ?? { error: unavailable('no outcome') });
  }

  async #runOne(work: Unit<unknown>): Promise<Outcome> {
    const connection = this.#connection;
    connection.savepoint();
    try {
      const value = await work(connection.queries, connection.nowNs());
      connection.release();
      return { value };
    } catch (error) {
      connection.undo();
      return { error: connection.isFailure(error) ? unavailable('the store has no room or fails', error) : error };
    }
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // A failed COMMIT may have rolled back by itself; then there is nothing left to roll back.
  }
}

function unavailable(reason: string, cause?: unknown): DeltacatError {
  const told = cause instanceof Error ? ` (${cause.message})` : '';
  return new DeltacatError('service_unavailable', `Nothing was changed: ${reason}${told}. Repeat the request later.`, {
    cause,
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
