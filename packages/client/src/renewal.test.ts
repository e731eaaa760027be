import { readFile } from 'node:fs/promises';
import { parseJson, stringifyJson } from '@deltacat/contract';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { OddStore, refusal } from '../../io-core/src/testing/odd-store.ts';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';

const runs = { namespace: 'n', table: 'runs' };

let server: TestServer;
let client: Client;
let store: OddStore;
let endpoint_url: string;
/** The calls whose answers vended keys, each a key of its own. */
let vended: string[] = [];

/**
 * The answer of the server, as if the local files of its table lay in a store that asks for keys: what is vended is what a
 * server with such a data root answers with.
 */
async function vending(url: string, response: Response): Promise<Response> {
  const call = /\/(plan|write-sessions|heartbeat)(\?|$)/.exec(url)?.[1];
  if (call === undefined || !response.ok) return response;
  vended.push(call);
  const keys = { access_key_id: `key-${vended.length}`, secret_access_key: 'secret', session_token: 'token' };
  const root = { root: 's3://bucket', storage_type: 's3', endpoint_url, region: 'us-east-1' };
  const text = await response.text();
  const moved =
    call === 'plan'
      ? text.replaceAll('"path":"/', '"path":"s3://bucket/')
      : text.replaceAll('"data_dir":"/', '"data_dir":"s3://bucket/');
  const answer = parseJson(moved);
  const more = { data_roots: { main: root }, available_roots: { main: root }, credentials: { default: keys } };
  return new Response(stringifyJson({ ...(answer as object), ...more }), { status: response.status }); // every answer is one
}

/** Refuses keys before the n-th as expired. */
function expireBefore(first: number): void {
  store.oddity = (request, response) => {
    if (Number(/Credential=key-(\d+)/.exec(request.headers.authorization ?? '')?.[1]) >= first) return null;
    const { status, headers, body } = refusal(403, 'ExpiredToken');
    response.writeHead(status, headers).end(body);
    return 'answered';
  };
}

beforeAll(async () => {
  server = await startTestServer();
  await using plain = new Client('http://test', { fetch: server.fetch });
  await plain.catalog.createNamespace({ namespace: 'n' });
  await plain.catalog.createTable({ ...runs, schema_def: [{ name: 'id', type: 'int64' }] });
  await plain.catalog.write({ id: [1, 2, 3] }, runs);
});
afterAll(() => server.close());

beforeEach(async () => {
  await using plain = new Client('http://test', { fetch: server.fetch });
  const [path = ''] = (await plain.catalog.plan(runs)).filePaths();
  store = new OddStore(new Uint8Array(await readFile(path)));
  endpoint_url = await store.start();
  vended = [];
  client = new Client('http://test', { fetch: async (url, init) => vending(url, await server.fetch(url, init)) });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

test('a read goes by the keys that its plan vends', async () => {
  expect(await client.catalog.read({ ...runs, read_as: 'objects' })).toEqual([1n, 2n, 3n].map((id) => ({ id })));
  expect(vended).toEqual(['plan']);
  expect(new Set(store.requests.map(({ key_id }) => key_id))).toEqual(new Set(['key-1']));
});

test('a read whose keys expire plans again, of the same state, and goes on', async () => {
  expireBefore(2);
  expect(await client.catalog.read({ ...runs, read_as: 'objects' })).toEqual([1n, 2n, 3n].map((id) => ({ id })));
  expect(vended).toEqual(['plan', 'plan']);
});

test('a kept plan is read after its keys expired', async () => {
  const plan = await client.catalog.plan(runs);
  expireBefore(2);
  expect((await client.catalog.read({ plan })).numRows).toBe(3);
  expect(vended).toEqual(['plan', 'plan']);
});

test('a write whose keys expire goes on by those of a heartbeat', async () => {
  expireBefore(2);
  // The store takes it, and the server does not find it in its own folder: what counts is by which keys it came.
  await expect(client.catalog.write({ id: [4] }, { ...runs, mode: 'append' })).rejects.toMatchObject({ status: 400 });
  expect(vended.slice(0, 2)).toEqual(['write-sessions', 'heartbeat']);
  expect(store.requests.map(({ method, key_id }) => `${method} ${key_id}`)).toEqual(['PUT key-1', 'PUT key-2']);
});
