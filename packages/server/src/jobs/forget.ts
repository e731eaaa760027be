import type { ServerContext } from '../context.ts';

const NANOSECONDS_PER_DAY = 86_400_000_000_000n;

/** How long a job that has ended can still be read. */
const KEPT_DAYS = 30n;

/** How many jobs one unit of work removes; others wait behind it. */
const JOBS_PER_UNIT_MAX = 500;

/** Removes jobs that ended long ago; answers how many. For a loop: tables that are compacted by themselves make many. */
export async function forgetJobs(context: ServerContext): Promise<number> {
  const before_ns = context.clock.nowNs() - KEPT_DAYS * NANOSECONDS_PER_DAY;
  let forgotten = 0;
  for (;;) {
    const old = await context.db.reader
      .selectFrom('jobs')
      .select(['job_id', 'catalog_id'])
      .where('completed_at_ns', '<=', before_ns)
      .limit(JOBS_PER_UNIT_MAX)
      .execute();
    for (const [catalog_id, some] of Map.groupBy(old, (job) => job.catalog_id)) {
      const ids = some.map(({ job_id }) => job_id);
      await context.db.unit(catalog_id, (queries) =>
        queries.deleteFrom('jobs').where('job_id', 'in', ids).where('completed_at_ns', '<=', before_ns).execute(),
      );
    }
    forgotten += old.length;
    if (old.length < JOBS_PER_UNIT_MAX) return forgotten;
  }
}
