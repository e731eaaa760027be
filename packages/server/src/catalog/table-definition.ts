import {
  type ContentType,
  DeltacatError,
  type LifecycleState,
  type PartitionScheme,
  type SchemaDefinition,
  type SortScheme,
} from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { nameObject } from '../commits/touches.ts';
import type { ServerContext } from '../context.ts';
import type { Properties } from '../db/tables.ts';
import type { Namespace } from '../snapshots/namespaces.ts';
import { findTableById, findTableIn, type Table } from '../snapshots/tables.ts';
import { findVersionById, type TableVersion } from '../snapshots/versions.ts';
import { mergeProperties } from './properties.ts';
import { type DefinedSchema, defineSchema } from './table-schema.ts';
import { definePartitionScheme, defineSortScheme } from './table-schemes.ts';

/** How a caller describes a table: the fields that create_table and create_if_missing have in common. */
export interface AskedTable {
  schema_def?: SchemaDefinition | null | undefined;
  content_type?: ContentType | null | undefined;
  content_types?: ContentType[] | null | undefined;
  default_content_type?: ContentType | null | undefined;
  partition_scheme?: PartitionScheme | null | undefined;
  sort_scheme?: SortScheme | null | undefined;
  table_description?: string | null | undefined;
  table_properties?: Properties | null | undefined;
  table_version_description?: string | null | undefined;
  table_version_properties?: Properties | null | undefined;
  lifecycle_state?: LifecycleState | null | undefined;
}

/** A table ready to be created: everything checked and complete, so that under the head only rows are written. */
export interface TableDefinition {
  description: string | null;
  properties: Properties;
  version: {
    description: string | null;
    properties: Properties;
    lifecycle_state: LifecycleState;
    schema: DefinedSchema | null;
    partition_scheme: PartitionScheme | null;
    sort_scheme: SortScheme | null;
    content_types: ContentType[];
  };
}

/** The name of the first version of a table whose creator names none. */
const FIRST_VERSION = '1';

/** The id of the first schema of a version; schema changes count on from it. */
const FIRST_SCHEMA_ID = 0;

/**
 * Checks and completes what a table is to be made of. Done before a commit, because it parses Arrow. Throws
 * `invalid_schema`, or `invalid_request` for a property that cannot be.
 */
export function defineTable(context: ServerContext, asked: AskedTable): TableDefinition {
  const properties = mergeProperties({}, asked.table_properties);
  const ofVersion = mergeProperties({}, asked.table_version_properties);
  const schema = defineSchema(asked.schema_def, { ...properties, ...ofVersion });
  const schemes = { fields: schema?.fields ?? null, newId: context.newId };
  return {
    description: asked.table_description ?? null,
    properties,
    version: {
      description: asked.table_version_description ?? null,
      properties: ofVersion,
      lifecycle_state: asked.lifecycle_state ?? 'active',
      schema,
      partition_scheme: definePartitionScheme(asked.partition_scheme, schemes),
      sort_scheme: defineSortScheme(asked.sort_scheme, schemes),
      content_types: contentTypes(asked),
    },
  };
}

/** The file formats of a version, the default one first. */
function contentTypes(asked: AskedTable): ContentType[] {
  const first = asked.default_content_type ?? asked.content_type;
  const types = [...(first ? [first] : []), ...(asked.content_types ?? [])];
  return types.length === 0 ? ['parquet'] : [...new Set(types)];
}

/**
 * Makes a table with its first version visible with this commit. Throws `name_taken`, and `invalid_request` for a
 * version that is not numbered 1.
 */
export async function createTableIn(
  change: Change,
  wanted: { namespace: Namespace; name: string; version?: string | null | undefined; definition: TableDefinition },
): Promise<{ table: Table; version: TableVersion }> {
  const { namespace, name, definition } = wanted;
  const { namespace_id } = namespace;
  if (await findTableIn(change.queries, change.view, { namespace_id, table: name })) {
    throw tableTaken(namespace.name, name);
  }
  const table_id = change.context.newId();
  const { description, properties } = definition;
  await change.insert('tables', [
    { table_id, catalog_id: change.view.catalog_id, namespace_id, name, description, properties },
  ]);
  change.touch(
    { object_id: table_id, kind: 'create' },
    { object_id: nameObject(namespace_id, name), kind: 'name' },
    { object_id: namespace_id, kind: 'child' },
  );
  const created = await findTableById(change.queries, change.written, table_id);
  if (!created) throw new Error(`table ${table_id} is gone in the commit that makes it`);
  const { version } = wanted;
  return {
    table: created.table,
    version: await createVersionIn(change, { table: created.table, version, definition }),
  };
}

/** The refusal of a table name that something has already. */
export function tableTaken(namespace: string, name: string): DeltacatError {
  return new DeltacatError(
    'name_taken',
    `Table "${namespace}.${name}" exists already. Choose another name, or use the table that is there.`,
    { namespace, table: name },
  );
}

/**
 * Makes a further version of a table visible with this commit: the next number after the newest one. Throws
 * `name_taken` when the number is taken, `invalid_request` when it skips some.
 */
export async function createVersionIn(
  change: Change,
  wanted: { table: Table; version?: string | null | undefined; definition: TableDefinition },
): Promise<TableVersion> {
  const { table, definition } = wanted;
  const { table_id } = table;
  const { version, version_number } = await nextVersion(change, table, wanted.version);
  const { schema, ...state } = definition.version;
  const table_version_id = change.context.newId();
  const schema_id = schema ? FIRST_SCHEMA_ID : null;
  const { catalog_id } = change.view;
  await change.insert('table_versions', [
    { ...{ table_version_id, table_id, catalog_id, version, version_number }, ...state, schema_id },
  ]);
  const stream_id = change.context.newId();
  await change.insert('streams', [{ stream_id, table_version_id, catalog_id, previous_stream_id: null }]);
  if (schema) {
    await change.queries
      .insertInto('schemas')
      .values({ table_version_id, schema_id: FIRST_SCHEMA_ID, ...schema })
      .execute();
  }
  change.touch(
    { object_id: table_version_id, kind: 'create' },
    { object_id: nameObject(table_id, version), kind: 'name' },
    { object_id: table_id, kind: 'child' },
  );
  const created = await findVersionById(change.queries, change.written, table_version_id);
  if (!created) throw new Error(`version ${table_version_id} is gone in the commit that makes it`);
  return created;
}

async function nextVersion(
  change: Change,
  table: Table,
  wanted: string | null | undefined,
): Promise<{ version: string; version_number: number }> {
  const newest = await change.queries
    .selectFrom('table_versions')
    .select(['version', 'version_number'])
    .where('table_id', '=', table.table_id)
    .where(({ or, eb }) => or([eb('from_seq', 'is not', null), eb('transaction_id', '=', change.transaction_id)]))
    .orderBy('version_number', 'desc')
    .limit(1)
    .executeTakeFirst();
  const next = (newest?.version_number ?? 0) + 1;
  const version = wanted ?? (newest ? newest.version.replace(/\d+$/, String(next)) : FIRST_VERSION);
  const version_number = Number(/\d+$/.exec(version)?.[0]);
  if (version_number === next) return { version, version_number };
  const message = `Version "${version}" of table "${table.name}" cannot be created: the next one has number ${next}.`;
  throw new DeltacatError(version_number < next ? 'name_taken' : 'invalid_request', message, { next });
}
