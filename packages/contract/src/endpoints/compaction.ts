import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName, tableName, tableVersion } from '../values/names.ts';
import { count, nanoseconds } from '../values/numbers.ts';
import { inCatalog, reading } from '../values/query.ts';
import { keyText } from '../values/text.ts';

const found = ['catalog_not_found', 'namespace_not_found', 'table_not_found', 'table_version_not_found'] as const;

const trigger = count.nullish();

/** Tells when a table is compacted, and what it has gathered since. */
export const compactionStatus = endpoint({
  op: 'compaction_status',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/tables/{table}/compact',
  summary: 'Tell when partitions of a table are compacted by themselves, and what they have gathered since they were.',
  params: { namespace: namespaceName, table: tableName },
  query: { table_version: tableVersion.nullish(), ...reading },
  output: z.object({
    namespace: z.string(),
    table: z.string(),
    table_version: z.string(),
    read_optimization_level: z.string(),
    appended_record_count_trigger: trigger.meta({
      description: 'How many rows of one partition bring its compaction about; null when they do not.',
    }),
    appended_file_count_trigger: trigger.meta({ description: 'How many files do.' }),
    appended_delta_count_trigger: trigger.meta({ description: 'How many deltas do.' }),
    current_delta_count: count.meta({ description: 'Deltas since the last compaction, over all partitions.' }),
    current_file_count: count.meta({ description: 'Their files.' }),
    current_record_count: count.meta({ description: 'Their rows.' }),
    partitions_due: count.meta({ description: 'How many partitions have gathered what brings compaction about.' }),
    records_per_compacted_file: count,
    last_compacted_at: nanoseconds.nullish().meta({ description: 'When a partition was compacted last.' }),
    active_job_id: z.string().nullish().meta({ description: 'A compaction that waits or is under way.' }),
  }),
  errors: [...found, 'not_transactional'],
  role: 'READER',
  tool: 'deltacat_compaction_status',
  tag: 'catalog',
});

const dispatchConfig = z
  .record(z.string(), z.unknown())
  .nullish()
  .meta({ description: 'Which workers may do it. Compactions are done by the server: leave it out.' });

/** Has a table compacted in the background. */
export const submitCompactionJob = endpoint({
  op: 'submit_compaction_job',
  method: 'POST',
  path: '/v1/jobs/submit/compaction',
  summary:
    'Compact a table version, or one partition of it, in the background: fewer and larger files with the same rows.',
  query: inCatalog,
  body: {
    namespace: namespaceName,
    table: tableName,
    table_version: tableVersion.nullish(),
    partition_id: keyText.min(1).nullish().meta({ description: 'The only partition to compact; all when left out.' }),
    dispatch_config: dispatchConfig,
  },
  output: z.object({
    namespace: z.string(),
    table: z.string(),
    table_version: z.string(),
    partition_id: z.string().nullish(),
    submitted: z.boolean().meta({ description: 'false when the same is waiting or under way already.' }),
    job_id: z.string(),
    message: z.string(),
  }),
  errors: [...found, 'not_found', 'not_supported'],
  role: 'ADMIN',
  tool: 'deltacat_submit_compaction',
  tag: 'jobs',
});
