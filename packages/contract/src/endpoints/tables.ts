import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName, tableName, tableVersion } from '../values/names.ts';
import { count } from '../values/numbers.ts';
import { properties } from '../values/properties.ts';
import { atTime, changed, changing, flag, pagingOnDemand, reading } from '../values/query.ts';
import { schemaDefinition, schemaField } from '../values/schema.ts';
import { schemaUpdates } from '../values/schema-updates.ts';
import { partitionScheme, sortScheme } from '../values/schemes.ts';
import { freeText } from '../values/text.ts';
import { contentType, lifecycleState } from '../values/words.ts';

const params = { namespace: namespaceName, table: tableName };
const version = { table_version: tableVersion.nullish() };
const tag = 'catalog';
const found = ['catalog_not_found', 'namespace_not_found', 'table_not_found'] as const;

const tableChange = z.object({
  table: z.string(),
  namespace: z.string().nullish(),
  altered: z.boolean().nullish(),
  dropped: z.boolean().nullish(),
  purged: z.boolean().nullish(),
  ...changed,
});

/** What a table is made of when it is created. */
export const tableDefinition = {
  schema_def: schemaDefinition.nullish(),
  content_type: contentType.nullish(),
  content_types: z.array(contentType).nullish(),
  default_content_type: contentType.nullish(),
  partition_scheme: partitionScheme.nullish(),
  sort_scheme: sortScheme.nullish(),
  table_description: freeText.nullish(),
  table_properties: properties.nullish(),
  table_version_description: freeText.nullish(),
  table_version_properties: properties.nullish(),
  lifecycle_state: lifecycleState.nullish(),
  namespace_properties: properties.nullish(),
};

/** Creates a table, or a further version of one. */
export const createTable = endpoint({
  op: 'create_table',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables',
  summary: 'Create a table, or a further version of one. Without a schema it is a list of files (schemaless).',
  params: { namespace: namespaceName },
  query: changing,
  body: {
    table: tableName,
    ...version,
    ...tableDefinition,
    auto_create_namespace: z.boolean().nullish().meta({
      description:
        'Create the namespace when it is missing. Default: only `default`, or for clients that do not say which client they are.',
    }),
    fail_if_exists: z.boolean().default(true).meta({ description: 'false: an existing table is left as it is.' }),
  },
  output: z.object({
    created: z.boolean(),
    table: z.string(),
    namespace: z.string(),
    table_version: z.string().nullish(),
    table_id: z.string().nullish(),
    ...changed,
  }),
  status: 201,
  errors: [
    'catalog_not_found',
    'namespace_not_found',
    'invalid_request',
    'name_taken',
    'invalid_schema',
    'operation_id_reused',
  ],
  role: 'WRITER',
  tool: 'deltacat_create_table',
  transactional: true,
  tag,
});

/** Describes a table version: schema, schemes, properties and totals. */
export const describeTable = endpoint({
  op: 'describe_table',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}',
  summary: 'Describe a table version: schema, schemes, properties, and totals of what is visible.',
  params,
  query: { ...version, ...atTime, ...reading },
  output: z.object({
    table_name: z.string(),
    namespace: z.string().nullish(),
    table_id: z.string().nullish(),
    table_version: z.string().nullish(),
    description: z.string().nullish(),
    lifecycle_state: z.string().nullish(),
    schema: z.array(schemaField).nullish(),
    schema_serialized: z.string().nullish(),
    schema_id: z.int().nullish(),
    merge_keys: z.array(z.string()).nullish(),
    partition_scheme: partitionScheme.nullish(),
    sort_scheme: sortScheme.nullish(),
    properties: properties
      .nullish()
      .meta({ description: 'Properties of the table with those of the version over them.' }),
    table_properties: properties.nullish(),
    content_types: z.array(contentType).nullish(),
    gc_watermark: z.unknown().nullish(),
    stream_id: z.string().nullish(),
    stream_format: z.string().nullish(),
    total_records: count.nullish().meta({ description: 'Rows in the visible files, before merging.' }),
    total_bytes: count.nullish(),
    total_files: count.nullish(),
    delta_count: count.nullish(),
    partition_count: count.nullish(),
    stats_source: z.string().nullish(),
    seq: z.int().nullish(),
  }),
  errors: [...found, 'table_version_not_found', 'invalid_as_of'],
  role: 'READER',
  tool: 'deltacat_describe_table',
  transactional: true,
  tag,
});

/** Says whether a table exists. */
export const tableExists = endpoint({
  op: 'table_exists',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/exists',
  summary: 'Whether a table (or a version of it) exists.',
  params,
  query: { ...version, ...atTime, ...reading },
  output: z.object({ exists: z.boolean(), namespace: z.string(), table: z.string() }),
  errors: ['catalog_not_found', 'invalid_as_of'],
  role: 'READER',
  tool: 'deltacat_table_exists',
  transactional: true,
  tag,
});

/** Changes columns, schemes, properties, description or lifecycle of a table. */
export const alterTable = endpoint({
  op: 'alter_table',
  method: 'PUT',
  path: '/v1/namespaces/{namespace}/tables/{table}',
  summary:
    'Change columns, the partition and sort schemes, properties (those not named stay; null removes one), descriptions or the lifecycle state.',
  params,
  query: changing,
  body: {
    ...version,
    table_description: tableDefinition.table_description,
    table_properties: properties.nullish(),
    table_version_description: tableDefinition.table_version_description,
    table_version_properties: properties.nullish(),
    lifecycle_state: lifecycleState.nullish(),
    default_content_type: contentType.nullish(),
    schema_updates: schemaUpdates.nullish(),
    partition_updates: partitionScheme.nullish().meta({
      description:
        'How rows written from now on are split into partitions; without keys, they are not. Partitions that are there ' +
        'keep their scheme. A version with merge keys must be empty, since rows are merged within a partition.',
    }),
    sort_scheme: sortScheme.nullish().meta({
      description:
        'How files written from now on are sorted; without keys, they are not. Earlier files stay as they are.',
    }),
  },
  output: tableChange.extend({
    schema_id: z.int().nullish().meta({ description: 'The revision of the schema that the version has now.' }),
  }),
  errors: [
    ...found,
    'table_version_not_found',
    'invalid_request',
    'invalid_schema',
    'unknown_column',
    'concurrent_modification',
    'not_supported',
    'operation_id_reused',
  ],
  role: 'WRITER',
  tool: 'deltacat_alter_table',
  transactional: true,
  tag,
});

/** Renames a table, also into another namespace. */
export const renameTable = endpoint({
  op: 'rename_table',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/rename',
  summary: 'Rename a table, also into another namespace. Its rows, history and identity stay.',
  params,
  query: { new_name: tableName, new_namespace: namespaceName.nullish(), ...changing },
  output: z.object({
    renamed: z.boolean(),
    old_name: z.string(),
    new_name: z.string(),
    new_namespace: z.string(),
    ...changed,
  }),
  errors: [...found, 'invalid_request', 'name_taken', 'operation_id_reused'],
  role: 'WRITER',
  tool: 'deltacat_rename_table',
  transactional: true,
  tag,
});

/** Drops a table with all its versions. */
export const dropTable = endpoint({
  op: 'drop_table',
  method: 'DELETE',
  path: '/v1/namespaces/{namespace}/tables/{table}',
  summary: 'Drop a table with all its versions. No file is deleted: reads as of the time before still work.',
  params,
  query: {
    purge: flag
      .default(false)
      .meta({ description: 'Also note that the data may be collected; collecting it is not built yet.' }),
    ...changing,
  },
  output: tableChange,
  errors: [...found, 'operation_id_reused'],
  role: 'WRITER',
  tool: 'deltacat_drop_table',
  transactional: true,
  tag,
});

/** Lists the tables of a namespace. */
export const listTables = endpoint({
  op: 'list_tables',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables',
  summary: 'List the tables of a namespace by name.',
  params: { namespace: namespaceName },
  query: { ...atTime, ...pagingOnDemand, ...reading },
  paged: true,
  output: z.array(
    z.object({
      name: z.string(),
      table_id: z.string().nullish(),
      latest_version: z.string().nullish(),
      description: z.string().nullish(),
      lifecycle_state: z.string().nullish(),
    }),
  ),
  errors: ['catalog_not_found', 'namespace_not_found', 'invalid_as_of', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_list_tables',
  transactional: true,
  tag,
});

/** Lists the versions of a table. */
export const listTableVersions = endpoint({
  op: 'list_table_versions',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions',
  summary: 'List the versions of a table, oldest first.',
  params,
  query: { ...atTime, ...pagingOnDemand, ...reading },
  paged: true,
  output: z.array(
    z.object({
      table_version: z.string(),
      version: z.string(),
      description: z.string().nullish(),
      lifecycle_state: z.string().nullish(),
    }),
  ),
  errors: [...found, 'invalid_as_of', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_list_table_versions',
  transactional: true,
  tag,
});
