import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';
import { findJob, isActive, type Job, newestJob } from './job.ts';

/** How long a job stays its worker's without a sign of life; a worker gives one at a third of that. */
const HEARTBEAT_TIMEOUT_SECONDS = 60;

/** How often a job is begun again after it failed, or its worker was lost. */
const RETRIES_MAX = 3;

/** What is to be done, to what. */
export interface NewJob {
  catalog_id: string;
  job_type: string;
  subject_id: string;
  /** Of the jobs with one key at most one is active. */
  dedupe_key: string;
  config: object;
}

/**
 * Writes a job down that somebody will do, within a unit of work of its catalog. When one of the same key is active
 * already, that one is answered, and nothing added.
 */
export async function addJob(
  { queries, now_ns, newId }: { queries: Queries; now_ns: bigint } & Pick<ServerContext, 'newId'>,
  wanted: NewJob,
): Promise<{ job: Job; is_new: boolean }> {
  const newest = await newestJob(queries, wanted.dedupe_key);
  if (newest && isActive(newest)) return { job: newest, is_new: false };
  const job_id = newId();
  await insertRows(queries, 'jobs', [
    {
      ...{ job_id, ...wanted, state: 'pending', progress: 0, progress_message: 'waiting', progress_events: {} },
      ...{ error: null, result: {}, worker_id: null, claim_generation: 0 },
      ...{ heartbeat_timeout_seconds: HEARTBEAT_TIMEOUT_SECONDS, retry_count: 0, max_retries: RETRIES_MAX },
      ...{ created_at_ns: now_ns, available_at_ns: now_ns, claimed_at_ns: null, heartbeat_at_ns: null },
      ...{ lease_expires_at_ns: null, completed_at_ns: null },
    },
  ]);
  const job = await findJob(queries, job_id);
  if (!job) throw new Error(`job ${job_id} is gone in the unit that adds it`);
  return { job, is_new: true };
}
