import type { SchemaField } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { listDeltas } from '../snapshots/deltas.ts';
import { schemasById, type TableVersion } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import type { DefinedSchema } from './table-schema.ts';

/** Ids of files' schemas start here: above those of tables, which count on from 0 with every change. */
export const FILE_SCHEMA_ID_MIN = 1_000_000;

/** What the schemas that a table version ever had have used up. */
export interface SchemaRevisions {
  /** The highest schema id. A rollback makes an older schema the current one, and the next still follows this one. */
  newest_id: number;
  /** The highest field id, of fields that were removed too. */
  field_id_max: number;
  /** The names of all columns that ever were, in lower case. */
  names: Set<string>;
}

/**
 * Reads what the schemas of a version have used up; field and schema ids are never used again. Each schema says it of
 * all before it, so that the newest tells, however many there were.
 */
export async function readRevisions(queries: Queries, table_version_id: string): Promise<SchemaRevisions> {
  const newest = await selectNewest(queries, table_version_id)
    .select(['schema_id', 'fields', 'field_id_max', 'retired'])
    .executeTakeFirst();
  const { schema_id, fields, field_id_max, retired } = newest ?? NO_SCHEMA;
  return {
    newest_id: schema_id,
    field_id_max: Math.max(field_id_max ?? -1, highestId(fields)),
    names: new Set([...(retired ?? []), ...fields.map(({ name }) => name.toLowerCase())]),
  };
}

const NO_SCHEMA = { schema_id: -1, fields: [], field_id_max: null, retired: null };

/** The id of the newest schema of a version, without reading any. */
export async function newestRevision(queries: Queries, table_version_id: string): Promise<number> {
  const newest = await selectNewest(queries, table_version_id).select('schema_id').executeTakeFirst();
  return newest?.schema_id ?? NO_SCHEMA.schema_id;
}

function selectNewest(queries: Queries, table_version_id: string) {
  return queries
    .selectFrom('schemas')
    .where('table_version_id', '=', table_version_id)
    .where('schema_id', '<', FILE_SCHEMA_ID_MIN)
    .orderBy('schema_id', 'desc')
    .limit(1);
}

/** The highest id of some fields; -1 when there is none. */
export function highestId(fields: SchemaField[]): number {
  return fields.reduce((highest, { field_id }) => Math.max(highest, field_id ?? -1), -1);
}

/** Adds a schema to those of a version and answers its id. Earlier ones stay: earlier times and files name them. */
export async function addRevision(
  queries: Queries,
  table_version_id: string,
  { after, schema }: { after: SchemaRevisions; schema: DefinedSchema },
): Promise<number> {
  const schema_id = after.newest_id + 1;
  const present = new Set(schema.fields.map(({ name }) => name.toLowerCase()));
  const retired = [...after.names].filter((name) => !present.has(name));
  const field_id_max = Math.max(after.field_id_max, highestId(schema.fields));
  await queries
    .insertInto('schemas')
    .values({ table_version_id, schema_id, ...schema, field_id_max, retired })
    .execute();
  return schema_id;
}

/**
 * Which of some names are those of columns that were removed, and that visible files still hold: a new column of such a
 * name would show the values of the old one.
 */
export async function findResurfacing(
  queries: Queries,
  view: View,
  of: { version: TableVersion; current: SchemaField[]; names: string[]; revisions: SchemaRevisions },
): Promise<string | null> {
  const current = new Set(of.current.map(({ name }) => name.toLowerCase()));
  const retired = of.names.filter((name) => isRetired(name.toLowerCase(), current, of.revisions));
  if (retired.length === 0) return null;
  const held = await columnsOfFiles(queries, view, of.version);
  return retired.find((name) => held.has(name.toLowerCase())) ?? null;
}

function isRetired(name: string, current: Set<string>, { names }: SchemaRevisions): boolean {
  return names.has(name) && !current.has(name);
}

/** The names of all columns of visible files, in lower case, as far as the schemas that they name tell. */
async function columnsOfFiles(queries: Queries, view: View, version: TableVersion): Promise<Set<string>> {
  const { stream_id, table_version_id } = version;
  const deltas = await listDeltas(queries, view, { stream_id });
  const ids = new Set<number>();
  for (const some of chunks(deltas.map(({ manifest_id }) => manifest_id))) {
    const rows = await queries
      .selectFrom('files')
      .select('schema_id')
      .distinct()
      .where('manifest_id', 'in', some)
      .execute();
    for (const { schema_id } of rows) if (schema_id !== null) ids.add(schema_id);
  }
  const schemas = await schemasById(queries, table_version_id, [...ids]);
  return new Set([...schemas.values()].flatMap(({ fields }) => fields.map(({ name }) => name.toLowerCase())));
}
