import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName, tableName, tableVersion } from '../values/names.ts';
import { PARTITION_FILTER_FORM } from '../values/partition-choice.ts';
import { readPlan } from '../values/plan.ts';
import { predicateSchema } from '../values/predicate.ts';
import { atTime, flag, fromText, listText, reading, whole } from '../values/query.ts';

/** The most rows of one preview. */
export const PREVIEW_ROWS_MAX = 1_000;
/** The most columns one read may choose. */
export const COLUMNS_MAX = 10_000;

const params = { namespace: namespaceName, table: tableName };
const found = ['catalog_not_found', 'namespace_not_found', 'table_not_found', 'table_version_not_found'] as const;
const filter = {
  filter_predicate: z
    .preprocess(fromText, z.unknown())
    .optional()
    .meta({ ...predicateSchema.meta(), type: 'object' }),
};

/** Plans a read: which files hold the rows, and how to turn them into rows. */
export const planRead = endpoint({
  op: 'plan_read',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/plan',
  summary: 'Plan a read: the files that may hold matching rows, their schema, and how to merge them.',
  params,
  query: {
    table_version: tableVersion.nullish(),
    ...atTime,
    columns: listText(z.string())
      .nullish()
      .meta({ description: 'Columns to read, in this order; JSON text in a query.' }),
    ...filter,
    partition_filter: z
      .preprocess(fromText, z.unknown())
      .optional()
      .meta({ description: `Read these partitions alone: ${PARTITION_FILTER_FORM}.`, type: 'array', items: {} }),
    recipe_hash: z.string().max(255).nullish(),
    file_offset: whole.default(0).meta({ description: 'Skip that many files of the plan.' }),
    max_files: whole.nullish().meta({ description: 'Return at most that many files; next_file_offset continues.' }),
    include_column_stats: flag.default(false).meta({ description: 'Return statistics of each file.' }),
    include_files: flag.default(true).meta({ description: 'false: totals only, no files.' }),
    preferred_root: z.string().max(255).nullish(),
    ...reading,
  },
  output: readPlan,
  errors: [
    ...found,
    'invalid_request',
    'invalid_predicate',
    'unknown_column',
    'invalid_as_of',
    'merge_unsupported_by_client',
    'data_missing',
    'concurrent_modification',
  ],
  role: 'READER',
  tool: 'deltacat_plan_read',
  transactional: true,
  tag: 'catalog',
});

/** Reads a bounded sample of a table on the server. */
export const previewRows = endpoint({
  op: 'preview_rows',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/preview',
  summary: 'Read a bounded sample of rows on the server, with the schema and the total number of rows.',
  params,
  query: {
    table_version: tableVersion.nullish(),
    ...atTime,
    limit: whole.default(10).meta({ description: `Rows to return, at most ${PREVIEW_ROWS_MAX}.` }),
    ...filter,
    ...reading,
  },
  output: z.object({
    sample_rows: z.array(z.record(z.string(), z.unknown())).default([]),
    sample_size: z.int().default(0),
    schema: z.array(z.record(z.string(), z.unknown())).default([]),
    total_rows: z.int().default(0).meta({ description: 'Rows of the table, before merging.' }),
  }),
  errors: [
    ...found,
    'invalid_request',
    'invalid_predicate',
    'unknown_column',
    'invalid_as_of',
    'not_supported',
    'schema_mismatch',
    'data_missing',
  ],
  role: 'READER',
  tool: 'deltacat_preview_data',
  transactional: true,
  tag: 'catalog',
});
