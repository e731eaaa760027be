import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenStore } from '../testing/open-store.ts';
import { catalogOn } from '../testing/s3-catalogs.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { StsEndpoint } from '../testing/sts-endpoint.ts';

const TABLE = '/v1/namespaces/n/tables/t';

let folder: string;
let store: OpenStore;
let sts: StsEndpoint;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-grant-'));
  store = await new OpenStore().open();
  sts = await new StsEndpoint().open();
  vi.stubEnv('LAKE_ACCESS_KEY_ID', 'lake-id');
  vi.stubEnv('LAKE_SECRET_ACCESS_KEY', 'lake-secret');
  const lake = {
    ...{ root: 's3://lake/warehouse', storage_type: 's3' as const, endpoint_url: store.url },
    ...{ credentials: 'sts' as const, keys_from: 'env:LAKE', sts_endpoint_url: sts.url },
    // Another role for each test, because keys of a role are kept by the process.
    role_arn: `arn:aws:iam::123456789012:role/${folder.slice(-6)}`,
  };
  server = await startTestServer({ root: folder, config: { catalogs: [catalogOn(folder, { lake })] } });
  expect((await server.request('POST', `${TABLE}/write`, { data: { id: [1] } })).status).toBe(200);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await sts.close();
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Plans a read of the table; tells its files, and what the role of its keys was narrowed to. */
async function plan() {
  sts.asked.length = 0;
  const { body } = await server.request('POST', `${TABLE}/plan`);
  const tasks: { files: { path: string }[] }[] = body.scan_tasks;
  const [asked] = sts.asked;
  return { body, paths: tasks.flatMap(({ files }) => files.map(({ path }) => path)), asked };
}

/** Registers copies of the file of the table where they are. */
async function register(paths: string[]): Promise<void> {
  const at = (uri: string) => uri.replace('s3:/', store.url);
  const [file = ''] = (await plan()).paths;
  const bytes = await (await fetch(at(file))).arrayBuffer();
  for (const path of paths) await fetch(at(path), { method: 'PUT', body: bytes });
  const manifest_entries = paths.map((path) => ({ path, record_count: 1 }));
  const { status } = await server.request('POST', `${TABLE}/commit?mode=append`, { manifest_entries });
  expect(status).toBe(200);
}

const placesOf = (policy = '') => JSON.parse(policy).Statement[0].Resource;
const arn = (key: string) => `arn:aws:s3:::lake/warehouse/${key}`;

test('the keys of a plan let its reader read the folder of the table, and do nothing else', async () => {
  const { body, paths, asked } = await plan();
  const [, , , , , table] = paths[0]?.split('/') ?? [];
  const { Statement } = JSON.parse(asked?.Policy ?? '');
  expect(asked?.RoleSessionName).toBe('deltacat-read');
  expect(Statement).toEqual([
    { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [arn(`data/${table}/*`)] },
    {
      ...{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: ['arn:aws:s3:::lake'] },
      Condition: { StringLike: { 's3:prefix': [`warehouse/data/${table}/*`] } },
    },
  ]);
  expect(Object.keys(body.credentials).sort()).toEqual(['configured:lake@1', store.url].sort());
});

test('a file that was registered where it is opens its root, a folder named like that of a table itself', async () => {
  await register(['s3://lake/warehouse/data/other/x.parquet']);
  expect(placesOf((await plan()).asked?.Policy)).toEqual([expect.any(String), arn('data/other/*')].sort());
  await register(['s3://lake/warehouse/elsewhere/x.parquet']);
  expect(placesOf((await plan()).asked?.Policy)).toContain(arn('*'));
});

test('eight folders are named one by one, and more open their root, because no policy holds them', async () => {
  const folders = Array.from({ length: 8 }, (_, index) => `s3://lake/warehouse/data/other${index}/x.parquet`);
  await register(folders.slice(1));
  expect(placesOf((await plan()).asked?.Policy)).toHaveLength(8);
  await register(folders.slice(0, 1));
  expect(placesOf((await plan()).asked?.Policy)).toEqual([arn('*')]);
});
