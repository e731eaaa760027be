import { rmSync } from 'node:fs';
import type { DataFile, ReadPlan } from '@deltacat/contract';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { dataFile, filesPlan } from './formats/testing/file-rows.ts';
import { parquetHandles } from './parquet-handle.ts';
import { Scratch } from './storage/scratch.ts';
import { writeRows } from './write.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const FIELDS = [{ name: 'id', type: 'int64' }];
/** So large are files said to be that each is read by a query of its own; those of one query are open from its start. */
const BYTES_SAID = 3 * 2 ** 30;

async function planOf(): Promise<{ plan: ReadPlan; last: string }> {
  const files: DataFile[] = [];
  for (const id of [1, 2, 3]) {
    const [entry] = await writeRows([{ id }], { data_dir: await scratch.path(''), schema: FIELDS });
    if (entry === undefined) expect.unreachable();
    files.push(dataFile(entry.path, 'parquet', { content_length: BYTES_SAID }));
  }
  return { plan: filesPlan(files, FIELDS), last: files.at(-1)?.path ?? expect.unreachable() };
}

test.each<[string, (plan: ReadPlan) => AsyncIterable<unknown>]>([
  ['rows', (plan) => executePlan(plan).batches()],
  [
    'handles',
    async function* (plan) {
      for (const handle of parquetHandles(plan)) yield* handle;
    },
  ],
])('a file that vanishes in the midst of a read of %s fails it by its name', async (_, read) => {
  const { plan, last } = await planOf();
  let batches = 0;
  const reading = async () => {
    for await (const _batch of read(plan)) {
      batches += 1;
      if (batches === 1) rmSync(last);
    }
  };
  await expect(reading()).rejects.toMatchObject({ code: 'data_missing', details: { path: last } });
  expect(batches).toBe(2);
});
