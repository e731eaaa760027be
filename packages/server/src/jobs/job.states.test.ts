import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogNamed } from '../roots/catalogs.ts';
import { type Random, seededRandom } from '../testing/random.ts';
import { ManualClock, startTestServer, type TestServer } from '../testing/server.ts';
import { addJob, type NewJob } from './add.ts';
import { claimJob } from './claim.ts';
import { completeJob, failJob, releaseJob } from './finish.ts';
import { forgetJobs } from './forget.ts';
import { findJob, type Job } from './job.ts';
import { keepClaim } from './lease.ts';

const page = readFileSync(new URL('../../../../docs/states/job.md', import.meta.url), 'utf8');
const ARROWS = [...page.matchAll(/^\| (\S+) \| (.+?) \| (\S+) \| (yes|no) \|$/gm)].map(
  ([, from = '', call = '', to = '', counts = '']) => ({ from, call, to, counts: counts === 'yes' }),
);

let server: TestServer;
let clock: ManualClock;
let number = 0;
beforeAll(async () => {
  clock = new ManualClock();
  server = await startTestServer({ clock });
});
afterAll(() => server.close());

/** How many jobs are walked; more, up to a limit, while an arrow was not taken. */
const WALKS = 40;
const WALKS_MAX = 400;

const TYPES = ['walked'];
const claim = (worker_id = 'w') => claimJob(server.context, { worker_id, job_types: TYPES });

function newJob(): NewJob {
  const { catalog_id } = catalogNamed(server.context, null);
  number += 1;
  return { catalog_id, job_type: 'walked', subject_id: 's', dedupe_key: `walked ${number}`, config: {} };
}

async function add(wanted: NewJob): Promise<{ job: Job; is_new: boolean }> {
  const { newId, db } = server.context;
  return db.unit(wanted.catalog_id, (queries, now_ns) => addJob({ queries, now_ns, newId }, wanted));
}

interface Walked {
  wanted: NewJob;
  job: Job;
}

type Step = (walked: Walked) => Promise<boolean>;

/** The job as a worker holds it that took it up before the present one. */
const earlier = ({ job }: Walked): Job => ({ ...job, claim_generation: job.claim_generation - 1 });
const DONE = { message: 'done', result: { files: 1 } };
const PASSING = { error: 'busy', retryable: true };
const FATAL = { error: 'broken', retryable: false };

const STEPS: Record<string, Step> = {
  async 'add the same'(walked) {
    const { job, is_new } = await add(walked.wanted);
    walked.job = job;
    return is_new;
  },
  claim: async () => (await claim()) !== null,
  'claim, too early': async ({ job }) => {
    const isEarly = job.available_at_ns > clock.nowNs() + 1_000_000n;
    // Only a job that failed waits.
    return isEarly ? (await claim()) !== null : false;
  },
  async 'claim, lease over'() {
    clock.advanceSeconds(61);
    return (await claim('other')) !== null;
  },
  heartbeat: ({ job }) => keepClaim(server.context, job),
  'heartbeat, earlier claim': (walked) => keepClaim(server.context, earlier(walked)),
  complete: ({ job }) => completeJob(server.context, job, DONE),
  'complete, earlier claim': (walked) => completeJob(server.context, earlier(walked), DONE),
  'fail, may pass': ({ job }) => failJob(server.context, job, PASSING),
  'fail for good': ({ job }) => failJob(server.context, job, FATAL),
  'fail, earlier claim': (walked) => failJob(server.context, earlier(walked), FATAL),
  release: ({ job }) => releaseJob(server.context, job),
  'release, earlier claim': (walked) => releaseJob(server.context, earlier(walked)),
};

/** The step that an arrow stands for, if it can be taken now. */
function stepFor(call: string, { job }: Walked): Step | null {
  const isLast = job.retry_count >= job.max_retries;
  if (call === 'claim, lease over once too often') return isLast ? (STEPS['claim, lease over'] ?? null) : null;
  if (call === 'fail, may pass, once too often') return isLast ? (STEPS['fail, may pass'] ?? null) : null;
  const isForOthers = call === 'claim, lease over' || call === 'fail, may pass';
  return isLast && isForOthers && job.state === 'running' ? null : (STEPS[call] ?? null);
}

const nameOf = ({ from, call }: { from: string; call: string }) => `${from} ${call}`;

/** One of some arrows: often one that was never taken; seldom one that ends the job, so that it lives to fail too often. */
function pickArrow(random: Random, arrows: typeof ARROWS, taken: Set<string>) {
  const fresh = arrows.filter((arrow) => !taken.has(nameOf(arrow)));
  const lasting = arrows.filter(({ from, call }) => from !== 'running' || !/^(complete|fail for good)$/.test(call));
  const some = fresh.length > 0 && random.below(3) === 0 ? fresh : random.below(8) === 0 ? arrows : lasting;
  return random.pick(some as [(typeof ARROWS)[number], ...typeof ARROWS]);
}

/** Takes some steps at random, and notes the arrows that were taken. */
async function walk(random: Random, steps: number, taken: Set<string>): Promise<void> {
  const wanted = newJob();
  const walked: Walked = { wanted, job: (await add(wanted)).job };
  const path: string[] = [];
  for (let count = 0; count < steps; count += 1) {
    const arrows = ARROWS.filter(({ from, call }) => from === walked.job.state && stepFor(call, walked));
    const arrow = pickArrow(random, arrows, taken);
    if (walked.job.state === 'pending' && arrow.call === 'claim') clock.advanceSeconds(301);
    const counts = await stepFor(arrow.call, walked)?.(walked);
    walked.job = (await findJob(server.context.db.reader, walked.job.job_id)) ?? walked.job;
    const told = { ...arrow, to: walked.job.state, counts };
    expect(told, `after ${path.join('; ')} (SEED=${random.seed})`).toEqual(arrow);
    path.push(arrow.call);
    taken.add(nameOf(arrow));
  }
  // Whatever is left of it must not be claimed by the next walk.
  await server.context.db.unit(wanted.catalog_id, (queries) => queries.deleteFrom('jobs').execute());
}

test('every step of every job is an arrow of the table, and every arrow is taken', { timeout: 120_000 }, async () => {
  const random = seededRandom();
  const taken = new Set(['- add']);
  const untaken = () => ARROWS.filter((arrow) => !taken.has(nameOf(arrow)));
  for (let walks = 0; walks < WALKS || (untaken().length > 0 && walks < WALKS_MAX); walks += 1) {
    await walk(random, 20, taken);
  }
  expect(untaken()).toEqual([]);
});

test('one job is taken up by one of many who ask at once', async () => {
  const { job } = await add(newJob());
  const taken = await Promise.all(Array.from({ length: 8 }, (_, worker) => claim(`w${worker}`)));
  expect(taken.filter((one) => one !== null)).toMatchObject([{ job_id: job.job_id, claim_generation: 1 }]);
  await completeJob(server.context, { ...job, claim_generation: 1 }, DONE);
});

test('jobs are forgotten a month after their end, and no sooner', async () => {
  const { job } = await add(newJob());
  await claim();
  await completeJob(server.context, { ...job, claim_generation: 1 }, DONE);
  const waiting = (await add(newJob())).job;
  clock.advanceSeconds(29 * 86_400);
  await forgetJobs(server.context);
  expect(await findJob(server.context.db.reader, job.job_id)).not.toBeNull();
  clock.advanceSeconds(2 * 86_400);
  await forgetJobs(server.context);
  expect(await findJob(server.context.db.reader, job.job_id)).toBeNull();
  expect(await findJob(server.context.db.reader, waiting.job_id)).not.toBeNull();
});
