import { type Api, DeltacatError, type InputOf } from '@deltacat/contract';
import type { Handler, ServerContext } from '../../context.ts';
import { addJob } from '../../jobs/add.ts';
import { findTarget, type ReadTarget } from '../../reads/target.ts';
import { catalogNamed } from '../../roots/catalogs.ts';
import { findPartitions } from '../../snapshots/partitions.ts';
import { viewHead } from '../../snapshots/view.ts';
import { compactionJob } from './compaction-job.ts';

type Input = InputOf<Api['submit_compaction_job']>;

/**
 * Writes down that a table version, or one partition of it, is to be compacted; the server does it in the background. What
 * is waiting or under way already is not done twice: then that job is answered.
 */
export const submitCompactionJob: Handler<'submit_compaction_job'> = async (context, input) => {
  refuseWorkers(input);
  const { namespace, table, table_version } = input;
  const partition_id = input.partition_id ?? null;
  const { catalog_id } = catalogNamed(context, input.catalog);
  const view = await viewHead(context.db.reader, catalog_id);
  const target = await findTarget(context, view, { namespace, table, table_version });
  if (partition_id !== null) await requirePartition(context, target, partition_id);
  const wanted = compactionJob(target, partition_id);
  const { job, is_new } = await context.db.unit(catalog_id, (queries, now_ns) =>
    addJob({ queries, now_ns, newId: context.newId }, wanted),
  );
  return {
    ...{ namespace, table, table_version: target.version.version, partition_id },
    submitted: is_new,
    job_id: job.job_id,
    message: is_new
      ? 'It will be compacted in the background; the job tells how far it is.'
      : `The same compaction is ${job.state} already; this is its job.`,
  };
};

/** Whoever names workers counts on their doing it. */
function refuseWorkers({ dispatch_config }: Input): void {
  const wishes = Object.entries(dispatch_config ?? {}).filter(([, value]) => !isNoWish(value));
  if (wishes.length === 0) return;
  const names = wishes.map(([name]) => name).join(', ');
  throw new DeltacatError(
    'not_supported',
    `Nothing was submitted: compactions are done by the server itself, not by workers. Leave ${names} out of dispatch_config.`,
    { dispatch_config },
  );
}

function isNoWish(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

async function requirePartition(context: ServerContext, target: ReadTarget, partition_id: string): Promise<void> {
  const { stream_id } = target.version;
  if ((await findPartitions(context.db.reader, stream_id, [partition_id])).length > 0) return;
  const name = `"${target.namespace.name}.${target.table.name}"`;
  throw new DeltacatError(
    'not_found',
    `Table ${name} has no partition "${partition_id}". list_partitions names those that hold something.`,
    { partition_id },
  );
}
