import { DeltacatError, type WriteSessionAnswer } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Catalog } from '../roots/catalogs.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import { viewHead } from '../snapshots/view.ts';
import type { Written } from './commit.ts';
import { recordsPerFile } from './records-per-file.ts';
import type { FoundSession, Session } from './session.ts';
import { type CreateIfMissing, defineMissing } from './table-making.ts';
import { type Aim, findTarget, type Shape, shapeOf, shapeOfDefinition } from './target.ts';

/** What a session keeps of its commit. */
export type SessionResult = Written & { seq: number | null; committed_at_ns: bigint | null };

/** What a session was opened to write, as the steps of a commit take it. */
export function aimOf(session: Session): Aim {
  const { namespace, table_name, table_version, mode, table_id, table_version_id, opened_seq } = session;
  const identity = table_id !== null && table_version_id !== null ? { table_id, table_version_id } : null;
  return { namespace, table: table_name, table_version, mode, identity, opened_seq };
}

/** How the writer of a session wants a missing table to be made. */
export function createIfMissingOf(session: Session): CreateIfMissing | null {
  // The contract parsed it when the session was opened.
  return session.create_if_missing as CreateIfMissing | null;
}

/** A session as it is answered, while it is open with what its files must look like. */
export async function answerSession(context: ServerContext, found: FoundSession): Promise<WriteSessionAnswer> {
  const { session, catalog } = found;
  const layout = session.status === 'OPEN' ? await describeLayout(context, session, catalog) : {};
  return { ...describeState(session, catalog), ...layout };
}

function describeState(session: Session, catalog: Catalog): WriteSessionAnswer {
  // Only the commit of a session writes its result.
  const result = session.result as SessionResult | null;
  const { session_id, session_version, status, mode, format, data_dir, namespace, table_version } = session;
  const committed = status === 'COMMITTED';
  return {
    ...{ session_id, session_version, status, mode, format, data_dir, namespace, table_version },
    table: session.table_name,
    table_exists: session.table_id !== null || (result?.seq ?? null) !== null,
    catalog: catalog.name,
    root: session.data_root,
    layout: null,
    created_at: session.created_at_ns,
    expires_at: session.expires_at_ns,
    last_heartbeat_at: session.heartbeat_at_ns,
    attached: false,
    committed,
    commit_operation_id: session.commit_operation_id,
    commit_status: committed ? 'COMMITTED' : null,
    abort_reason: session.abort_reason,
    ...result,
  };
}

/** A table that is gone has no layout; the commit will say so. */
async function describeLayout(
  context: ServerContext,
  session: Session,
  catalog: Catalog,
): Promise<Partial<WriteSessionAnswer>> {
  const { reader } = context.db;
  const aim = aimOf(session);
  const view = await viewHead(reader, catalog.catalog_id);
  const found = await findTarget(reader, view, aim).catch((error: unknown) => {
    if (error instanceof DeltacatError) return null;
    throw error;
  });
  if (!found) return {};
  if (found.version && found.table) {
    const shape = await shapeOf(reader, found.name, found.version);
    const properties = { ...found.table.table.properties, ...found.version.properties };
    return { ...layoutOf(shape, properties), table_version: found.version.version, table_exists: true };
  }
  const create_if_missing = createIfMissingOf(session);
  if (!create_if_missing) return layoutOf(null, {});
  const definition = defineMissing(context, { create_if_missing, files: [], format: session.format });
  const properties = { ...definition.properties, ...definition.version.properties };
  return layoutOf(shapeOfDefinition(found.name, definition), properties);
}

function layoutOf(shape: Shape | null, properties: TableVersion['properties']): Partial<WriteSessionAnswer> {
  return {
    schema: shape?.fields ?? null,
    schema_serialized: shape?.serialized ?? null,
    merge_keys: shape?.merge_keys ?? null,
    partition_scheme: shape?.partition_scheme ?? null,
    sort_scheme: shape?.sort_scheme ?? null,
    // Columns that the table lacks are refused at the commit, so no writer may add them.
    schema_evolution_mode: 'manual',
    schema_consistency_type: String(properties.default_schema_consistency_type ?? 'none'),
    target_records_per_file: recordsPerFile(properties),
  };
}
