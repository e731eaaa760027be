import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { catalogName, namespaceName, tableName, tableVersion } from '../values/names.ts';
import { count, int64, nanoseconds } from '../values/numbers.ts';
import { partitionValue } from '../values/plan.ts';
import { properties } from '../values/properties.ts';
import { atTime, inCatalog, paging, whole } from '../values/query.ts';
import { schemaField } from '../values/schema.ts';
import { keyText } from '../values/text.ts';
import { changedObject, changeKind } from '../values/words.ts';

const tag = 'catalog';
const params = { namespace: namespaceName, table: tableName };

/** What came and went, in the files of a table version. */
const difference = {
  records_added: count,
  files_added: count,
  bytes_added: count,
  records_removed: count,
  files_removed: count,
  bytes_removed: count,
};

const change = z.object({
  object: changedObject,
  kind: changeKind,
  namespace: z.string().meta({ description: 'The name of the namespace as of that commit.' }),
  namespace_id: z.string(),
  table: z.string().nullish().meta({ description: 'The name of the table as of that commit.' }),
  table_id: z.string().nullish(),
  table_version: z.string().nullish(),
  previous_namespace: z.string().nullish().meta({ description: 'Of a rename: the namespace before.' }),
  previous_table: z.string().nullish().meta({ description: 'Of a rename of a table: its name before.' }),
  fields: z.array(z.string()).nullish().meta({ description: 'Of an alteration: what was altered.' }),
  partitions: count.nullish().meta({ description: 'Of a change of data: how many partitions it changed.' }),
  ...z.object(difference).partial().shape,
});

const commit = z.object({
  seq: z.int(),
  committed_at_ns: nanoseconds,
  author: z.string().nullish(),
  message: z.string().nullish(),
  operation: z.string(),
  transaction_id: z.string().nullish(),
  changes: z.array(change),
});

/** Lists the commits that changed a table. */
export const listTableHistory = endpoint({
  op: 'list_table_history',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/history',
  summary: 'List the commits that changed a table, the newest first, through renames and drops.',
  params,
  query: {
    table_id: keyText.nullish().meta({
      description: 'Which of several that had the name; the one that has it, else the one dropped last, when left out.',
    }),
    ...atTime,
    ...paging,
    ...inCatalog,
  },
  paged: true,
  output: z.array(commit),
  errors: ['catalog_not_found', 'namespace_not_found', 'table_not_found', 'invalid_as_of', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_table_history',
  tag,
});

/** Lists the commits of a catalog. */
export const listCatalogHistory = endpoint({
  op: 'list_catalog_history',
  method: 'GET',
  path: '/v1/catalogs/{catalog_name}/history',
  summary: 'List the commits of a catalog, the newest first, and what each changed.',
  params: { catalog_name: catalogName },
  query: { ...atTime, ...paging },
  paged: true,
  output: z.array(commit),
  errors: ['catalog_not_found', 'invalid_as_of', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_catalog_history',
  tag,
});

const seqText = whole.nullish();
const moment = z.object({
  seq: z.int(),
  committed_at_ns: nanoseconds.nullish(),
  exists: z.boolean().meta({ description: 'Whether the table version existed then.' }),
  namespace: z.string().nullish(),
  table: z.string().nullish(),
  total_records: count,
  total_bytes: count,
  total_files: count,
  delta_count: count,
});

const valueChange = z.object({ name: z.string(), from: z.unknown().nullish(), to: z.unknown().nullish() });

/** Tells how a table differs between two moments. */
export const diffTable = endpoint({
  op: 'diff_table',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/diff',
  summary:
    'Tell how a table version differs between two moments: definition, totals, and files by partition, in pages.',
  params,
  query: {
    from: int64.nullish().meta({ description: 'The earlier moment, in nanoseconds since 1970; or give from_seq.' }),
    to: int64.nullish().meta({ description: 'The later moment, in nanoseconds since 1970; the newest when left out.' }),
    from_seq: seqText.meta({ description: 'The earlier moment as the number of a commit.' }),
    to_seq: seqText.meta({ description: 'The later moment as the number of a commit.' }),
    table_version: tableVersion.nullish(),
    ...paging,
    ...inCatalog,
  },
  paged: true,
  output: z.object({
    table_id: z.string(),
    table_version: z.string(),
    from: moment,
    to: moment,
    schema: z.object({
      added: z.array(schemaField),
      removed: z.array(schemaField),
      changed: z.array(z.object({ from: schemaField, to: schemaField })),
    }),
    table_properties: z.object({ added: properties, removed: properties, changed: z.array(valueChange) }),
    table_version_properties: z.object({ added: properties, removed: properties, changed: z.array(valueChange) }),
    changed: z.array(valueChange).meta({ description: 'What else of the definition differs, such as a description.' }),
    partitions: z
      .array(
        z.object({
          partition_id: z.string(),
          stream_id: z.string(),
          partition_scheme_id: z.string(),
          partition_values: z.array(partitionValue).nullish(),
          deltas_added: count,
          deltas_removed: count,
          ...difference,
        }),
      )
      .meta({ description: 'A page of the partitions whose files differ.' }),
  }),
  errors: [
    'catalog_not_found',
    'namespace_not_found',
    'table_not_found',
    'table_version_not_found',
    'invalid_as_of',
    'invalid_request',
  ],
  role: 'READER',
  tool: 'deltacat_diff_table',
  tag,
});
