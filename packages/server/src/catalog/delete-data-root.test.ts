import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenStore } from '../testing/open-store.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

const ROOT = '/v1/catalogs/default/data-roots/lake';
const TABLE = '/v1/namespaces/n/tables/t';

let store: OpenStore;
let server: TestServer;

beforeEach(async () => {
  store = await new OpenStore().open();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  const root_keys = [{ keys_from: null, place: store.url, given: ['static'] }];
  server = await startTestServer({ config: { root_keys } });
  const binding = { endpoint_url: store.url };
  for (const name of ['lake', 'pond']) {
    const body = { name, managed_prefix: `s3://robots/${name}`, binding };
    expect((await server.request('POST', '/v1/catalogs/default/data-roots', body)).status).toBe(200);
  }
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await store[Symbol.asyncDispose]();
});

/** Removes the root as soon as a file there is looked at; tells what came of it. */
function removeMeanwhile(): { statuses: number[] } {
  const statuses: number[] = [];
  store.before = async ({ method, url }) => {
    if (method !== 'GET' || !url.includes('.parquet') || statuses.length > 0) return;
    statuses.push(0);
    statuses[0] = (await server.request('DELETE', ROOT)).status;
  };
  return { statuses };
}

const write = (root: string) => server.request('POST', `${TABLE}/write?root=${root}`, { data: { id: [1] } });

/** Makes the table with one row in another root, and puts a copy of its file somewhere. */
async function putFile(path: string): Promise<void> {
  await write('pond');
  const { body } = await server.request('POST', `${TABLE}/plan`);
  const at = (uri: string) => uri.replace('s3:/', store.url);
  const bytes = await (await fetch(at(body.scan_tasks[0].files[0].path))).arrayBuffer();
  await fetch(at(path), { method: 'PUT', body: bytes });
}

test('files are not registered in a root that is removed while they are looked at', async () => {
  const path = 's3://robots/lake/x.parquet';
  await putFile(path);
  const { statuses } = removeMeanwhile();
  const entry = { path, record_count: 1 };
  const refused = await server.request('POST', `${TABLE}/commit?mode=append`, { manifest_entries: [entry] });
  expect(statuses).toEqual([200]);
  expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_entry']);
  expect((await server.request('GET', TABLE)).body.total_records).toBe(1);
});

test('rows are not written into a root that is removed while their file is looked at', async () => {
  const { statuses } = removeMeanwhile();
  const refused = await write('lake');
  expect(statuses).toEqual([200]);
  expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_entry']);
  expect((await server.request('GET', TABLE)).status).toBe(404);
});

test('a root stays where a transaction that is open has put files', async () => {
  await write('pond');
  const { transaction_id, transaction_version } = (await server.request('POST', '/v1/transactions', {})).body;
  const opening = { root: 'lake', transaction_id, transaction_version };
  const { session_id, data_dir } = (await server.request('POST', `${TABLE}/write-sessions`, opening)).body;
  const path = `${data_dir}/x.parquet`;
  await putFile(path);
  const entries = [{ path, record_count: 1 }];
  const attached = await server.request('POST', `/v1/write-sessions/${session_id}/commit`, {
    ...{ session_version: 1, entries },
  });
  expect(attached.status).toBe(200);
  const kept = await server.request('DELETE', ROOT);
  expect([kept.status, kept.body.error.message]).toEqual([400, expect.stringContaining('cannot be removed')]);
});
