import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimJob } from '../../jobs/claim.ts';
import { findJob, type Job } from '../../jobs/job.ts';
import { runJobs } from '../../jobs/run.ts';
import { catalogNamed } from '../../roots/catalogs.ts';
import { type CompactingServer, startCompacting } from '../../testing/compacting.ts';
import { ManualClock } from '../../testing/server.ts';
import { COMPACTION } from './compaction-job.ts';
import { runCompaction } from './run-compaction.ts';

let root: string;
let on: CompactingServer;
let clock: ManualClock;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'deltacat-compaction-'));
  clock = new ManualClock();
  on = await startCompacting(clock, root);
});
afterEach(async () => {
  await on.close();
  rmSync(root, { recursive: true, force: true });
});

const ROWS = ['0 v2', '1 v3'];
const written = () =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => name.includes('rewrite-'));
const stored = async (job_id: string) => (await findJob(on.server.context.db.reader, job_id)) as Job;

async function submitOne(): Promise<string> {
  await on.createTable('t');
  for (let id = 0; id < 4; id += 1) await on.insert('t', [{ id: id % 2, v: `v${id}` }]);
  return on.submit('t');
}

/** Takes the job up as a server that is killed does: it has written a file, and is never heard of again. */
async function beginAndDie(): Promise<{ job: Job; left: string }> {
  const job = await claimJob(on.server.context, { worker_id: 'killed', job_types: [COMPACTION] });
  if (!job) throw new Error('there was no job');
  const { table_id } = await on.server.context.db.reader
    .selectFrom('tables')
    .select('table_id')
    .executeTakeFirstOrThrow();
  const folder = join(root, 'data', table_id, `${job.job_id}-${job.claim_generation}`);
  mkdirSync(folder, { recursive: true });
  const left = join(folder, 'rewrite-left.parquet');
  writeFileSync(left, 'half of it');
  return { job, left };
}

test('a job whose server was killed is taken up by another, which removes what that one left', async () => {
  const job_id = await submitOne();
  const { left } = await beginAndDie();
  expect(await on.work()).toBe(0);
  clock.advanceSeconds(61);
  expect(await on.work()).toBe(1);
  expect(await stored(job_id)).toMatchObject({ state: 'completed', claim_generation: 2, retry_count: 1 });
  expect(written().map((name) => join(root, name))).not.toContain(left);
  expect(written().filter((name) => name.endsWith('.parquet'))).toHaveLength(1);
  expect(await on.rows('t')).toEqual(ROWS);
});

test('so it does where new files go to another data root since', async () => {
  await submitOne();
  const { left } = await beginAndDie();
  const catalog = catalogNamed(on.server.context, null);
  const elsewhere = { root: join(root, 'elsewhere'), storage_type: 'local' as const };
  Object.assign(catalog, { data_root: 'elsewhere', data_roots: { ...catalog.data_roots, elsewhere } });
  clock.advanceSeconds(61);
  expect(await on.work()).toBe(1);
  expect(existsSync(left)).toBe(false);
  expect(await on.rows('t')).toEqual(ROWS);
});

test('what an earlier claim published stays, when a later one removes what it left', async () => {
  const job_id = await submitOne();
  await on.work();
  // As if the server had been killed after the commit, and before it could say so.
  const set = { state: 'running' as const, completed_at_ns: null, lease_expires_at_ns: 0n };
  await on.server.context.db.unit((await stored(job_id)).catalog_id, (queries) =>
    queries.updateTable('jobs').set(set).where('job_id', '=', job_id).execute(),
  );
  expect(await on.work()).toBe(1);
  expect(await stored(job_id)).toMatchObject({ state: 'completed', result: { partitions_unchanged: 1 } });
  expect(await on.rows('t')).toEqual(ROWS);
});

test('a worker that lost its job publishes nothing any more', async () => {
  await submitOne();
  const { job } = await beginAndDie();
  clock.advanceSeconds(61);
  await claimJob(on.server.context, { worker_id: 'other', job_types: [COMPACTION] });
  const { signal } = new AbortController();
  const outcome = await runCompaction(on.server.requestContext(), { job, stopped: signal, async tell() {} });
  expect(outcome?.result).toMatchObject({ partitions_compacted: 0, partitions_given_way: 1 });
  expect(await on.plan('t')).toMatchObject({ requires_mor: true, total_files: 4 });
  expect(written().filter((name) => !name.includes('left'))).toEqual([]);
});

test('a server that stops gives its job back, and one that starts goes on with it', async () => {
  const job_id = await submitOne();
  const stopping = new AbortController();
  const runner = (...[context, running]: Parameters<typeof runCompaction>) => {
    stopping.abort();
    return runCompaction(context, running);
  };
  await runJobs(on.server.context, { [COMPACTION]: runner }, stopping.signal);
  expect(await stored(job_id)).toMatchObject({ state: 'pending', worker_id: null, retry_count: 0 });
  await on.close();
  on = await startCompacting(clock, root);
  expect(await on.work()).toBe(1);
  expect(await stored(job_id)).toMatchObject({ state: 'completed' });
  expect(await on.rows('t')).toEqual(ROWS);
});

test('a store that does not work now is tried again later', async () => {
  const job_id = await submitOne();
  const failing = () => Promise.reject(new DeltacatError('service_unavailable', 'The disk is full.'));
  const { signal } = new AbortController();
  await runJobs(on.server.context, { [COMPACTION]: failing }, signal);
  expect(await stored(job_id)).toMatchObject({
    state: 'pending',
    retry_count: 1,
    error: expect.stringContaining('full'),
  });
  clock.advanceSeconds(6);
  expect(await on.work()).toBe(1);
  expect(await stored(job_id)).toMatchObject({ state: 'completed', error: null });
});
