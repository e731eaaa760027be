import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@deltacat/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { environmentFor, TEST_DATABASE_URL } from '../../server/src/testing/database.ts';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

const KINDS = [
  { kind: 'SQLite', is_missing: false, environment: async () => ({ DELTACAT_DATABASE_URL: '' }) },
  { kind: 'PostgreSQL', is_missing: TEST_DATABASE_URL === null, environment: environmentFor },
];

let folder: string;
let root: string;
let output: CapturedOutput;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-migrate-'));
  root = join(folder, 'catalog');
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  output = captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command; answers its exit code and what it output.printed. */
async function migrate(...args: string[]): Promise<[number, string]> {
  output.printed = '';
  const code = await main(['migrate', '--catalog-root', root, ...args]);
  return [code, output.printed];
}

describe.each(KINDS)('$kind (PostgreSQL is skipped where DELTACAT_TEST_DATABASE_URL names no server)', (store) => {
  test.skipIf(store.is_missing)('a store is told to lack everything, is migrated, and then lacks nothing', async () => {
    for (const [name, value] of Object.entries(await store.environment(root))) vi.stubEnv(name, value);
    const [pendingCode, before] = await migrate('--status', '--json');
    const { pending, applied, database } = JSON.parse(before);
    expect([pendingCode, applied, database]).toEqual([
      EXIT.pending.code,
      [],
      expect.stringMatching(/^SQLite|^postgres/),
    ]);
    expect(pending).toContain('0001-store');
    expect(existsSync(root)).toBe(false);
    const [textCode, text] = await migrate('--status');
    expect([textCode, text]).toEqual([EXIT.pending.code, expect.stringContaining('pending  0001-store')]);

    expect(await migrate()).toEqual([EXIT.done.code, expect.stringContaining('has now 0001-store')]);
    expect(await migrate()).toEqual([EXIT.done.code, expect.stringContaining('is up to date')]);
    const [jsonCode, json] = await migrate('--json');
    expect([jsonCode, JSON.parse(json)]).toEqual([EXIT.done.code, { database, migrated: [] }]);
    const [doneCode, after] = await migrate('--status', '--json');
    expect([doneCode, JSON.parse(after)]).toEqual([EXIT.done.code, { database, applied: pending, pending: [] }]);
  });

  test.skipIf(store.is_missing)('the status of a store is told while a server works on it', async () => {
    for (const [name, value] of Object.entries(await store.environment(root))) vi.stubEnv(name, value);
    const server = await startServer({ catalog_root: root, port: 0 });
    try {
      expect(await migrate('--status')).toEqual([EXIT.done.code, expect.stringContaining('applied  0001-store')]);
    } finally {
      await server.close();
    }
  });
});

test('a folder that a server holds is not migrated, and its server is named', async () => {
  vi.stubEnv('DELTACAT_DATABASE_URL', '');
  const server = await startServer({ catalog_root: root, port: 0 });
  expect(await migrate()).toEqual([EXIT.failed.code, '']);
  expect(output.complained).toContain(`process ${process.pid}`);
  await server.close();
});

test('without a folder and a database it says what to name', async () => {
  vi.stubEnv('DELTACAT_DATABASE_URL', '');
  expect(await main(['migrate'])).toBe(EXIT.usage.code);
  expect(output.complained).toMatch(/--catalog-root.*DELTACAT_DATABASE_URL/);
});

test('a database that cannot be reached is named without its password', async () => {
  vi.stubEnv('DELTACAT_DATABASE_URL', 'postgres://me:s3cret@127.0.0.1:1/db');
  for (const args of [[], ['--status']]) expect(await main(['migrate', ...args])).toBe(EXIT.failed.code);
  expect(output.complained).toMatch(/postgres:\/\/me@127\.0\.0\.1:1\/db cannot be used/);
  expect(output.complained).not.toContain('s3cret');
});
