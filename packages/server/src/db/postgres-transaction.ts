import { escapeLiteral } from 'pg';
import type { Queries } from './database.ts';
import { ConnectionLost, isLeaving, OutcomeUnknown } from './failure.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { Pipeline } from './postgres-pipeline.ts';
import type { GroupTransaction } from './units.ts';

/** How long a group waits for the groups of other servers on the same catalog. */
const LOCK_TIMEOUT_MS = 20_000;

/** After how long the database ends a transaction whose server has gone silent, so that others need not wait for it. */
const IDLE_TIMEOUT_MS = 15_000;

const NANOSECONDS_PER_MICROSECOND = 1_000n;

/** What a group of units needs of the store. */
export interface GroupOptions {
  catalog_id: string;
  /** Makes queries run over the statements of the group. */
  queriesOn(pipeline: Pipeline): Queries;
  /** A clock to go by instead of the database's. */
  nowNs: (() => bigint) | null;
}

/**
 * Begins the transaction of a group: the row of the catalog's head is locked first of all, so that the groups of all
 * servers on one catalog come one after another, and the time is read under the lock, so that it rises with them. What is
 * committed is on disk then, whatever the database is set to. All of it is one message to the database, and so is what
 * parts two units.
 */
export async function beginGroup(connection: PostgresConnection, options: GroupOptions): Promise<GroupTransaction> {
  const { catalog_id, queriesOn, nowNs } = options;
  const { now_us } = await opening(
    connection,
    `begin isolation level read committed;
    set local lock_timeout = ${LOCK_TIMEOUT_MS};
    set local idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS};
    select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off';
    select catalog_id from catalogs where catalog_id = ${escapeLiteral(catalog_id)} for update;
    savepoint unit;
    select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now_us`,
  );
  const now_ns = BigInt(String(now_us)) * NANOSECONDS_PER_MICROSECOND;
  const pipeline = new Pipeline(connection);
  let isFresh = true;
  return {
    queries: queriesOn(pipeline),
    nowNs: nowNs ?? (() => now_ns),
    async savepoint() {
      if (!isFresh) await pipeline.send('release savepoint unit; savepoint unit');
      isFresh = false;
    },
    // The next savepoint or the end of the transaction keeps what was done.
    release: () => pipeline.settle(),
    async undo() {
      await pipeline.forget();
      await connection.script('rollback to savepoint unit');
    },
    async commit() {
      await commit(connection);
      connection.release();
    },
    async abandon() {
      await pipeline.forget();
      const isOver = await connection.script('rollback').then(
        () => true,
        () => false,
      );
      connection.release(!isOver);
    },
  };
}

/** Nothing is begun where this fails, so there is nothing to abandon: the connection goes at once. */
async function opening(connection: PostgresConnection, script: string): Promise<Record<string, unknown>> {
  try {
    return await connection.script(script);
  } catch (error) {
    connection.release(true);
    throw error;
  }
}

async function commit(connection: PostgresConnection): Promise<void> {
  if (connection.isLost) throw new ConnectionLost(new Error('it was closed'), true);
  const { command } = await connection.script('commit').catch((error: unknown) => {
    throw isLeaving(error) && error instanceof Error ? new OutcomeUnknown(error.message, { cause: error }) : error;
  });
  if (command === 'ROLLBACK') throw new Error('the transaction had failed before');
}
