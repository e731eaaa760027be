import { createHash } from 'node:crypto';
import { canonicalJson, DeltacatError } from '@deltacat/contract';
import type { RequestContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';
import { prepared } from '../db/prepared.ts';
import { recordEvents } from '../events/outbox.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { type Head, readHead } from '../snapshots/head.ts';
import { Change } from './change.ts';
import { concurrentModification, findConflict } from './conflicts.ts';

/** What a caller wants to make visible, all at once. */
export interface CommitRequest<T extends object> {
  catalog: Catalog;
  /** The operation's name, for the commit log. */
  operation: string;
  message?: string | null | undefined;
  /** With an id the operation is done once; `payload` tells a repetition from another use of the same id. */
  idempotency?: { operation_id: string; payload: unknown } | null;
  /** The commit that the decision rests on; null when nothing lies between reading and committing. */
  base_seq?: number | null;
  /** Reads the head and writes the change, inside the unit of work: it awaits nothing but its own queries. */
  decide(change: Change): Promise<T>;
}

/** An answer with its place in the catalog's history. Both are null when there was nothing to change. */
export type Committed<T> = T & { seq: number | null; committed_at_ns: bigint | null };

/**
 * The one commit point: the only code that advances a catalog. Takes the head, answers a repeated operation as before,
 * lets the caller decide on the head's state, refuses what another commit forestalled, and writes rows, commit,
 * change-set, events and answer in one durable unit.
 */
export async function commit<T extends object>(
  context: RequestContext,
  request: CommitRequest<T>,
): Promise<Committed<T>> {
  const payloadHash = request.idempotency ? hashPayload(request.operation, request.idempotency.payload) : null;
  const { catalog } = request;
  return context.db.unit(catalog.catalog_id, async (queries, now_ns) => {
    const head = await readHead(queries, catalog.catalog_id);
    const repeated = await findAnswer<T>(queries, request, payloadHash);
    if (repeated) return repeated;

    const change = new Change(context, { queries, catalog, head, now_ns });
    const answer = await request.decide(change);
    const committed = change.isEmpty
      ? { ...answer, seq: null, committed_at_ns: null }
      : { ...answer, seq: change.seq, committed_at_ns: change.at_ns };
    if (!change.isEmpty) await record(change, request, context.user);
    if (request.idempotency && payloadHash !== null) {
      await queries
        .insertInto('operations')
        .values({
          catalog_id: catalog.catalog_id,
          operation_id: request.idempotency.operation_id,
          payload_hash: payloadHash,
          answer: committed,
          seq: committed.seq,
          created_at_ns: change.at_ns,
        })
        .execute();
    }
    return committed;
  });
}

/** The fingerprint of what an operation was asked to do, whatever the order of its fields. */
export function hashPayload(operation: string, payload: unknown): string {
  return createHash('sha256')
    .update(canonicalJson([operation, payload]))
    .digest('hex');
}

const moveHead = prepared((queries, to: Head & { catalog_id: string }) =>
  queries
    .updateTable('catalogs')
    .set({ head_seq: to.seq, head_at_ns: to.at_ns, definitions_id: to.definitions_id })
    .where('catalog_id', '=', to.catalog_id),
);

async function findAnswer<T extends object>(
  queries: Queries,
  request: CommitRequest<T>,
  payloadHash: string | null,
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
  if (row.payload_hash === payloadHash) return row.answer as Committed<T>;
  throw operationReused(operation_id);
}

/** The refusal of an operation id that stands for another payload already. */
export function operationReused(operation_id: string): DeltacatError {
  return new DeltacatError(
    'operation_id_reused',
    `Operation id "${operation_id}" was used before with another payload. Choose a new id for a new operation.`,
  );
}

async function record<T extends object>(
  change: Change,
  request: CommitRequest<T>,
  author: string | null,
): Promise<void> {
  const { queries, catalog, seq, at_ns, touches } = change;
  const { catalog_id } = catalog;
  if (request.base_seq !== null && request.base_seq !== undefined) {
    const winner = await findConflict(queries, { catalog_id, touches, base_seq: request.base_seq });
    if (winner) throw concurrentModification(`What ${request.operation} rests on`, winner);
  }
  const row = {
    catalog_id,
    seq,
    committed_at_ns: at_ns,
    author,
    message: request.message ?? null,
    operation: request.operation,
    transaction_id: null,
  };
  await insertRows(queries, 'commits', [row]);
  const rows = touches.map(({ object_id, kind, partition_id }) => ({
    catalog_id,
    object_id,
    seq,
    kind,
    partition_id: partition_id ?? null,
  }));
  await insertRows(queries, 'touches', rows);
  const committed = { kind: 'commit', payload: { operation: request.operation } };
  await recordEvents(queries, { catalog_id, seq, at_ns, events: [committed, ...change.events] });
  await moveHead(queries, { catalog_id, ...change.nextHead() });
}
