import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@deltacat/client';
import { type RunningServer, startServer } from '@deltacat/server';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

let folder: string;
let server: RunningServer;
let client: Client;
let output: CapturedOutput;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-cli-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  server = await startServer({ catalog_root: join(folder, 'catalog'), port: 0 });
  client = new Client(server.url);
  await client.catalog.createNamespace({ namespace: 'shop' });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  output = captureOutput();
});

const run = (...args: string[]) => main(['compact', ...args, '--url', server.url]);

async function makeTable(table: string): Promise<{ namespace: string; table: string }> {
  const name = { namespace: 'shop', table };
  await client.catalog.createTable({ ...name, schema_def: [{ name: 'id', type: 'int64', is_merge_key: true }] });
  for (const id of [1, 2, 3]) await client.catalog.write([{ id }], name);
  return name;
}

test('waits until the server has compacted a table, and says what came of it', async () => {
  const name = await makeTable('fruit');
  expect([await run('shop.fruit', '--wait'), output.complained]).toEqual([EXIT.done.code, '']);
  expect(output.printed).toBe('1 partition compacted: 3 files became 1.\n');
  expect((await client.catalog.plan(name)).total_files).toBe(1);
});

test('without waiting prints the job, also as JSON', async () => {
  const name = await makeTable('nuts');
  expect(await run('shop.nuts', '--json')).toBe(EXIT.done.code);
  const { job_id, submitted } = JSON.parse(output.printed);
  expect(submitted).toBe(true);
  expect((await client.jobs.wait({ job_id, poll_interval_seconds: 0.1 })).state).toBe('completed');
  output.printed = '';
  expect(await run('shop.nuts')).toBe(EXIT.done.code);
  expect(output.printed).toMatch(/^It will be compacted in the background; .* Job \S+\.\n$/);
  const partition_id = (await client.catalog.planRead(name)).scan_tasks[0]?.partition_id ?? '';
  output.printed = '';
  expect(await run('shop.nuts', '--partition', partition_id, '--wait', '--json')).toBe(EXIT.done.code);
  expect(JSON.parse(output.printed)).toMatchObject({ state: 'completed', result: { partitions_unchanged: 1 } });
});

test('fails with the reason where the compaction fails, and for what is not there', async () => {
  const name = await makeTable('gone');
  const path = (await client.catalog.planRead(name)).scan_tasks[0]?.files[0]?.path ?? '';
  rmSync(path);
  expect(await run('shop.gone', '--wait')).toBe(EXIT.failed.code);
  expect(output.complained).toContain(path);
  expect(output.complained).toContain('[job_failed]');
  output.complained = '';
  expect(await run('shop.nothing')).toBe(EXIT.failed.code);
  expect(output.complained).toContain('[table_not_found]');
  expect(await run('fruit')).toBe(EXIT.usage.code);
  expect(await run('shop.fruit', '--timeout', 'long')).toBe(EXIT.usage.code);
});
