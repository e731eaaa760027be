import type { ServerContext } from '../context.ts';
import { type FoundTable, requireTableAt, type TableName } from '../snapshots/tables.ts';
import { mergeKeys, requireVersion, type Schema, schemaOf, type TableVersion } from '../snapshots/versions.ts';
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
  const schema = await schemaOf(queries, version);
  const retyped = await retypedColumns(queries, schema);
  return {
    ...found,
    view,
    asked: { namespace, table },
    version,
    schema,
    merge_keys: mergeKeys(schema?.fields),
    retyped,
  };
}
