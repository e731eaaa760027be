import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DeltacatError, type ReadPlan, type SchemaField } from '@deltacat/contract';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { parquetHandles } from './parquet-handle.ts';
import { Scratch } from './storage/scratch.ts';
import { planDeltas } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 's', type: 'string' },
  { name: 'l', type: 'list<item: int64>' },
];
const rowsFrom = (from: number) =>
  Array.from({ length: 400 }, (_, n) => [BigInt(from + n), `text ${n % 50}`, n % 3 === 0 ? null : [BigInt(n)]]);

/** A plan of three files, and the path of the one in the middle. */
async function planOf(requires_mor: boolean): Promise<{ plan: ReadPlan; path: string }> {
  const folder = dirname(await scratch.path(''));
  const files = [rowsFrom(0), rowsFrom(400), rowsFrom(800)];
  const deltas = files.map((rows, index) => ({ type: 'upsert' as const, pos: index + 1, files: [rows] }));
  const plan = { ...(await planDeltas({ folder, fields: FIELDS, merge_keys: ['id'], deltas })), requires_mor };
  return { plan, path: plan.scan_tasks[1]?.files[0]?.path ?? '' };
}

/** Bytes of the pages, in the middle of a file. */
function spoilPages(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, 40, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)));
}

const SPOILS: [string, (path: string) => void][] = [
  ['whose pages were overwritten', spoilPages],
  ['that was cut', (path) => truncateSync(path, 500)],
  ['that is another one', (path) => writeFileSync(path, 'no Parquet at all')],
];

test.each(SPOILS)('a file %s is told by its name, and no rows are taken for all of them', async (_, spoil) => {
  for (const requires_mor of [true, false]) {
    const { plan, path } = await planOf(requires_mor);
    const whole = await executePlan(plan).table();
    spoil(path);
    const refusal = { code: 'invalid_entry', details: { path }, message: expect.stringContaining(path) };
    await expect(executePlan(plan).table()).rejects.toMatchObject(refusal);
    await expect(Array.fromAsync(executePlan(plan).batches())).rejects.toMatchObject(refusal);
    // What does not touch the file reads on.
    const rest = { ...plan, scan_tasks: plan.scan_tasks.filter(({ files }) => files[0]?.path !== path) };
    expect((await executePlan(rest).table()).numRows).toBe(whole.numRows - 400);
  }
});

test('a file that is read by itself is told by its name, too', async () => {
  const { plan, path } = await planOf(false);
  spoilPages(path);
  const handle = parquetHandles(plan).find((each) => each.path === path);
  const refusal = { code: 'invalid_entry', details: { path }, message: expect.stringContaining(path) };
  await expect(handle?.read().then((rows) => rows.table())).rejects.toMatchObject(refusal);
});

test('whatever bits of a file are turned, a read gives rows or says what is wrong, and the next one works', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`SEED=${seed}`);
  const random = randomFrom(seed);
  const { plan, path } = await planOf(true);
  const whole = readFileSync(path);
  for (let round = 0; round < 40; round += 1) {
    const bytes = Buffer.from(whole);
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    writeFileSync(path, bytes);
    // Pages carry no checksums, so that a turned bit may also be another value.
    const told = await executePlan(plan)
      .table()
      .catch((error: unknown) => error);
    if (told instanceof Error) expect(told).toBeInstanceOf(DeltacatError);
    if (told instanceof DeltacatError && told.code === 'invalid_entry') expect(told.details.path).toBe(path);
  }
  writeFileSync(path, whole);
  expect((await executePlan(plan).table()).numRows).toBe(1200);
});

/** Numbers from 0 to 1 by the generator of Park and Miller. */
function randomFrom(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
