import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '@deltacat/server';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { environmentFor } from '../../server/src/testing/database.ts';
import { newS3Root, TEST_S3_URL } from '../../server/src/testing/s3-catalogs.ts';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

let folder: string;
let server: RunningServer;
let output: CapturedOutput;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-cli-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  for (const [name, value] of Object.entries(await environmentFor(folder))) vi.stubEnv(name, value);
  // The server of the tests on S3 has its own; without any, no store is asked at all.
  if (TEST_S3_URL === null) {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'test');
  }
  const stores = [TEST_S3_URL, 'http://127.0.0.1:9'].filter(Boolean);
  vi.stubEnv('DELTACAT_ROOT_KEYS', stores.map((store) => `default ${store} static`).join('; '));
  server = await startServer({ catalog_root: join(folder, 'catalog'), port: 0 });
});

afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  output = captureOutput();
});

const run = (...args: string[]) => main(['roots', ...args, '--url', server.url]);

test('the roots of a catalog are listed, and the one that new files go to', async () => {
  expect(await run('list')).toBe(EXIT.done.code);
  expect(output.printed).toMatch(/default +yes +local +\S+catalog/);
});

test('one that cannot be used is refused with the reason, and exit code 1', async () => {
  expect(await run('add', 'lake', 's3://bucket/x', '--endpoint-url', 'http://127.0.0.1:9')).toBe(EXIT.failed.code);
  expect(output.complained).toContain('http://127.0.0.1:9 cannot be connected to');
  expect(await run('add', 'lake', 'gs://bucket/x')).toBe(EXIT.failed.code);
  expect(output.complained).toContain('gs://');
  expect(await run('remove', 'lake')).toBe(EXIT.failed.code);
});

test('one that the operator of the server did not mean its keys for is refused with what they have to set', async () => {
  expect(await run('add', 'lake', 's3://bucket/x', '--endpoint-url', 'http://elsewhere:9')).toBe(EXIT.failed.code);
  expect(output.complained).toContain('DELTACAT_ROOT_KEYS="default http://elsewhere:9/bucket/x static"');
});

test('a way of vending that there is not, and help, are told by the command itself', async () => {
  expect(await run('add', 'lake', 's3://bucket/x', '--credentials', 'all')).toBe(EXIT.usage.code);
  expect(output.complained).toContain('none, static, sts');
  expect(await main(['roots', 'add', '--help'])).toBe(EXIT.done.code);
  expect(output.printed).toContain('--role-arn');
});

describe.skipIf(TEST_S3_URL === null)('on S3 (skipped where DELTACAT_TEST_S3_URL names no server)', () => {
  test('a root is added, takes new files, is listed as JSON, and is removed', async () => {
    const { root } = newS3Root();
    const store = ['--endpoint-url', TEST_S3_URL ?? '', '--region', 'us-east-1'];
    expect(await run('add', 'lake', root, ...store, '--default')).toBe(EXIT.done.code);
    expect(output.printed).toContain(`"lake" is added at ${root}. New files go there.`);
    expect(await run('list', '--json')).toBe(EXIT.done.code);
    const [, line = ''] = output.printed.trimEnd().split('\n').slice(-2);
    expect(JSON.parse(line)).toEqual({
      ...{ name: 'lake', is_default: true, storage_type: 's3', root },
      ...{ endpoint_url: TEST_S3_URL, region: 'us-east-1', credentials: 'static' },
    });
    expect(await run('set-default', 'default')).toBe(EXIT.done.code);
    expect(await run('remove', 'lake')).toBe(EXIT.done.code);
    expect(await run('remove', 'lake')).toBe(EXIT.failed.code);
  });
});
