import { readConfig } from '../../packages/server/src/config.ts';
import type { RequestContext } from '../../packages/server/src/context.ts';
import { createApp } from '../../packages/server/src/http/app.ts';
import { openServer } from '../../packages/server/src/main.ts';
import { type MadeUpDelta, type MadeUpFile, publishMadeUp } from '../../packages/server/src/testing/made-up-files.ts';

/** How many files each partition has. */
export const FILES_PER_DAY = 1_000;
/** How many partitions of one file are made by one commit. */
const PARTITIONS_PER_COMMIT = 1_000;
const FILES_REPLACED = 10;

/**
 * Makes the table `test.many` of files that are nowhere, in a folder without a store: ten rows in each, numbered on from the file before,
 * so that the bounds of `id` tell files apart, and a partition, `day`, for every thousand of them.
 */
export async function fillWithFiles(root: string, files: number): Promise<void> {
  await fill(root, async (publish) => {
    for (let first = 0; first < files; first += FILES_PER_DAY) {
      await publish([deltaOf(first / FILES_PER_DAY, first, Math.min(FILES_PER_DAY, files - first))]);
    }
  });
}

/** The same table with one file in each of many partitions. */
export async function fillWithPartitions(root: string, partitions: number): Promise<void> {
  await fill(root, async (publish) => {
    for (let first = 0; first < partitions; first += PARTITIONS_PER_COMMIT) {
      const count = Math.min(PARTITIONS_PER_COMMIT, partitions - first);
      await publish(Array.from({ length: count }, (_, index) => deltaOf(first + index, first + index, 1)));
    }
  });
}

/** The same table with ten files that were replaced so often. */
export async function fillWithHistory(root: string, replacements: number): Promise<void> {
  await fill(root, async (publish) => {
    for (let number = 0; number <= replacements; number += 1) {
      await publish([deltaOf(0, number * FILES_REPLACED, FILES_REPLACED)], true);
    }
  });
}

type Publish = (deltas: MadeUpDelta[], replacing?: boolean) => Promise<unknown>;

async function fill(root: string, publishAll: (publish: Publish) => Promise<void>): Promise<void> {
  const config = { ...readConfig(root, {}), log_level: 'silent' };
  const context = await openServer(config);
  try {
    const app = createApp(context);
    const headers = { 'Content-Type': 'application/json' };
    const made = await app.request('/v1/namespaces/test/tables', { method: 'POST', headers, body: TABLE });
    if (made.status !== 201) throw new Error(await made.text());
    const request: RequestContext = { ...context, request_id: 'bench', user: null, client_version: null };
    await publishAll((deltas, replacing = false) => publishMadeUp(request, 'many', { deltas, replacing }));
  } finally {
    await context.db.close();
  }
}

const TABLE = JSON.stringify({
  ...{ table: 'many', auto_create_namespace: true },
  schema_def: [
    { name: 'id', type: 'int64' },
    { name: 'day', type: 'int64' },
    { name: 'v', type: 'string' },
  ],
  partition_scheme: { keys: [{ key: ['day'] }] },
  table_properties: { read_optimization_level: 'none' },
});

function deltaOf(day: number, first: number, count: number): MadeUpDelta {
  const files = Array.from({ length: count }, (_, index) => fileOf(first + index, day));
  return { type: 'append', partition: [day], files };
}

function fileOf(number: number, day: number): MadeUpFile {
  const bounds = (min: number, max: number) => ({ min, max, null_count: 0 });
  const stats = { id: bounds(number * 10, number * 10 + 9), day: bounds(day, day) };
  return { name: `${number}.parquet`, records: 10, bytes: 1_000, stats };
}
