import type { NewJob } from '../../jobs/add.ts';
import type { Job } from '../../jobs/job.ts';
import type { ReadTarget } from '../../reads/target.ts';

/** The type of jobs that compact. */
export const COMPACTION = 'compaction';

/** What a compaction is to compact, under the names that it had when that was written down. */
export interface CompactionConfig {
  namespace: string;
  table: string;
  table_version: string;
  table_version_id: string;
  /** The only partition of it; null for all. */
  partition_id: string | null;
}

/** The job that compacts a table version, or one partition of it. */
export function compactionJob({ view, namespace, table, version }: ReadTarget, partition_id: string | null): NewJob {
  const { table_version_id } = version;
  const config: CompactionConfig = {
    ...{ namespace: namespace.name, table: table.name, table_version: version.version },
    ...{ table_version_id, partition_id },
  };
  return {
    catalog_id: view.catalog_id,
    job_type: COMPACTION,
    subject_id: table_version_id,
    dedupe_key: `${COMPACTION} ${table_version_id} ${partition_id ?? '*'}`,
    config,
  };
}

/** The folder of what one claim of a job writes: what an earlier one left behind is in another. */
export function claimFolder({ job_id, claim_generation }: Pick<Job, 'job_id' | 'claim_generation'>): string {
  return `${job_id}-${claim_generation}`;
}
