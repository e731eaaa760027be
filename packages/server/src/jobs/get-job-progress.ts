import type { Handler } from '../context.ts';
import { isoTime, requireJob } from './job-answer.ts';

/** Reads how far a job is. */
export const getJobProgress: Handler<'get_job_progress'> = async (context, input) => {
  const { job_id, state, progress, progress_message, progress_events, worker_id, heartbeat_at_ns } = await requireJob(
    context,
    input,
  );
  return {
    ...{ job_id, state, progress_fraction: progress, progress_message, progress_events, worker_id },
    last_heartbeat_at: isoTime(heartbeat_at_ns),
  };
};
