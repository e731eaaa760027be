import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compactingOn } from '../../server/src/testing/compacting.ts';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { JobStatus } from './jobs.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', { fetch: (url, init) => server.fetch(url, init) });
  await client.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

const NAME = { namespace: 'n', table: 't' };
const work = () => compactingOn(server).work();

describe('a compaction', () => {
  test('is submitted, waited for with its progress, and leaves one file and the rows', async () => {
    const schema_def = [{ name: 'id', type: 'int64', is_merge_key: true }];
    await client.catalog.createTable({ ...NAME, schema_def });
    for (const id of [1, 2]) await client.catalog.write([{ id }], NAME);
    const { job_id, submitted } = await client.jobs.submitCompaction(NAME);
    expect(submitted).toBe(true);
    expect(await client.jobs.submitCompaction(NAME)).toMatchObject({ job_id, submitted: false });
    const seen: JobStatus['state'][] = [];
    const waiting = client.jobs.wait({
      job_id,
      poll_interval_seconds: 0,
      onProgress({ state }) {
        seen.push(state);
        if (seen.length === 1) void work();
      },
    });
    expect(await waiting).toMatchObject({ state: 'completed', progress: 1, result: { files_after: 1 } });
    expect([seen[0], seen.at(-1)]).toEqual(['pending', 'completed']);
    expect(await client.jobs.getProgress({ job_id })).toMatchObject({ progress_fraction: 1 });
    expect(await client.catalog.compactionStatus(NAME)).toMatchObject({ current_delta_count: 0 });
    expect(await client.catalog.read({ ...NAME, read_as: 'objects' })).toEqual([{ id: 1n }, { id: 2n }]);
  });
});

describe('waiting for a job', () => {
  test('ends when it takes too long, and says that the job goes on', async () => {
    await client.catalog.createTable({ ...NAME, table: 'slow' });
    const { job_id } = await client.jobs.submitCompaction({ ...NAME, table: 'slow' });
    const wait = client.jobs.wait({ job_id, timeout_seconds: 0 });
    await expect(wait).rejects.toMatchObject({ code: 'job_not_finished', message: expect.stringContaining('pending') });
    await work();
    expect((await client.jobs.get({ job_id })).state).toBe('completed');
  });

  test('ends when the client is closed, and when there is no such job', async () => {
    const other = new Client('http://test', { fetch: (url, init) => server.fetch(url, init) });
    await client.catalog.createTable({ ...NAME, table: 'left' });
    const { job_id } = await other.jobs.submitCompaction({ ...NAME, table: 'left' });
    const wait = other.jobs.wait({ job_id, onProgress: () => void other[Symbol.asyncDispose]() });
    await expect(wait).rejects.toThrow('closed');
    await expect(client.jobs.wait({ job_id: 'none' })).rejects.toMatchObject({ code: 'job_not_found' });
  });
});
