import { DeltacatError, type OperationName } from '@deltacat/contract';
import type { Call, OperationArguments } from './bind.ts';
import type { OperationAnswer } from './send.ts';

/** The methods of jobs, with the operations that they are. */
export const JOB_OPERATIONS = {
  submitCompaction: 'submit_compaction_job',
  get: 'get_job_status',
  getProgress: 'get_job_progress',
} as const satisfies Record<string, OperationName>;

/** A job as the server tells it. */
export type JobStatus = OperationAnswer<'get_job_status'>;

/** Which job is waited for, and how patiently. */
export interface WaitArguments {
  job_id: string;
  catalog?: string | null | undefined;
  /** How long to wait, in seconds. Default 300. */
  timeout_seconds?: number | undefined;
  /** How often to ask, in seconds. Default 2. */
  poll_interval_seconds?: number | undefined;
  /** Called with every state that is asked for, the last one too. */
  onProgress?: ((job: JobStatus) => void) | undefined;
}

/** What the server does in the background. */
export interface Jobs {
  /**
   * Has a table version compacted, or one partition of it: fewer and larger files with the same rows. `submitted` is false
   * when the same waits or is under way already; `job_id` is its job then.
   */
  submitCompaction(
    input: OperationArguments<'submit_compaction_job'>,
  ): Promise<OperationAnswer<'submit_compaction_job'>>;
  /** Reads a job. Rejects with `job_not_found`. */
  get(input: OperationArguments<'get_job_status'>): Promise<JobStatus>;
  /** Reads how far a job is. */
  getProgress(input: OperationArguments<'get_job_progress'>): Promise<OperationAnswer<'get_job_progress'>>;
  /**
   * Waits until a job is `completed` or `failed`, and answers it; `error` says why it failed. Rejects with `job_not_finished` when it
   * takes longer than that; the job goes on all the same.
   */
  wait(input: WaitArguments): Promise<JobStatus>;
}

const TIMEOUT_SECONDS = 300;
const POLL_INTERVAL_SECONDS = 2;

/** The methods of `client.jobs`. */
export function createJobs(call: Call, closing: AbortSignal): Jobs {
  const get: Jobs['get'] = (input) => call(JOB_OPERATIONS.get, input);
  return {
    submitCompaction: (input) => call(JOB_OPERATIONS.submitCompaction, input),
    get,
    getProgress: (input) => call(JOB_OPERATIONS.getProgress, input),
    async wait(input) {
      const { job_id, catalog, onProgress, timeout_seconds = TIMEOUT_SECONDS } = input;
      const deadline = performance.now() + timeout_seconds * 1_000;
      for (;;) {
        const job = await get({ job_id, catalog });
        onProgress?.(job);
        if (job.state === 'completed' || job.state === 'failed') return job;
        if (performance.now() >= deadline) throw tooLong(job, timeout_seconds);
        await pause((input.poll_interval_seconds ?? POLL_INTERVAL_SECONDS) * 1_000, closing);
      }
    },
  };
}

function tooLong({ job_id, state, progress_message }: JobStatus, seconds: number): DeltacatError {
  return new DeltacatError(
    'job_not_finished',
    `Job "${job_id}" is still ${state} after ${seconds} seconds (${progress_message}). It goes on; wait longer with timeout_seconds.`,
    { job_id, state },
  );
}

function pause(ms: number, closing: AbortSignal): Promise<void> {
  if (closing.aborted) return Promise.reject(closed());
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(closed());
    };
    const timer = setTimeout(() => {
      closing.removeEventListener('abort', end);
      resolve();
    }, ms);
    closing.addEventListener('abort', end, { once: true });
  });
}

function closed(): DeltacatError {
  return new DeltacatError('invalid_request', 'The client was closed while it waited for a job. The job goes on.');
}
