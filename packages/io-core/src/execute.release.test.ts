import { mkdtemp, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { openStorage } from './storage/open.ts';
import { Scratch } from './storage/scratch.ts';
import { planDeltas } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

/** A plan whose only file is copied to be read, and the folder where that is. */
async function copiedPlan() {
  const folder = dirname(await scratch.path(''));
  const rows = Array.from({ length: 300_000 }, (_, id) => [BigInt(id)]);
  const deltas = [{ type: 'append' as const, pos: 1, files: [rows] }];
  const plan = await planDeltas({ folder, fields: [{ name: 'id', type: 'int64' }], merge_keys: [], deltas });
  const [file] = plan.scan_tasks[0]?.files ?? [];
  if (file === undefined) expect.unreachable();
  const path = `memory://release/${crypto.randomUUID()}.parquet`;
  await openStorage(path).write(path, await openStorage(file.path).read(file.path));
  const temporary = await mkdtemp(join(folder, 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
  return { plan: { ...plan, requires_mor: false, scan_tasks: [{ files: [{ ...file, path }] }] }, temporary };
}

const copies = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith('deltacat-duckdb-'));

test('a loop over batches that is left early leaves no copies behind', async () => {
  const { plan, temporary } = await copiedPlan();
  for await (const batch of executePlan(plan).batches()) {
    expect(batch.numRows).toBeGreaterThan(0);
    expect(await copies(temporary)).toHaveLength(1);
    break;
  }
  expect(await copies(temporary)).toEqual([]);
});

test('a read that is aborted between two batches fails with the reason, and leaves no copies behind', async () => {
  const { plan, temporary } = await copiedPlan();
  const abort = new AbortController();
  const read = async () => {
    for await (const _ of executePlan(plan, { signal: abort.signal }).batches()) abort.abort(new Error('enough'));
  };
  await expect(read()).rejects.toThrow('enough');
  expect(await copies(temporary)).toEqual([]);
});
