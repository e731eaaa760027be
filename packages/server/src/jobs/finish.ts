import type { ServerContext } from '../context.ts';
import type { JobRow } from '../db/tables.ts';
import type { Job } from './job.ts';
import { type Claim, changeClaimed } from './lease.ts';

const PAUSE_FIRST_SECONDS = 5;
const PAUSE_MAX_SECONDS = 300;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** What came of a job that was done. */
export interface Outcome {
  message: string;
  result: JobRow['result'];
}

/** Ends a job that is done; answers false when it is somebody else's by now, whose outcome counts. */
export function completeJob(context: ServerContext, claim: Claim, { message, result }: Outcome): Promise<boolean> {
  return context.db.unit(claim.catalog_id, (queries, now_ns) =>
    changeClaimed(queries, claim, {
      ...{ state: 'completed', progress: 1, progress_message: message, result, error: null },
      ...{ completed_at_ns: now_ns, lease_expires_at_ns: null },
    }),
  );
}

/** What went wrong with a job, and whether another attempt may go better. */
export interface Failure {
  error: string;
  retryable: boolean;
}

/** Ends an attempt that failed: the job waits for the next one, ever longer, or has failed for good. */
export function failJob(context: ServerContext, job: Job, { error, retryable }: Failure): Promise<boolean> {
  const { retry_count, max_retries } = job;
  const isOver = !retryable || retry_count >= max_retries;
  return context.db.unit(job.catalog_id, (queries, now_ns) =>
    changeClaimed(
      queries,
      job,
      isOver
        ? { state: 'failed', error, completed_at_ns: now_ns, lease_expires_at_ns: null }
        : {
            ...{ state: 'pending', error, worker_id: null, lease_expires_at_ns: null },
            ...{ retry_count: retry_count + 1, available_at_ns: now_ns + pauseBefore(retry_count) },
          },
    ),
  );
}

function pauseBefore(retry_count: number): bigint {
  return BigInt(Math.min(PAUSE_MAX_SECONDS, PAUSE_FIRST_SECONDS * 2 ** retry_count)) * NANOSECONDS_PER_SECOND;
}

/** Gives a job back that could not be ended before its server stops: another begins it at once, and no retry is counted. */
export function releaseJob(context: ServerContext, claim: Claim): Promise<boolean> {
  return context.db.unit(claim.catalog_id, (queries, now_ns) =>
    changeClaimed(queries, claim, {
      ...{ state: 'pending', worker_id: null, lease_expires_at_ns: null, available_at_ns: now_ns },
    }),
  );
}
