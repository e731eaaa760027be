import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName, tableName, tableVersion } from '../values/names.ts';
import { count } from '../values/numbers.ts';
import { partitionValue } from '../values/plan.ts';
import { predicateSchema } from '../values/predicate.ts';
import { inCatalog, PAGE_ITEMS_DEFAULT, paging } from '../values/query.ts';
import { keyText } from '../values/text.ts';

/** The most partitions that one answer lists as dirty. */
export const DIRTY_PARTITIONS_MAX = 10_000;

const params = { namespace: namespaceName, table: tableName };
const tag = 'catalog';
const found = ['catalog_not_found', 'namespace_not_found', 'table_not_found', 'table_version_not_found'] as const;

const counts = {
  record_count: count.meta({ description: 'Rows in its files, before merging.' }),
  content_length: count.meta({ description: 'Bytes of its files.' }),
  file_count: count,
  delta_count: count,
};

const partition = {
  partition_id: z.string(),
  partition_values: z.array(partitionValue).nullish(),
  partition_values_json: z.string().meta({ description: 'The values as JSON text, as the newer client reads them.' }),
  partition_scheme_id: z.string(),
  stream_id: z.string(),
};

/** What a filter over partitions may name beside the columns of the table. */
export const PARTITION_STATS_FIELDS = {
  partition_id: 'string',
  partition_scheme_id: 'string',
  partition_values_json: 'string',
  record_count: 'int64',
  content_length: 'int64',
  file_count: 'int64',
  delta_count: 'int64',
} as const;

/** Tells what each partition of a table holds. */
export const queryPartitionStats = endpoint({
  op: 'query_partition_stats',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/partition-stats/query',
  summary: 'Tell what each partition of the newest state of a table holds, in pages: rows, bytes, files and deltas.',
  params,
  query: inCatalog,
  body: {
    table_version: tableVersion.nullish(),
    limit: paging.limit,
    after_token: paging.next_token.meta({ description: 'next_token of the page before.' }),
    filter_predicate: z
      .unknown()
      .optional()
      .meta({
        ...predicateSchema.meta(),
        description:
          `Which partitions: a filter over ${Object.keys(PARTITION_STATS_FIELDS).join(', ')}; ` +
          'or over columns of the table, which keeps the partitions that may hold such rows.',
        type: 'object',
      }),
  },
  output: z.object({
    namespace: z.string(),
    table: z.string(),
    table_version: z.string().nullish(),
    rows: z.array(z.object({ ...partition, ...counts, is_current: z.boolean() })).default([]),
    next_token: z.string().nullish(),
    limit: z.int().default(PAGE_ITEMS_DEFAULT),
    filter_predicate: z.record(z.string(), z.unknown()).nullish(),
    backend: z.string(),
    best_effort: z.boolean().meta({ description: 'false: the numbers are kept by the commits themselves.' }),
  }),
  errors: [...found, 'invalid_request', 'invalid_predicate', 'unknown_column'],
  role: 'READER',
  tag,
});

/** Lists partitions whose kept numbers are not those of their deltas. */
export const listDirtyPartitionStats = endpoint({
  op: 'list_dirty_partition_stats',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/partition-stats/dirty',
  summary:
    `List partitions whose kept numbers are not what their deltas count, at most ${DIRTY_PARTITIONS_MAX}: ` +
    'none, unless something else changed the store.',
  params,
  query: { table_version: tableVersion.nullish(), ...inCatalog },
  output: z.object({
    namespace: z.string(),
    table: z.string(),
    table_version: z.string().nullish(),
    dirty_partitions: z
      .array(z.object({ ...partition, kept: z.object(counts), counted: z.object(counts) }))
      .default([]),
    pending_maintenance_tasks: z.array(z.record(z.string(), z.unknown())).default([]),
    pending_maintenance_tasks_sha256: z.string().nullish(),
    runtime_inventory_complete: z.boolean().default(false),
    runtime_inventory_enabled: z.boolean().default(false),
  }),
  errors: found,
  role: 'READER',
  tag,
});

/** Counts what a partition holds again. */
export const repairPartitionStats = endpoint({
  op: 'repair_partition_stats',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/partition-stats/repair',
  summary: 'Count what a partition holds again, and keep that. Names one partition by its id or its values.',
  params,
  query: inCatalog,
  body: {
    table_version: tableVersion.nullish(),
    partition_id: keyText.min(1).nullish(),
    partition_values: z.array(partitionValue).nullish(),
  },
  output: z.object({
    namespace: z.string(),
    table: z.string(),
    table_version: z.string().nullish(),
    partition_id: z.string().nullish(),
    stream_id: z.string().nullish(),
    repaired: z.boolean().meta({ description: 'Whether the numbers were others before.' }),
    stats: z.object({ ...counts, before: z.object(counts) }).nullish(),
  }),
  errors: [...found, 'invalid_request', 'not_found'],
  role: 'WRITER',
  tag,
});
