import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeRows } from '@deltacat/io-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServerProcess } from '../server-process.ts';

const WRITERS = 4;
const SCHEMA = [{ name: 'id', type: 'int64' }];
const TABLE = '/v1/namespaces/n/tables/t';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Backups are of SQLite, whatever the other tests use. */
const SQLITE = { DELTACAT_DATABASE_URL: '' };

/** Runs a command as users do, in a process of its own. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = join(import.meta.dirname, '../../packages/cli/bin/deltacat.js');
  const flags = ['--conditions=@deltacat/source', '--disable-warning=ExperimentalWarning'];
  const env = { ...process.env, ...SQLITE };
  try {
    const done = await promisify(execFile)(process.execPath, [...flags, command, ...args], { env });
    return { code: 0, ...done };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }; // what execFile adds to its errors
  }
}

async function post(url: string, path: string, body: unknown): Promise<string> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return text;
}

async function pathsOf(url: string): Promise<Set<string>> {
  const plan = JSON.parse(await post(url, `${TABLE}/plan`, {})) as { scan_tasks: { files: { path: string }[] }[] };
  return new Set(plan.scan_tasks.flatMap(({ files }) => files.map(({ path }) => path)));
}

test('a backup taken under load has every commit acknowledged before it, and passes every check once restored', {
  timeout: 120_000,
}, async () => {
  const root = join(folder, 'catalog');
  const server = await startServerProcess(root, SQLITE);
  // What is there is told by the names of files, so that nothing may put others in their place.
  const table_properties = { read_optimization_level: 'none' };
  const made = { table: 't', auto_create_namespace: true, schema_def: SCHEMA, table_properties };
  await post(server.url, '/v1/namespaces/n/tables', made);
  const data_dir = join(folder, 'files');
  mkdirSync(data_dir);
  const [entry] = await writeRows([{ id: 1n }], { data_dir, schema: SCHEMA });
  const acknowledged: string[] = [];
  let isOver = false;
  const write = async (writer: number) => {
    for (let count = 0; !isOver; count += 1) {
      const path = join(data_dir, `${writer}-${count}.parquet`);
      copyFileSync(entry?.path ?? '', path);
      const manifest_entries = [{ path, record_count: 1, content_length: statSync(path).size }];
      await post(server.url, `${TABLE}/commit?mode=append`, { manifest_entries });
      acknowledged.push(path);
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  while (acknowledged.length < 200) await new Promise((resolve) => setTimeout(resolve, 10));

  const file = join(folder, 'store.db');
  const before = [...acknowledged];
  const backup = await run('backup', '--catalog-root', root, '--to', file);
  expect(backup).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/store\.db \(\d+ bytes\): default at commit \d+\./),
  });
  const during = await run('fsck', '--catalog-root', root);
  expect(during).toMatchObject({ code: 0, stdout: expect.stringContaining('clean') });
  expect(await run('restore', '--catalog-root', root, '--from', file, '--force')).toMatchObject({
    ...{ code: 1, stderr: expect.stringContaining('is held by another server') },
  });
  isOver = true;
  await writing;
  expect(acknowledged.length).toBeGreaterThan(before.length);
  await server.kill();

  expect(await run('restore', '--catalog-root', root, '--from', file)).toMatchObject({
    ...{ code: 1, stderr: expect.stringContaining('--force') },
  });
  expect(await run('restore', '--catalog-root', root, '--from', file, '--force')).toMatchObject({
    ...{ code: 0, stdout: expect.stringContaining('before-restore') },
  });
  expect(await run('fsck', '--catalog-root', root, '--history')).toMatchObject({ code: 0 });
  const again = await startServerProcess(root, SQLITE);
  const paths = await pathsOf(again.url);
  expect(before.filter((path) => !paths.has(path))).toEqual([]);
  const manifest_entries = [{ path: acknowledged.at(-1), record_count: 1, content_length: entry?.content_length }];
  await post(again.url, `${TABLE}/commit?mode=append`, { manifest_entries });
  await again.stop();
  expect(await run('fsck', '--catalog-root', root)).toMatchObject({ code: 0 });
});
