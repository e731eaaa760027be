import { compactionSettings, type Gathered, isDue } from '../../catalog/compaction-settings.ts';
import type { Handler } from '../../context.ts';
import { findTarget } from '../../reads/target.ts';
import { catalogNamed } from '../../roots/catalogs.ts';
import { lastCompactedAt, listGathered } from '../../snapshots/gathered.ts';
import { viewHead } from '../../snapshots/view.ts';
import { recordsPerFile } from '../../writes/records-per-file.ts';
import { COMPACTION } from './compaction-job.ts';

/** Tells when partitions of a table version are compacted by themselves, and what they have gathered since they were. */
export const compactionStatus: Handler<'compaction_status'> = async (context, input) => {
  const queries = context.db.reader;
  const { namespace, table, table_version } = input;
  const view = await viewHead(queries, catalogNamed(context, input.catalog).catalog_id);
  const { version, table: found } = await findTarget(context, view, { namespace, table, table_version });
  const properties = { ...found.properties, ...version.properties };
  const settings = compactionSettings(properties);
  const gathered = await listGathered(queries, version);
  const total = (counter: keyof Gathered) => gathered.reduce((sum, partition) => sum + partition[counter], 0);
  const active = await queries
    .selectFrom('jobs')
    .select('job_id')
    .where('subject_id', '=', version.table_version_id)
    .where('job_type', '=', COMPACTION)
    .where('completed_at_ns', 'is', null)
    .orderBy('created_at_ns')
    .limit(1)
    .executeTakeFirst();
  return {
    ...{ namespace, table, table_version: version.version },
    read_optimization_level: settings.level,
    appended_record_count_trigger: settings.triggers.records,
    appended_file_count_trigger: settings.triggers.files,
    appended_delta_count_trigger: settings.triggers.deltas,
    current_delta_count: total('deltas'),
    current_file_count: total('files'),
    current_record_count: total('records'),
    partitions_due: gathered.filter((partition) => isDue(settings, partition)).length,
    records_per_compacted_file: recordsPerFile(properties),
    last_compacted_at: await lastCompactedAt(queries, version.stream_id),
    active_job_id: active?.job_id ?? null,
  };
};
