import { type RawBuilder, sql } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { JobRow } from '../db/tables.ts';
import type { Job } from './job.ts';

/** Until when a job is its worker's that gives a sign of life now: for a statement that changes the job. */
export function leaseFrom(now_ns: bigint): RawBuilder<bigint> {
  return sql<bigint>`${now_ns} + heartbeat_timeout_seconds * 1000000000`;
}

/** A job as one of its workers holds it. */
export type Claim = Pick<Job, 'job_id' | 'catalog_id' | 'worker_id' | 'claim_generation'>;

/** Whether a claim still holds: nobody else has taken the job up since, and it has not ended. */
export async function holds(queries: Queries, claim: Claim): Promise<boolean> {
  const row = await queries
    .selectFrom('jobs')
    .select('job_id')
    .where('job_id', '=', claim.job_id)
    .where('state', '=', 'running')
    .where('claim_generation', '=', claim.claim_generation)
    .executeTakeFirst();
  return row !== undefined;
}

type Changes = { [Column in keyof Omit<JobRow, 'job_id'>]?: JobRow[Column] | RawBuilder<JobRow[Column]> };

/** Changes a running job in one statement, guarded by the claim; answers false when that does not hold any more. */
export async function changeClaimed(queries: Queries, claim: Claim, set: Changes): Promise<boolean> {
  const result = await queries
    .updateTable('jobs')
    .set(set)
    .where('job_id', '=', claim.job_id)
    .where('state', '=', 'running')
    .where('claim_generation', '=', claim.claim_generation)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Gives a sign of life, and says how far the work is if that is known; answers false when the job is somebody else's. */
export function keepClaim(
  context: ServerContext,
  claim: Claim,
  told: Partial<Pick<JobRow, 'progress' | 'progress_message' | 'progress_events'>> = {},
): Promise<boolean> {
  return context.db.unit(claim.catalog_id, (queries, now_ns) =>
    changeClaimed(queries, claim, { ...told, heartbeat_at_ns: now_ns, lease_expires_at_ns: leaseFrom(now_ns) }),
  );
}
