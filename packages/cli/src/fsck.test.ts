import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@deltacat/client';
import { type RunningServer, startServer } from '@deltacat/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

let root: string;
let server: RunningServer;
let output: CapturedOutput;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'deltacat-fsck-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  vi.stubEnv('DELTACAT_DATABASE_URL', '');
  server = await startServer({ catalog_root: root, port: 0 });
  await using client = new Client(server.url);
  await client.catalog.createNamespace({ namespace: 'shop' });
  await client.catalog.write([{ id: 1n }], { namespace: 'shop', table: 'fruit', mode: 'create' });
  output = captureOutput();
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

async function run(command: string, ...args: string[]): Promise<number> {
  output.printed = '';
  output.complained = '';
  return main([command, '--catalog-root', root, ...args]);
}

const spoilTotals = () =>
  server.context.db.unit('any', (queries) => queries.updateTable('totals').set({ total_files: 7 }).execute());

describe('fsck', () => {
  test('says that a store is clean while it is served', async () => {
    expect(await run('fsck')).toBe(EXIT.done.code);
    expect(output.printed).toMatch(/^default at commit \d+: \d+ checks and 1 file in [\d.]+ s; clean\.\n$/);
  });

  test('tells what is broken, of what, and whether it can be mended', async () => {
    await spoilTotals();
    expect(await run('fsck')).toBe(EXIT.failed.code);
    expect(output.printed).toMatch(
      /^broken {2}totals_wrong \(1, --repair mends it\)\n {2}table version \S+ of shop\.fruit: its/,
    );
    expect(output.printed).toContain('1 broken, 0 untidy.');
    expect(await run('fsck', '--json')).toBe(EXIT.failed.code);
    expect(JSON.parse(output.printed)).toMatchObject({
      found: [{ code: 'totals_wrong', count: 1 }],
      orphans: { count: 0 },
    });
  });

  test('mends once the server is gone, telling first what it found', async () => {
    await spoilTotals();
    expect(await run('fsck', '--repair')).toBe(EXIT.failed.code);
    expect(output.complained).toContain('is held by another server');
    await server.close();
    expect(await run('fsck', '--repair')).toBe(EXIT.done.code);
    expect(output.printed).toMatch(/^broken {2}totals_wrong[\s\S]*\nMended totals_wrong; nothing is left\.\n$/);
    expect(await run('fsck', '--repair', '--json')).toBe(EXIT.done.code);
    expect(JSON.parse(output.printed)).toMatchObject({ mended: [], refused: null, after: { found: [] } });
  });

  test('has an exit code of its own where nothing is broken and something is left', async () => {
    writeFileSync(join(root, 'data', 'left.parquet'), 'left');
    expect(await run('fsck')).toBe(EXIT.done.code);
    expect(await run('fsck', '--orphans-older-than', '0s')).toBe(EXIT.untidy.code);
    expect(output.printed).toContain('untidy  orphan_file (1)');
    expect(output.printed).toContain('The orphans have 4 bytes.');
    expect(await run('fsck', '--orphans-older-than', '0s', '--no-files')).toBe(EXIT.done.code);
  });

  test.each([
    [['--orphans-older-than', 'yesterday'], 'Write it as a number with its unit'],
    [['--orphans-older-than', '5'], 'Write it as a number with its unit'],
  ])('%j is wrong usage', async (args, reason) => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await run('fsck', ...args)).toBe(EXIT.usage.code);
    expect(output.complained).toContain(reason);
  });

  test('refuses a folder without a store', async () => {
    expect(await main(['fsck', '--catalog-root', join(root, 'none')])).toBe(EXIT.failed.code);
    expect(output.complained).toMatch(/none.* lacks 0001-store/);
    expect(await main(['fsck'])).toBe(EXIT.usage.code);
  });
});

test.each([
  ['backup', ['--to', 'x'], 'pg_dump'],
  ['restore', ['--from', 'x'], 'pg_restore'],
])('%s names the tools of PostgreSQL where the store is there', async (command, args, tool) => {
  vi.stubEnv('DELTACAT_DATABASE_URL', 'postgres://user:secret@127.0.0.1:1/none');
  expect(await run(command, ...args)).toBe(EXIT.usage.code);
  expect(output.complained).toContain(tool);
  expect(output.complained).not.toContain('secret');
});
