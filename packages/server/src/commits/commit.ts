import { createHash } from 'node:crypto';
import { canonicalJson, DeltacatError } from '@deltacat/contract';
import type { RequestContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { type Head, readHead } from '../snapshots/head.ts';
import type { SeenTransaction } from '../snapshots/transactions.ts';
import { Change } from './change.ts';
import { recordCommit } from './record.ts';
import { advanceTransaction, stageChange } from './stage.ts';

/** What a caller wants to make visible, all at once. */
export interface CommitRequest<T extends object> {
  catalog: Catalog;
  /** The transaction that it is a part of; then it becomes visible with that. */
  transaction?: SeenTransaction | null;
  /** The operation's name, for the commit log. */
  operation: string;
  message?: string | null | undefined;
  /** With an id the operation is done once; `payload` tells a repetition from another use of the same id. */
  idempotency?: { operation_id: string; payload: unknown } | null;
  /** Reads the state and writes the change, inside the unit of work: it awaits nothing but its own queries. */
  decide(change: Change): Promise<T>;
}

/**
 * An answer with its place in the catalog's history, which is null when there was nothing to change and inside a
 * transaction; there it has the version that the transaction is at now.
 */
export type Committed<T> = T & {
  seq: number | null;
  committed_at_ns: bigint | null;
  transaction_id?: string;
  transaction_version?: number;
};

/**
 * The one commit point: the only code that advances a catalog. Takes the head, answers a repeated operation as before,
 * lets the caller decide, and writes rows, commit, change-set, events and answer in one durable unit. A part of a
 * transaction is decided on what that sees, and written as its uncommitted work.
 */
export async function commit<T extends object>(
  context: RequestContext,
  request: CommitRequest<T>,
): Promise<Committed<T>> {
  const payload_hash = request.idempotency ? hashPayload(request.operation, request.idempotency.payload) : null;
  const { catalog } = request;
  return context.db.unit(catalog.catalog_id, async (queries, now_ns) => {
    const head = await readHead(queries, catalog.catalog_id);
    const repeated = await findAnswer<T>(queries, request, payload_hash);
    if (repeated) return repeated;

    const state = { queries, catalog, head, now_ns };
    const committed = request.transaction
      ? await decideInTransaction(context, state, { ...request, transaction: request.transaction })
      : await decideAlone(context, state, request);
    if (request.idempotency && payload_hash !== null) {
      const { operation_id } = request.idempotency;
      await rememberAnswer(queries, { catalog, operation_id, payload_hash, committed, now_ns });
    }
    return committed;
  });
}

interface State {
  queries: Queries;
  catalog: Catalog;
  head: Head;
  now_ns: bigint;
}

async function decideAlone<T extends object>(
  context: RequestContext,
  state: State,
  request: CommitRequest<T>,
): Promise<Committed<T>> {
  const change = new Change(context, { ...state, transaction: null });
  const answer = await request.decide(change);
  const { operation, message = null } = request;
  if (!change.isEmpty) await recordCommit(change, { operation, message, author: context.user });
  return { ...answer, ...change.place };
}

async function decideInTransaction<T extends object>(
  context: RequestContext,
  state: State,
  request: CommitRequest<T> & { transaction: SeenTransaction },
): Promise<Committed<T>> {
  const transaction = await advanceTransaction(context, state, request.transaction);
  const change = new Change(context, { ...state, transaction });
  const answer = await request.decide(change);
  await stageChange(change, transaction);
  const { transaction_id, transaction_version } = transaction;
  return { ...answer, ...change.place, transaction_id, transaction_version };
}

/** The fingerprint of what an operation was asked to do, whatever the order of its fields. */
export function hashPayload(operation: string, payload: unknown): string {
  return createHash('sha256')
    .update(canonicalJson([operation, payload]))
    .digest('hex');
}

async function findAnswer<T extends object>(
  queries: Queries,
  request: CommitRequest<T>,
  payload_hash: string | null,
): Promise<Committed<T> | null> {
  if (!request.idempotency) return null;
  const { operation_id } = request.idempotency;
  const row = await queries
    .selectFrom('operations')
    .select(['payload_hash', 'answer'])
    .where('catalog_id', '=', request.catalog.catalog_id)
    .where('operation_id', '=', operation_id)
    .executeTakeFirst();
  if (!row) return null;
  // An answer under this hash was made by this very operation, so it has the operation's shape.
  if (row.payload_hash === payload_hash) return row.answer as Committed<T>;
  throw operationReused(operation_id);
}

async function rememberAnswer(
  queries: Queries,
  answered: {
    catalog: Catalog;
    operation_id: string;
    payload_hash: string;
    committed: Committed<object>;
    now_ns: bigint;
  },
): Promise<void> {
  const { catalog, operation_id, payload_hash, committed, now_ns } = answered;
  const row = {
    ...{ catalog_id: catalog.catalog_id, operation_id, payload_hash, answer: committed, seq: committed.seq },
    ...{ created_at_ns: now_ns, transaction_id: committed.transaction_id ?? null },
  };
  await insertRows(queries, 'operations', [row]);
}

/** The refusal of an operation id that stands for another payload already. */
export function operationReused(operation_id: string): DeltacatError {
  return new DeltacatError(
    'operation_id_reused',
    `Operation id "${operation_id}" was used before with another payload. Choose a new id for a new operation.`,
  );
}
