import { DeltacatError, type JobAnswer, stringifyJson } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import { allCatalogs, catalogNamed } from '../roots/catalogs.ts';
import { findJob, type Job } from './job.ts';

/** The job that a caller names. Throws `job_not_found`, also for one of another catalog than the one named. */
export async function requireJob(
  context: ServerContext,
  { job_id, catalog }: { job_id: string; catalog?: string | null | undefined },
): Promise<Job> {
  const wanted = catalog ? [catalogNamed(context, catalog)] : allCatalogs(context);
  const job = await findJob(context.db.reader, job_id);
  if (job && wanted.some(({ catalog_id }) => catalog_id === job.catalog_id)) return job;
  throw new DeltacatError(
    'job_not_found',
    `Job "${job_id}" does not exist. Jobs that ended are forgotten after some weeks; submit it again where it is still wanted.`,
    { job_id },
  );
}

/** A job as it is answered. */
export function answerJob(job: Job): JobAnswer {
  const { job_id, job_type, subject_id, state, progress, progress_message, error, result, worker_id } = job;
  const { claim_generation, retry_count, max_retries, heartbeat_timeout_seconds, config } = job;
  return {
    ...{ job_id, job_type, subject_id, state, progress, progress_message, error, result, worker_id },
    ...{ claim_generation, retry_count, max_retries, heartbeat_timeout_seconds, config_json: stringifyJson(config) },
    created_at: isoTime(job.created_at_ns),
    claimed_at: isoTime(job.claimed_at_ns),
    last_heartbeat_at: isoTime(job.heartbeat_at_ns),
    completed_at: isoTime(job.completed_at_ns),
  };
}

/** A time as the clients of jobs expect it, to the microsecond; null for what has not happened. */
export function isoTime(time_ns: bigint | null): string | null {
  if (time_ns === null) return null;
  const microseconds = time_ns / 1_000n;
  const date = new Date(Number(microseconds / 1_000n)).toISOString().slice(0, -1);
  return `${date}${String(microseconds % 1_000n).padStart(3, '0')}Z`;
}
