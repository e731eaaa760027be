import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName, tableName, tableVersion } from '../values/names.ts';
import { count, int64 } from '../values/numbers.ts';
import { columnStats, partitionValue } from '../values/plan.ts';
import { atTime, flag, fromText, paging, reading } from '../values/query.ts';
import { partitionScheme } from '../values/schemes.ts';
import { keyText } from '../values/text.ts';
import { contentEncoding, contentType, deltaType } from '../values/words.ts';

const ofVersion = { namespace: namespaceName, table: tableName, table_version: tableVersion };
const ofStream = { ...ofVersion, stream_id: keyText.min(1) };
const ofPartition = { ...ofStream, partition_id: keyText.min(1) };
const found = [
  'catalog_not_found',
  'namespace_not_found',
  'table_not_found',
  'table_version_not_found',
  'invalid_as_of',
] as const;
const foundInside = [...found, 'not_found'] as const;
const tag = 'catalog';
const one = { ...atTime, ...reading };
const several = { ...atTime, ...paging, ...reading };

const place = {
  namespace: z.string().nullish(),
  table_name: z.string().nullish(),
  table_version: z.string().nullish(),
  stream_id: z.string().nullish(),
  stream_format: z.string().nullish(),
};
const state = z.string().nullish().meta({ description: 'committed, or deprecated once another has taken its place.' });
const schemeId = z.string().nullish();
const watermark = z.number().nullish();

const streamSummary = z.object({
  ...place,
  state,
  previous_stream_id: z.string().nullish().meta({ description: 'The stream whose place it took.' }),
  partition_scheme_id: schemeId,
  watermark,
  gc_watermark: z.int().nullish(),
});

const streamDetail = z.object({ ...streamSummary.shape, partition_scheme: partitionScheme.nullish() });

const partitionSummary = z.object({
  ...place,
  partition_id: z.string().nullish(),
  partition_values: z.array(partitionValue).nullish(),
  partition_scheme_id: schemeId,
  state,
  content_types: z.array(contentType).nullish(),
  stream_position: int64.nullish().meta({ description: 'Position of its last delta.' }),
  previous_stream_position: int64.nullish(),
  previous_partition_id: z.string().nullish(),
  initial_delta_count: count.default(0),
  revision: z.int().nullish(),
  revision_txn_id: z.string().nullish(),
  revision_transaction_success_visible: z.boolean().default(false),
  watermark,
});

const manifestEntry = z.object({
  id: z.string().nullish(),
  url: z.string().nullish(),
  mandatory: z.boolean().nullish(),
  content_type: contentType.nullish(),
  content_encoding: contentEncoding.nullish(),
  content_length: count.nullish(),
  source_content_length: count.nullish(),
  record_count: count.nullish(),
  entry_type: z.string().nullish().meta({ description: 'data, or equality_delete for the keys of removed rows.' }),
  schema_id: z.int().nullish(),
  sort_scheme_id: z.string().nullish(),
  column_stats: z.record(z.string(), columnStats).nullish(),
});

const delta = z.object({
  ...place,
  partition_id: z.string().nullish(),
  partition_values: z.array(partitionValue).nullish(),
  delta_type: deltaType.nullish(),
  stream_position: int64.nullish(),
  previous_stream_position: int64.nullish(),
  record_count: count.nullish(),
  content_length: count.nullish(),
  content_type: contentType.nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
  embedded_in_partition: z.boolean().default(false),
  manifest: z
    .object({
      id: z.string().nullish(),
      author_name: z.string().nullish(),
      author_version: z.string().nullish(),
      entry_count: count.default(0),
      entries: z.array(manifestEntry).default([]),
    })
    .nullish(),
  watermark,
});

const partitionDetail = z.object({
  ...partitionSummary.shape,
  compaction_round_completion_info: z.unknown().nullish(),
  initial_deltas: z.array(delta).nullish(),
});

const deltaRange = {
  first_stream_position: int64.nullish().meta({ description: 'Leave out deltas at positions before it.' }),
  last_stream_position: int64.nullish().meta({ description: 'Leave out deltas at positions after it.' }),
  include_manifest: flag.default(false).meta({ description: 'Tell the files of each delta, too.' }),
};

/** Lists the streams of a table version. */
export const listStreams = endpoint({
  op: 'list_streams',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams',
  summary: 'List the streams of a table version: the one that holds its data.',
  params: ofVersion,
  query: { stream_format: keyText.nullish(), ...several },
  paged: true,
  output: z.array(streamSummary),
  errors: [...found, 'invalid_request'],
  role: 'READER',
  transactional: true,
  tag,
});

/** Describes a stream. */
export const getStream = endpoint({
  op: 'get_stream',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams/{stream_id}',
  summary: 'Describe a stream of a table version, also one that was replaced.',
  params: ofStream,
  query: one,
  output: streamDetail,
  errors: foundInside,
  role: 'READER',
  transactional: true,
  tag,
});

/** Lists the partitions of a stream. */
export const listPartitions = endpoint({
  op: 'list_partitions',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams/{stream_id}/partitions',
  summary: 'List the partitions of a stream that hold something.',
  params: ofStream,
  query: {
    partition_values: z.preprocess(fromText, z.array(partitionValue).nullish()).meta({
      description: 'Only the partition with these values; JSON text in a query. [] or null: that without any.',
    }),
    partition_scheme_id: keyText.nullish().meta({ description: 'Only partitions of that scheme.' }),
    ...several,
  },
  paged: true,
  output: z.array(partitionSummary),
  errors: [...foundInside, 'invalid_request'],
  role: 'READER',
  transactional: true,
  tag,
});

/** Describes a partition. */
export const getPartition = endpoint({
  op: 'get_partition',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams/{stream_id}/partitions/{partition_id}',
  summary: 'Describe a partition of a stream.',
  params: ofPartition,
  query: {
    include_initial_deltas: flag.default(false).meta({ description: 'Deltas kept in the partition itself: none.' }),
    ...one,
  },
  output: partitionDetail,
  errors: foundInside,
  role: 'READER',
  transactional: true,
  tag,
});

const deltaPages = {
  method: 'GET',
  params: ofPartition,
  query: { ...deltaRange, ...several },
  paged: true,
  output: z.array(delta),
  errors: [...foundInside, 'invalid_request'],
  role: 'READER',
  transactional: true,
  tag,
} as const;

/** Lists the deltas of a partition. */
export const listPartitionDeltas = endpoint({
  op: 'list_partition_deltas',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams/{stream_id}/partitions/{partition_id}/deltas',
  summary: 'List the deltas of a partition by position.',
  ...deltaPages,
});

/** Lists the deltas of a partition; here the same as `list_partition_deltas`, whose pages are bounded, too. */
export const listPartitionDeltaPages = endpoint({
  op: 'list_partition_delta_pages',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams/{stream_id}/partitions/{partition_id}/delta-pages',
  summary: 'List the deltas of a partition by position, as list_partition_deltas does.',
  ...deltaPages,
});

/** Describes a delta with its files. */
export const getPartitionDelta = endpoint({
  op: 'get_partition_delta',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/versions/{table_version}/streams/{stream_id}/partitions/{partition_id}/deltas/{stream_position}',
  summary: 'Describe a delta with its files.',
  params: { ...ofPartition, stream_position: int64 },
  query: one,
  output: delta,
  errors: foundInside,
  role: 'READER',
  transactional: true,
  tag,
});
