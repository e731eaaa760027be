import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { type FoundTable, findTableById, requireTableAt, type TableName } from '../snapshots/tables.ts';
import {
  findVersionById,
  mergeKeys,
  requireVersion,
  type Schema,
  schemaOf,
  type TableVersion,
} from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import { retypedColumns } from './retyped.ts';

/** What a read reads: one version of one table, as a view shows it. */
export interface ReadTarget extends FoundTable {
  view: View;
  /** The names under which the reader asked; a view of the past may know the table by others. */
  asked: TableName;
  version: TableVersion;
  /** Null for a schemaless version. */
  schema: Schema | null;
  merge_keys: string[];
  /** Columns whose statistics in older files say nothing of their values now. */
  retyped: ReadonlySet<string>;
}

/** Finds what a read reads; throws `namespace_not_found`, `table_not_found` or `table_version_not_found`. */
export async function findTarget(
  context: ServerContext,
  view: View,
  asked: TableName & { table_version?: string | null | undefined },
): Promise<ReadTarget> {
  const queries = context.db.reader;
  const { namespace, table } = asked;
  const found = await requireTableAt(queries, view, { namespace, table });
  const version = await requireVersion(queries, view, { ...found, version: asked.table_version });
  return completeTarget(queries, { ...found, view, asked: { namespace, table }, version });
}

/** The same of a version that is known by its id, whatever its table is called now; null when it is not there any more. */
export async function findTargetById(
  context: ServerContext,
  view: View,
  table_version_id: string,
): Promise<ReadTarget | null> {
  const queries = context.db.reader;
  const version = await findVersionById(queries, view, table_version_id);
  const found = version && (await findTableById(queries, view, version.table_id));
  if (!version || !found || version.lifecycle_state === 'deleted') return null;
  const asked = { namespace: found.namespace.name, table: found.table.name };
  return completeTarget(queries, { ...found, view, asked, version });
}

async function completeTarget(
  queries: Queries,
  known: Omit<ReadTarget, 'schema' | 'merge_keys' | 'retyped'>,
): Promise<ReadTarget> {
  const schema = await schemaOf(queries, known.version);
  const retyped = await retypedColumns(queries, schema);
  return { ...known, schema, merge_keys: mergeKeys(schema?.fields), retyped };
}
