import { DeltacatError, type SchemaField } from '@deltacat/contract';
import { type Selectable, sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { SchemaRow, TableVersionRow } from '../db/tables.ts';
import type { FoundTable } from './tables.ts';
import { type View, visible } from './view.ts';

/** A table version as a view shows it, with the stream that holds its data there. */
export type TableVersion = Selectable<TableVersionRow> & { stream_id: string };

/** Versions with their streams in a view, to be narrowed. The newest stream is the visible one, so it costs one row each. */
function selectVersions(queries: Queries, view: View) {
  return queries
    .selectFrom('table_versions')
    .selectAll()
    .select(({ selectFrom }) =>
      selectFrom('streams')
        .select('streams.stream_id')
        .whereRef('streams.table_version_id', '=', 'table_versions.table_version_id')
        .where(visible(view, 'streams'))
        .orderBy('streams.from_seq', 'desc')
        .limit(sql.lit(1))
        .$asScalar()
        // A version is made with its first stream, and a stream ends only where the next one begins.
        .$notNull()
        .as('stream_id'),
    );
}

/**
 * The versions of a table that a view shows, oldest first; deleted ones are hidden. What stands and what ended after the
 * view are each a range of an index: one condition for both would read every state that the table ever had.
 */
export async function listVersions(queries: Queries, view: View, table_id: string): Promise<TableVersion[]> {
  const all = selectVersions(queries, view).where('table_id', '=', table_id).where('lifecycle_state', '!=', 'deleted');
  const committed = all.where('from_seq', '<=', view.seq);
  const lasting = committed.where('to_seq', 'is', null);
  const wanted =
    view.transaction_id === undefined
      ? lasting.unionAll(committed.where('to_seq', '>', view.seq))
      : all.where(visible(view, 'table_versions'));
  const found = await wanted.execute();
  return found.sort((a, b) => a.version_number - b.version_number);
}

/** The version asked for, else the latest active one, else the latest; null when there is none. */
export function chooseVersion(versions: TableVersion[], wanted: string | null | undefined): TableVersion | null {
  if (wanted !== null && wanted !== undefined) return versions.find(({ version }) => version === wanted) ?? null;
  return versions.findLast(({ lifecycle_state }) => lifecycle_state === 'active') ?? versions.at(-1) ?? null;
}

/** The version asked for of a table, or its default one; throws `table_version_not_found`. */
export async function requireVersion(
  queries: Queries,
  view: View,
  wanted: FoundTable & { version: string | null | undefined },
): Promise<TableVersion> {
  const versions = await listVersions(queries, view, wanted.table.table_id);
  const found = chooseVersion(versions, wanted.version);
  if (found) return found;
  const name = `"${wanted.namespace.name}.${wanted.table.name}"`;
  const known =
    versions.map(({ version }) => version).join(', ') || 'none, they are deleted; create_table makes the next one';
  throw new DeltacatError(
    'table_version_not_found',
    `Table ${name} has no version "${wanted.version ?? 'latest'}". It has: ${known}.`,
    { namespace: wanted.namespace.name, table: wanted.table.name },
  );
}

/** The state of a version known by its id; null when the view has none. */
export async function findVersionById(
  queries: Queries,
  view: View,
  table_version_id: string,
): Promise<TableVersion | null> {
  const row = await selectVersions(queries, view)
    .where('table_version_id', '=', table_version_id)
    .where(visible(view, 'table_versions'))
    .orderBy('from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** A schema of a table version. */
export type Schema = Selectable<SchemaRow>;

/** The schemas of a version by their ids; schemas never change, so no view is needed. */
export async function schemasById(
  queries: Queries,
  table_version_id: string,
  ids: number[],
): Promise<Map<number, Schema>> {
  if (ids.length === 0) return new Map();
  const rows = await queries
    .selectFrom('schemas')
    .selectAll()
    .where('table_version_id', '=', table_version_id)
    .where('schema_id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.schema_id, row]));
}

/** The current schema of a version; null for a schemaless one. */
export async function schemaOf(queries: Queries, version: TableVersion): Promise<Schema | null> {
  if (version.schema_id === null) return null;
  const found = await schemasById(queries, version.table_version_id, [version.schema_id]);
  return found.get(version.schema_id) ?? null;
}

/** The merge keys of a schema in their order. */
export function mergeKeys(fields: SchemaField[] | null | undefined): string[] {
  return (fields ?? []).filter((field) => field.is_merge_key).map((field) => field.name);
}
