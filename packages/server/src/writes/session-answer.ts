import { DeltacatError, toldContentType, type WriteSessionAnswer } from '@deltacat/contract';
import { tellsColumns } from '@deltacat/io-core';
import type { ServerContext } from '../context.ts';
import type { Properties } from '../db/tables.ts';
import { findTransaction, type Transaction, transactionView } from '../snapshots/transactions.ts';
import { type View, viewHead } from '../snapshots/view.ts';
import type { Written } from './commit.ts';
import { evolutionMode } from './evolve.ts';
import { recordsPerFile } from './records-per-file.ts';
import type { FoundSession, Session } from './session.ts';
import { grantSession } from './session-grant.ts';
import { type CreateIfMissing, defineMissing } from './table-making.ts';
import { type Aim, findTarget, type Shape, shapeOf, shapeOfDefinition } from './target.ts';

/** What a session keeps of its commit. */
export type SessionResult = Written & { seq: number | null; committed_at_ns: bigint | null };

/** What a session was opened to write, as the steps of a commit take it. */
export function aimOf(session: Session): Aim {
  const { namespace, table_name, table_version, mode, table_id, table_version_id } = session;
  const { opened_seq, opened_schema_id, opened_scheme_id } = session;
  const identity = table_id !== null && table_version_id !== null ? { table_id, table_version_id } : null;
  const opened = { opened_seq, opened_schema_id, opened_scheme_id };
  return { namespace, table: table_name, table_version, mode, identity, ...opened };
}

/** How the writer of a session wants a missing table to be made. */
export function createIfMissingOf(session: Session): CreateIfMissing | null {
  // The contract parsed it when the session was opened.
  return session.create_if_missing as CreateIfMissing | null;
}

/** A session as it is answered, while it is open with what its files must look like and how they are put there. */
export async function answerSession(context: ServerContext, found: FoundSession): Promise<WriteSessionAnswer> {
  const { session } = found;
  const { transaction_id } = session;
  const transaction = transaction_id === null ? null : await findTransaction(context.db.reader, transaction_id);
  const state = { ...describeState(found), ...(transaction ? describeTransaction(transaction) : {}) };
  if (session.status !== 'OPEN') return state;
  const layout = await describeLayout(context, found, transaction);
  return { ...state, ...layout, ...(await grantSession(context, found)) };
}

/** A session of a transaction lives as long as that. */
function describeTransaction({ transaction_id, transaction_version, expires_at_ns }: Transaction) {
  return { transaction_id, transaction_version, expires_at: expires_at_ns };
}

function describeState({ session, catalog }: FoundSession): WriteSessionAnswer {
  // Only the commit of a session writes its result.
  const result = session.result as SessionResult | null;
  const { session_id, session_version, status, mode, format, data_dir, namespace, table_version } = session;
  const committed = status === 'COMMITTED';
  const commit_status = committed ? 'COMMITTED' : status === 'ATTACHED' ? 'PREPARED' : null;
  return {
    ...{ session_id, session_version, status, mode, data_dir, namespace, table_version },
    format: toldContentType(format),
    table: session.table_name,
    table_exists: session.table_id !== null || (result?.deltas_written ?? 0) > 0,
    catalog: catalog.name,
    root: session.data_root,
    layout: null,
    created_at: session.created_at_ns,
    expires_at: session.expires_at_ns,
    last_heartbeat_at: session.heartbeat_at_ns,
    attached: status === 'ATTACHED',
    committed,
    commit_operation_id: session.commit_operation_id,
    commit_status,
    abort_reason: session.abort_reason,
    ...result,
  };
}

/** A table that is gone has no layout; the commit will say so. */
async function describeLayout(
  context: ServerContext,
  { session, catalog }: FoundSession,
  transaction: Transaction | null,
): Promise<Partial<WriteSessionAnswer>> {
  const { reader } = context.db;
  const aim = aimOf(session);
  const view: View = transaction ? transactionView(transaction) : await viewHead(reader, catalog.catalog_id);
  const found = await findTarget(reader, view, aim).catch((error: unknown) => {
    if (error instanceof DeltacatError) return null;
    throw error;
  });
  if (!found) return {};
  if (found.version && found.table) {
    const shape = await shapeOf(reader, found.name, found.version);
    const properties = { ...found.table.table.properties, ...found.version.properties };
    return { ...layoutOf(session, shape, properties), table_version: found.version.version, table_exists: true };
  }
  const create_if_missing = createIfMissingOf(session);
  if (!create_if_missing) return layoutOf(session, null, {});
  const definition = defineMissing(context, { create_if_missing, files: [], format: session.format });
  const properties = { ...definition.properties, ...definition.version.properties };
  return layoutOf(session, shapeOfDefinition(found.name, definition), properties);
}

function layoutOf({ mode, format }: Session, shape: Shape | null, properties: Properties): Partial<WriteSessionAnswer> {
  return {
    schema: shape?.fields ?? null,
    schema_serialized: shape?.serialized ?? null,
    merge_keys: shape?.merge_keys ?? null,
    partition_scheme: shape?.partition_scheme ?? null,
    sort_scheme: shape?.sort_scheme ?? null,
    // Of other formats nobody sees the columns, so no writer may add some.
    schema_evolution_mode: tellsColumns(format) ? evolutionMode(properties, mode) : 'manual',
    schema_consistency_type: String(properties.default_schema_consistency_type ?? 'none'),
    target_records_per_file: recordsPerFile(properties),
  };
}
