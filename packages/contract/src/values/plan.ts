import { z } from 'zod';
import { count, int64, nanoseconds } from './numbers.ts';
import { schemaField } from './schema.ts';
import { partitionScheme, sortScheme } from './schemes.ts';
import { fileAccessRef, storageBinding } from './storage.ts';
import { contentEncoding, contentType, deltaType, nullOrder, sortOrder } from './words.ts';

/** What is known of one column of one file. Times and dates are ISO strings, decimals are strings. */
export const columnStats = z.object({
  min: z.unknown().optional(),
  max: z.unknown().optional(),
  null_count: z.union([z.int(), z.null()]).optional(),
});
/** What is known of one column of one file. */
export type ColumnStats = z.infer<typeof columnStats>;

/** One partition value: a JSON scalar; times and dates are ISO strings. */
export const partitionValue = z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null()]);
/** One partition value. */
export type PartitionValue = z.infer<typeof partitionValue>;

const id = z.union([z.string(), z.int()]);

/** One data file of a plan. */
export const dataFile = z.object({
  path: z.string().meta({ description: 'Absolute local path, file:// or s3:// URI.' }),
  id: z.string().nullish(),
  mandatory: z.boolean().nullish(),
  content_type: contentType.default('parquet'),
  content_encoding: contentEncoding.default('identity'),
  content_length: count.default(0),
  source_content_length: count.nullish(),
  record_count: count.default(0),
  schema_id: id.nullish(),
  sort_scheme_id: id.nullish(),
  column_stats: z.record(z.string(), columnStats).nullish(),
  file_access_ref: fileAccessRef.nullish(),
});
/** One data file of a plan. */
export type DataFile = z.infer<typeof dataFile>;

/** One delta of a plan: files that became visible together, in one partition. */
export const scanTask = z.object({
  delta_type: deltaType.nullish(),
  stream_position: int64.nullish(),
  previous_stream_position: int64.nullish(),
  partition_values: z.array(partitionValue).nullish(),
  partition_scheme_id: id.nullish(),
  partition_id: z.string().nullish(),
  stream_id: z.string().nullish(),
  entry_params: z.object({ equality_field_locators: z.array(z.string()).nullish() }).nullish(),
  author_name: z.string().nullish(),
  author_version: z.string().nullish(),
  files: z.array(dataFile).default([]),
});
/** One delta of a plan. */
export type ScanTask = z.infer<typeof scanTask>;

/** How rows of one key are ordered inside one delta, when positions do not tell. */
export const morSortKey = z.object({ key: z.array(z.string()), sort_order: sortOrder, null_order: nullOrder });

/** A storage root: paths below it are read with its endpoint and credentials. */
export const dataRoot = z.object({
  root: z.string(),
  storage_type: z.string(),
  endpoint_url: z.string().nullish(),
  region: z.string().nullish(),
  root_id: z.string().nullish(),
  binding_id: z.string().nullish().meta({ description: 'The storage binding that opens it.' }),
  binding_revision: z.int().nullish(),
  usage: z.array(z.string()).nullish(),
});
/** A storage root. */
export type DataRoot = z.infer<typeof dataRoot>;

/** Everything a reader needs to turn a table into rows by itself: files, schema, and how to merge. */
export const readPlan = z.object({
  namespace: z.string(),
  table: z.string(),
  table_version: z.string().nullish(),
  content_type: contentType,
  requires_mor: z.boolean().meta({ description: 'Whether rows must be merged by key while reading.' }),
  total_files: count,
  total_records: count.meta({ description: 'Rows in the files, before merging.' }),
  total_bytes: count,
  returned_files: count.default(0),
  truncated: z.boolean().default(false),
  next_file_offset: count.nullish(),
  scan_tasks: z.array(scanTask).default([]),
  merge_keys: z.array(z.string()).nullish(),
  mor_plan: z.object({ scan_tasks: z.array(scanTask).nullish(), sort_keys: z.array(morSortKey).nullish() }).nullish(),
  mor_instructions: z.string().nullish(),
  schema: z.array(schemaField).nullish(),
  schema_serialized: z.string().nullish(),
  schemas_by_id: z.record(z.string(), z.array(schemaField)).nullish(),
  schemas_serialized_by_id: z.record(z.string(), z.string()).nullish(),
  partition_scheme: partitionScheme.nullish(),
  partition_schemes_by_id: z.record(z.string(), partitionScheme).nullish(),
  sort_scheme: sortScheme.nullish(),
  sort_schemes_by_id: z.record(z.string(), sortScheme).nullish(),
  data_roots: z.record(z.string(), dataRoot).nullish(),
  storage_bindings: z.record(z.string(), storageBinding).nullish(),
  credentials: z
    .record(z.string(), z.unknown())
    .nullish()
    .meta({ description: 'Keys by endpoint (or `default`), and the same by `binding@revision`.' }),
  preferred_root_used: z.boolean().nullish(),
  snapshot_id: z.string().nullish(),
  seq: z.int().nullish().meta({ description: 'The catalog sequence number that the plan reads.' }),
  as_of: nanoseconds.nullish(),
  expires_at: nanoseconds.nullish(),
  transaction_id: z.string().nullish(),
  transaction_version_seen: z.int().nullish(),
});
/** Everything a reader needs to turn a table into rows by itself. */
export type ReadPlan = z.infer<typeof readPlan>;
