import { hostname } from 'node:os';
import { DeltacatError } from '@deltacat/contract';
import type { RequestContext, ServerContext } from '../context.ts';
import { claimJob } from './claim.ts';
import { completeJob, type Failure, failJob, type Outcome, releaseJob } from './finish.ts';
import type { Job } from './job.ts';
import { keepClaim } from './lease.ts';

/** A job under way, as the work on it sees it. */
export interface RunningJob {
  job: Job;
  /** Set when the server stops, or when the job is somebody else's by now: then no further step is begun. */
  stopped: AbortSignal;
  /** Writes down how far the work is. */
  tell(progress: { what: string; completed: number; expected: number; message: string }): Promise<void>;
}

/** What does the jobs of one type; null when it was stopped before the end. It may have been begun before, in part. */
export type Runner = (context: RequestContext, running: RunningJob) => Promise<Outcome | null>;

/** A third of the lease is the pause between signs of life, so that two of them may be late. */
const HEARTBEATS_PER_LEASE = 3;

/** What our own client says of itself: rows are merged where they are read. */
const CLIENT_VERSION = 'ts-server';

/** Does jobs of these types until none is left that may be begun; answers how many. For a loop. */
export async function runJobs(
  context: ServerContext,
  runners: Record<string, Runner>,
  stopped: AbortSignal,
): Promise<number> {
  const claimant = { worker_id: `local:${hostname()}:${process.pid}`, job_types: Object.keys(runners) };
  let done = 0;
  while (!stopped.aborted) {
    const job = await claimJob(context, claimant);
    const run = job && runners[job.job_type];
    if (!job || !run) return done;
    await runJob(context, { job, run, stopped });
    done += 1;
  }
  return done;
}

async function runJob(
  context: ServerContext,
  { job, run, stopped }: { job: Job; run: Runner; stopped: AbortSignal },
): Promise<void> {
  const lost = new AbortController();
  const beating = beat(context, job, lost);
  const running = { job, stopped: AbortSignal.any([stopped, lost.signal]), tell: teller(context, job, lost) };
  const asRequest = { ...context, request_id: job.job_id, user: null, client_version: CLIENT_VERSION };
  try {
    const outcome = await run(asRequest, running);
    if (outcome) await completeJob(context, job, outcome);
    else await releaseJob(context, job);
  } catch (error) {
    const failure = failureOf(error);
    context.log.error({ err: error, job_id: job.job_id, ...failure }, 'a job failed');
    await failJob(context, job, failure);
  } finally {
    clearInterval(beating);
  }
}

/** Gives signs of life until it is stopped; one that cannot be given now is given the next time. */
function beat(context: ServerContext, job: Job, lost: AbortController): NodeJS.Timeout {
  const timer = setInterval(
    () => {
      keepClaim(context, job).then(
        (isMine) => isMine || lost.abort(),
        (error) => context.log.warn({ err: error, job_id: job.job_id }, 'a heartbeat of a job failed'),
      );
    },
    (job.heartbeat_timeout_seconds * 1_000) / HEARTBEATS_PER_LEASE,
  );
  return timer.unref();
}

function teller(context: ServerContext, job: Job, lost: AbortController): RunningJob['tell'] {
  return async ({ what, completed, expected, message }) => {
    const isMine = await keepClaim(context, job, {
      progress: expected === 0 ? 0 : Math.min(1, completed / expected),
      progress_message: message,
      progress_events: { [what]: { completed, expected } },
    });
    if (!isMine) lost.abort();
  };
}

/** What a caller would be told, and for a defect no more than that; the log has it. */
function failureOf(error: unknown): Failure {
  if (error instanceof DeltacatError) return { error: `[${error.code}] ${error.message}`, retryable: error.retryable };
  return { error: 'A defect of the server; its log holds the cause under the id of the job.', retryable: true };
}
