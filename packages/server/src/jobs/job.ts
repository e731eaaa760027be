import type { Selectable } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { JobRow } from '../db/tables.ts';

/** A job as it is stored. */
export type Job = Selectable<JobRow>;

/** The job of that id; null when there is none. */
export async function findJob(queries: Queries, job_id: string): Promise<Job | null> {
  return (await queries.selectFrom('jobs').selectAll().where('job_id', '=', job_id).executeTakeFirst()) ?? null;
}

/** The newest job of a key; null when there is none. */
export async function newestJob(queries: Queries, dedupe_key: string): Promise<Job | null> {
  const row = await queries
    .selectFrom('jobs')
    .selectAll()
    .where('dedupe_key', '=', dedupe_key)
    .orderBy('created_at_ns', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Whether a job still waits or is under way. */
export function isActive({ state }: Pick<Job, 'state'>): boolean {
  return state !== 'completed' && state !== 'failed';
}
