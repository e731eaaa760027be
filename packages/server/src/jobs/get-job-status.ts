import type { Handler } from '../context.ts';
import { answerJob, requireJob } from './job-answer.ts';

/** Reads a job. */
export const getJobStatus: Handler<'get_job_status'> = async (context, input) =>
  answerJob(await requireJob(context, input));
