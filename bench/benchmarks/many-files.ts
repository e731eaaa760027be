import { readConfig } from '../../packages/server/src/config.ts';
import { createApp } from '../../packages/server/src/http/app.ts';
import { openServer } from '../../packages/server/src/main.ts';
import { type MadeUpFile, publishMadeUp } from '../../packages/server/src/testing/made-up-files.ts';

/** How many files each partition has. */
export const FILES_PER_DAY = 1_000;

/**
 * Makes the table `test.many` of files that are nowhere, in a folder without a store: ten rows in each, numbered on from the file before,
 * so that the bounds of `id` tell files apart, and a partition, `day`, for every thousand of them.
 */
export async function fillWithFiles(root: string, files: number): Promise<void> {
  const config = { ...readConfig(root, {}), log_level: 'silent' };
  const context = await openServer(config);
  try {
    const app = createApp(context);
    const body = JSON.stringify({
      ...{ table: 'many', auto_create_namespace: true },
      schema_def: [
        { name: 'id', type: 'int64' },
        { name: 'day', type: 'int64' },
        { name: 'v', type: 'string' },
      ],
      partition_scheme: { keys: [{ key: ['day'] }] },
      table_properties: { read_optimization_level: 'none' },
    });
    const headers = { 'Content-Type': 'application/json' };
    const made = await app.request('/v1/namespaces/test/tables', { method: 'POST', headers, body });
    if (made.status !== 201) throw new Error(await made.text());
    const request = { ...context, request_id: 'bench', user: null, client_version: null };
    for (let first = 0; first < files; first += FILES_PER_DAY) {
      const day = first / FILES_PER_DAY;
      const some = Array.from({ length: Math.min(FILES_PER_DAY, files - first) }, (_, i) => fileOf(first + i, day));
      await publishMadeUp(request, 'many', { deltas: [{ type: 'append', partition: [day], files: some }] });
    }
  } finally {
    await context.db.close();
  }
}

function fileOf(number: number, day: number): MadeUpFile {
  const bounds = (min: number, max: number) => ({ min, max, null_count: 0 });
  const stats = { id: bounds(number * 10, number * 10 + 9), day: bounds(day, day) };
  return { name: `${number}.parquet`, records: 10, bytes: 1_000, stats };
}
