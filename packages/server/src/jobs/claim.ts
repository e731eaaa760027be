import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { Job } from './job.ts';
import { leaseFrom } from './lease.ts';

/** Who asks for work, and of what kind. */
export interface Claimant {
  worker_id: string;
  job_types: string[];
}

/** How many jobs are looked at to find one that nobody else takes meanwhile. */
const CANDIDATES_MAX = 20;

/**
 * Takes up the job that has waited longest, or one whose worker was lost; null when there is none. Of several who ask,
 * each gets another. One whose worker was lost too often fails.
 */
export async function claimJob(context: ServerContext, claimant: Claimant): Promise<Job | null> {
  for (const { job_id, catalog_id } of await candidates(context, claimant)) {
    const job = await context.db.unit(catalog_id, (queries, now_ns) => take(queries, { job_id, now_ns, claimant }));
    if (job) return job;
  }
  return null;
}

/** Those that may be taken, by this server's clock; the store's decides. */
async function candidates(context: ServerContext, { job_types }: Claimant) {
  const now_ns = context.clock.nowNs();
  const of = (state: 'pending' | 'running') =>
    context.db.reader
      .selectFrom('jobs')
      .select(['job_id', 'catalog_id'])
      .where('state', '=', state)
      .where('job_type', 'in', job_types)
      .limit(CANDIDATES_MAX);
  const waiting = of('pending').where('available_at_ns', '<=', now_ns).orderBy('available_at_ns');
  const lost = of('running').where('lease_expires_at_ns', '<=', now_ns).orderBy('lease_expires_at_ns');
  return [...(await lost.execute()), ...(await waiting.execute())];
}

interface Taking {
  job_id: string;
  now_ns: bigint;
  claimant: Claimant;
}

async function take(queries: Queries, taking: Taking): Promise<Job | null> {
  return (await takeWaiting(queries, taking)) ?? (await failLost(queries, taking)) ?? (await takeLost(queries, taking));
}

async function takeWaiting(queries: Queries, { job_id, now_ns, claimant }: Taking): Promise<Job | null> {
  const row = await queries
    .updateTable('jobs')
    .set((job) => ({
      ...{ state: 'running', worker_id: claimant.worker_id, claimed_at_ns: now_ns, heartbeat_at_ns: now_ns },
      ...{ claim_generation: job('claim_generation', '+', 1), lease_expires_at_ns: leaseFrom(now_ns) },
    }))
    .where('job_id', '=', job_id)
    .where('state', '=', 'pending')
    .where('available_at_ns', '<=', now_ns)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

async function takeLost(queries: Queries, { job_id, now_ns, claimant }: Taking): Promise<Job | null> {
  const row = await queries
    .updateTable('jobs')
    .set((job) => ({
      ...{ worker_id: claimant.worker_id, claimed_at_ns: now_ns, heartbeat_at_ns: now_ns },
      retry_count: job('retry_count', '+', 1),
      ...{ claim_generation: job('claim_generation', '+', 1), lease_expires_at_ns: leaseFrom(now_ns) },
    }))
    .where('job_id', '=', job_id)
    .where('state', '=', 'running')
    .where('lease_expires_at_ns', '<=', now_ns)
    .whereRef('retry_count', '<', 'max_retries')
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

const LOST_TOO_OFTEN = 'Its worker was lost, as in a crash, at every attempt. Submit it again once the cause is found.';

/** Ends a job whose worker was lost once too often. Never answers one: nobody is to do it. */
async function failLost(queries: Queries, { job_id, now_ns }: Taking): Promise<null> {
  await queries
    .updateTable('jobs')
    .set({ state: 'failed', error: LOST_TOO_OFTEN, completed_at_ns: now_ns, lease_expires_at_ns: null })
    .where('job_id', '=', job_id)
    .where('state', '=', 'running')
    .where('lease_expires_at_ns', '<=', now_ns)
    .whereRef('retry_count', '>=', 'max_retries')
    .execute();
  return null;
}
