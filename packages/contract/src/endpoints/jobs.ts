import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { count } from '../values/numbers.ts';
import { inCatalog } from '../values/query.ts';
import { keyText } from '../values/text.ts';
import { JOB_STATES } from '../values/words.ts';

const tag = 'jobs';
const params = { job_id: keyText.min(1).max(255) };
const errors = ['catalog_not_found', 'job_not_found'] as const;

const time = z.string().nullish().meta({ description: 'An ISO time in UTC.' });
const progress = z.number().min(0).max(1);

const jobStatus = z.object({
  job_id: z.string(),
  job_type: z.string(),
  subject_id: z.string().meta({ description: 'What it is done to, as the id of a table version.' }),
  state: z.enum(JOB_STATES),
  progress: progress.meta({ description: 'How much of it is done, from 0 to 1.' }),
  progress_message: z.string().meta({ description: 'What it is at, or what came of it.' }),
  error: z.string().nullish().meta({ description: 'Why it failed, or why it was not done at the last attempt.' }),
  result: z.record(z.string(), z.unknown()).meta({ description: 'What came of it, in figures.' }),
  worker_id: z.string().nullish().meta({ description: 'Who does it.' }),
  claim_generation: count.meta({ description: 'How often somebody took it up.' }),
  retry_count: count,
  max_retries: count,
  heartbeat_timeout_seconds: count.meta({
    description: 'After how long without a sign of its worker another takes it.',
  }),
  config_json: z.string().nullish().meta({ description: 'What it was asked to do.' }),
  created_at: time,
  claimed_at: time,
  last_heartbeat_at: time,
  completed_at: time,
});
/** A job as it is answered. */
export type JobAnswer = z.input<typeof jobStatus>;

/** Reads a job. */
export const getJobStatus = endpoint({
  op: 'get_job_status',
  method: 'GET',
  path: '/v1/jobs/{job_id}',
  summary: 'Read a job: its state, how far it is, and what came of it.',
  params,
  query: inCatalog,
  output: jobStatus,
  errors,
  role: 'READER',
  tool: 'deltacat_get_job',
  tag,
});

/** Reads how far a job is. */
export const getJobProgress = endpoint({
  op: 'get_job_progress',
  method: 'GET',
  path: '/v1/jobs/{job_id}/progress',
  summary: 'Read how far a job is.',
  params,
  query: inCatalog,
  output: z.object({
    job_id: z.string(),
    state: z.enum(JOB_STATES),
    progress_fraction: progress,
    progress_message: z.string(),
    progress_events: z
      .record(z.string(), z.object({ completed: count, expected: count.nullish() }))
      .meta({ description: 'How many of what are done, by name.' }),
    worker_id: z.string().nullish(),
    last_heartbeat_at: time,
  }),
  errors,
  role: 'READER',
  tool: 'deltacat_get_job_progress',
  tag,
});
