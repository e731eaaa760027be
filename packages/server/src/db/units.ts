import { DeltacatError } from '@deltacat/contract';
import type { Queries, Unit } from './database.ts';
import { isPassing, isStoreFailure, OutcomeUnknown } from './failure.ts';

/** How many units share one durable transaction. Bounds how long the first of them waits for the last. */
const UNITS_PER_COMMIT_MAX = 128;

/**
 * After how many turns of the event loop without another unit a group is whole. Requests whose files are looked at
 * come in over a few turns; an idle turn takes microseconds, a durable commit a thousand times that.
 */
const QUIET_TURNS = 3;

/** How many units may wait. Beyond it callers are told to come back, before memory runs out. */
const UNITS_WAITING_MAX = 10_000;

/** How often a group is tried: a lost connection or a deadlock is nothing that its callers could mend. */
const ATTEMPTS_MAX = 3;

/** A durable transaction that has begun, in which a group of units takes turns. */
export interface GroupTransaction {
  queries: Queries;
  /** The time that a unit is told. */
  nowNs(): bigint;
  savepoint(): void | Promise<void>;
  /** Keeps what was done since the savepoint. */
  release(): void | Promise<void>;
  /** Takes back what was done since the savepoint. */
  undo(): void | Promise<void>;
  /** Makes everything durable. Throws `OutcomeUnknown` when that may have happened and may not. */
  commit(): void | Promise<void>;
  /** Ends a transaction that is not to be, or that failed to be committed; never throws. */
  abandon(): void | Promise<void>;
}

interface Waiting {
  work: Unit<unknown>;
  settle(outcome: Outcome): void;
}

type Outcome = { value: unknown } | { error: unknown };

/**
 * Runs units of work one after another, the waiting ones together in one durable transaction with a savepoint each.
 * Answers go out only after the commit, refusals too: they may rest on what an earlier unit of the same group wrote.
 * Measured on SQLite: 2,700 units/s with one caller, 20,000/s with 32, against a ceiling of 5,000 without grouping.
 */
export class UnitQueue {
  readonly #begin: () => GroupTransaction | Promise<GroupTransaction>;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;

  constructor(begin: () => GroupTransaction | Promise<GroupTransaction>) {
    this.#begin = begin;
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
    const outcomes = await this.#commitGroup(group).catch((error: unknown) => ({ error: refusalOf(error) }));
    for (const [index, { settle }] of group.entries()) {
      settle(Array.isArray(outcomes) ? (outcomes[index] ?? { error: unavailable('no outcome') }) : outcomes);
    }
  }

  /** Nothing of an attempt that failed was made durable, so the group may begin anew. */
  async #commitGroup(group: Waiting[]): Promise<Outcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#tryGroup(group);
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !isPassing(error)) throw error;
      }
    }
  }

  async #tryGroup(group: Waiting[]): Promise<Outcome[]> {
    const transaction = await this.#begin();
    try {
      const outcomes: Outcome[] = [];
      for (const { work } of group) outcomes.push(await runOne(transaction, work));
      await transaction.commit();
      return outcomes;
    } catch (error) {
      await transaction.abandon();
      throw error;
    }
  }
}

async function runOne(transaction: GroupTransaction, work: Unit<unknown>): Promise<Outcome> {
  await transaction.savepoint();
  try {
    const value = await work(transaction.queries, transaction.nowNs());
    await transaction.release();
    return { value };
  } catch (error) {
    if (isPassing(error)) throw error;
    await transaction.undo();
    return { error: isStoreFailure(error) ? unavailable('the store has no room or fails', error) : error };
  }
}

function refusalOf(error: unknown): DeltacatError {
  if (!(error instanceof OutcomeUnknown)) return unavailable('the change could not be made durable', error);
  const message =
    `Whether the change was made is not known: ${error.message}. ` +
    'Look whether it is there, or repeat the request with the same operation_id, which is done once only.';
  return new DeltacatError('service_unavailable', message, { cause: error });
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
