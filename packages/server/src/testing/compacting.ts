import { runJobs } from '../jobs/run.ts';
import { COMPACTION } from '../maintenance/compaction/compaction-job.ts';
import { runCompaction } from '../maintenance/compaction/run-compaction.ts';
import { triggerCompactions } from '../maintenance/compaction/trigger-compactions.ts';
import type { ManualClock, TestAnswer, TestServer } from './server.ts';
import { startTransacting, type Transacting } from './transacting.ts';

/** What the loops of a server do for compactions, when a test wants it done. */
export interface Compacting {
  /** Submits a compaction, which must be taken; answers the id of its job. */
  submit(table: string, more?: object): Promise<string>;
  /** Does all jobs that wait; answers how many. */
  work(): Promise<number>;
  /** Submits, works, and answers the job as it ended. */
  // biome-ignore lint/suspicious/noExplicitAny: a body as tests look at it
  compact(table: string, more?: object): Promise<any>;
  /** Looks at the commits since the last look; answers how many compactions they brought about. */
  trigger(): Promise<number>;
}

/** Compactions of the tables of namespace `n` on a server. */
export function compactingOn({ context, request }: Pick<TestServer, 'context' | 'request'>): Compacting {
  const work = () => runJobs(context, { [COMPACTION]: runCompaction }, new AbortController().signal);
  const submit: Compacting['submit'] = async (table, more = {}) => {
    const { body } = await request('POST', '/v1/jobs/submit/compaction', { namespace: 'n', table, ...more });
    if (!body.submitted) throw new Error(`not submitted: ${JSON.stringify(body)}`);
    return body.job_id;
  };
  return {
    submit,
    work,
    async compact(table, more) {
      const job_id = await submit(table, more);
      await work();
      return (await request('GET', `/v1/jobs/${job_id}`)).body;
    },
    trigger: () => triggerCompactions(context),
  };
}

/** A server with the namespace `n`, to write to and to compact. */
export interface CompactingServer extends Compacting, Transacting {
  /** Writes rows that travel in the request, which must succeed. */
  insert(table: string, rows: object[], mode?: string): Promise<TestAnswer>;
  // biome-ignore-start lint/suspicious/noExplicitAny: bodies as tests look at them
  plan(table: string): Promise<any>;
  status(table: string): Promise<any>;
  // biome-ignore-end lint/suspicious/noExplicitAny: see above
}

/** Starts such a server; over a folder that is given it has what was written there. */
export async function startCompacting(clock?: ManualClock, root?: string): Promise<CompactingServer> {
  const on = await startTransacting(clock, root);
  const path = (table: string, rest: string) => `/v1/namespaces/n/tables/${table}${rest}`;
  return {
    ...on,
    ...compactingOn(on.server),
    insert: (table, data, mode = 'auto') => on.must(on.post(path(table, `/write?mode=${mode}`), { data })),
    plan: async (table) => (await on.must(on.post(path(table, '/plan')))).body,
    status: async (table) => (await on.must(on.server.request('GET', path(table, '/compact')))).body,
  };
}
