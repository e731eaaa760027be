import { DeltacatError } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';
import type { OutboxEvent } from '../events/outbox.ts';
import {
  findTransaction,
  refuseClosed,
  type SeenTransaction,
  type Transaction,
  versionMismatch,
} from '../snapshots/transactions.ts';
import type { Change } from './change.ts';
import type { Touch, TouchKind } from './touches.ts';

/**
 * Takes an open transaction for one more change: its version rises, and it lives for another time to live. Throws
 * `transaction_closed`, `transaction_version_mismatch`, and `read_only_transaction` for one that reads an earlier time.
 */
export async function advanceTransaction(
  context: ServerContext,
  { queries, now_ns }: { queries: Queries; now_ns: bigint },
  seen: SeenTransaction,
): Promise<Transaction> {
  const transaction = await requireOpen(queries, now_ns, seen);
  const { transaction_id, transaction_version } = transaction;
  if (transaction.as_of_ns !== null) throw readOnly(transaction);
  const advanced = await queries
    .updateTable('transactions')
    .set((row) => ({
      transaction_version: row('transaction_version', '+', 1),
      operation_count: row('operation_count', '+', 1),
      heartbeat_at_ns: now_ns,
      expires_at_ns: now_ns + context.config.transaction_ttl_ns,
    }))
    .where('transaction_id', '=', transaction_id)
    .where('status', '=', 'RUNNING')
    .where('transaction_version', '=', transaction_version)
    .returningAll()
    .executeTakeFirst();
  if (!advanced) throw new Error(`transaction ${transaction_id} changed within the unit of work that holds it`);
  return advanced;
}

/** Gives an open transaction another time to live. Its version stays: nothing in it has changed. */
export async function keepAlive(
  context: ServerContext,
  { queries, now_ns }: { queries: Queries; now_ns: bigint },
  transaction_id: string,
): Promise<Transaction> {
  await requireOpen(queries, now_ns, { transaction_id, transaction_version: null });
  return queries
    .updateTable('transactions')
    .set({ heartbeat_at_ns: now_ns, expires_at_ns: now_ns + context.config.transaction_ttl_ns })
    .where('transaction_id', '=', transaction_id)
    .where('status', '=', 'RUNNING')
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** An open transaction at the version that its caller has seen. */
export async function requireOpen(queries: Queries, now_ns: bigint, seen: SeenTransaction): Promise<Transaction> {
  const transaction = await findTransaction(queries, seen.transaction_id);
  if (!transaction) throw new Error(`transaction ${seen.transaction_id} is gone`);
  refuseClosed(transaction, now_ns);
  const sent = seen.transaction_version ?? transaction.transaction_version;
  if (sent !== transaction.transaction_version) throw versionMismatch(transaction, sent);
  return transaction;
}

function readOnly({ transaction_id, as_of_ns }: Transaction): DeltacatError {
  return new DeltacatError(
    'read_only_transaction',
    `Transaction "${transaction_id}" reads the state of ${as_of_ns} and cannot change anything. Open one without as_of.`,
    { transaction_id },
  );
}

/** Keeps what a change touches and the events that it leaves until the commit of its transaction. */
export async function stageChange(change: Change, { transaction_id }: Transaction): Promise<void> {
  const { queries, touches, events } = change;
  const touched = touches.map(({ object_id, kind, partition_id = null }) => ({
    ...{ transaction_id, object_id, kind, partition_id },
  }));
  await insertRows(queries, 'transaction_touches', touched);
  const left = events.map(({ kind, payload }) => ({ transaction_id, kind, payload }));
  await insertRows(queries, 'transaction_events', left);
}

/** What an open transaction touches, and the events that it leaves: the change-set of its commit. */
export async function listStaged(
  queries: Queries,
  transaction_id: string,
): Promise<{ touches: Touch[]; events: OutboxEvent[] }> {
  const touched = await queries
    .selectFrom('transaction_touches')
    .select(['object_id', 'kind', 'partition_id'])
    .distinct()
    .where('transaction_id', '=', transaction_id)
    .execute();
  const events = await queries
    .selectFrom('transaction_events')
    .select(['kind', 'payload'])
    .where('transaction_id', '=', transaction_id)
    .orderBy('event_id')
    .execute();
  // Only stageChange writes them.
  return { touches: touched.map((touch) => ({ ...touch, kind: touch.kind as TouchKind })), events };
}
