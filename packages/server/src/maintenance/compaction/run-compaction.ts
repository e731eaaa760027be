import { DeltacatError } from '@deltacat/contract';
import type { Change } from '../../commits/change.ts';
import { concurrentModification } from '../../commits/conflicts.ts';
import type { RequestContext } from '../../context.ts';
import { holds } from '../../jobs/lease.ts';
import type { Runner, RunningJob } from '../../jobs/run.ts';
import { findTargetById } from '../../reads/target.ts';
import { allCatalogs, type Catalog } from '../../roots/catalogs.ts';
import { listHeld } from '../../snapshots/gathered.ts';
import { viewHead } from '../../snapshots/view.ts';
import { type CompactionOutcome, compactPartition } from '../../writes/compact.ts';
import { mapParallel } from '../../writes/parallel.ts';
import { type CompactionConfig, claimFolder } from './compaction-job.ts';
import { removeLeftovers } from './leftovers.ts';
import { CompactionReport } from './report.ts';

/** Partitions compacted at a time by one job; each merge uses all cores by itself. */
const PARTITIONS_AT_A_TIME_MAX = 2;

/**
 * Compacts the partitions of a table version one by one; each is compacted for good, so that a job which is begun again
 * goes on where it was. A partition that fails does not keep the others from it. Null when it was stopped before the end.
 */
export const runCompaction: Runner = async (context, running) => {
  const config = running.job.config as CompactionConfig; // what submitting it wrote down
  const catalog = allCatalogs(context).find(({ catalog_id }) => catalog_id === running.job.catalog_id);
  const report = new CompactionReport();
  const partitions = catalog ? await listPartitions(context, catalog, config) : null;
  if (!catalog || partitions === null) return report.outcome(GONE);
  if (running.job.claim_generation > 1) await removeLeftovers(context, catalog, running.job);
  const compact = partitionCompactor(context, { catalog, config, running });
  await mapParallel(partitions, PARTITIONS_AT_A_TIME_MAX, async (partition_id) => {
    if (running.stopped.aborted) return;
    report.add(partition_id, await compact(partition_id));
    const [completed, expected] = [report.partitions, partitions.length];
    const message = `${completed} of ${expected} partitions`;
    await running.tell({ what: 'partitions', completed, expected, message });
  });
  if (running.stopped.aborted && report.partitions < partitions.length) return null;
  report.throwFailure();
  return report.outcome();
};

const GONE = 'The table version is gone; there is nothing to compact.';

async function listPartitions(
  context: RequestContext,
  { catalog_id }: Catalog,
  { table_version_id, partition_id }: CompactionConfig,
): Promise<string[] | null> {
  const view = await viewHead(context.db.reader, catalog_id);
  const target = await findTargetById(context, view, table_version_id);
  if (target === null) return null;
  return partition_id === null ? listHeld(context.db.reader, target.version.stream_id) : [partition_id];
}

interface Compacting {
  catalog: Catalog;
  config: CompactionConfig;
  running: RunningJob;
}

/** What compacts one partition for a job: an error is an outcome, and nothing is published once the job is another's. */
function partitionCompactor(context: RequestContext, { catalog, config, running: { job } }: Compacting) {
  const options = {
    message: 'compaction',
    folder_id: claimFolder(job),
    async guard(change: Change) {
      if (!(await holds(change.queries, job))) throw concurrentModification(`Job "${job.job_id}"`, null);
    },
  };
  const { table_version_id } = config;
  return async (partition_id: string): Promise<CompactionOutcome | { outcome: 'failed'; error: DeltacatError }> => {
    try {
      return await compactPartition(context, { catalog, table_version_id, partition_id }, options);
    } catch (error) {
      if (error instanceof DeltacatError) return { outcome: 'failed', error };
      throw error;
    }
  };
}
