import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RootKeys, readConfig } from '../config.ts';
import { OpenStore } from '../testing/open-store.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';
import { StsEndpoint } from '../testing/sts-endpoint.ts';

const ROOTS = '/v1/catalogs/default/data-roots';
const BINDINGS = '/v1/catalogs/default/storage-bindings';
const SESSIONS = '/v1/namespaces/n/tables/t/write-sessions';
const ROLE = 'arn:aws:iam::123456789012:role/lake';

let folder: string;
let store: OpenStore;
let endpoint_url: string;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-root-keys-'));
  store = await new OpenStore().open();
  endpoint_url = store.url;
  for (const name of ['AWS', 'LAKE', 'OTHER']) {
    vi.stubEnv(`${name}_ACCESS_KEY_ID`, `${name.toLowerCase()}-id`);
    vi.stubEnv(`${name}_SECRET_ACCESS_KEY`, `${name.toLowerCase()}-secret`);
  }
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the server, or starts it again on what it has, with what `DELTACAT_ROOT_KEYS` says. */
async function start(allowed = ''): Promise<void> {
  await server?.close();
  server = await startTestServer({ root: folder, config: { root_keys: keysOf(allowed) } });
}

const keysOf = (text: string): RootKeys[] => readConfig('/', { DELTACAT_ROOT_KEYS: text }).root_keys;

function add(binding: object = {}, root = 's3://robots/lake'): Promise<TestAnswer> {
  const body = { name: 'lake', managed_prefix: root, binding: { endpoint_url, ...binding }, set_as_default: true };
  return server.request('POST', ROOTS, body);
}

const session = () => server.request('POST', SESSIONS, { root: 'lake', create_if_missing: {} });

describe('unless the operator says so, keys of the server are neither used nor handed out for a root added by REST', () => {
  test.each([
    ['the keys of the environment', {}],
    ['keys of other variables', { credential_source: { kind: 'static', keys_from: 'env:LAKE' } }],
    ['keys of a profile', { credential_source: { keys_from: 'profile:admin' } }],
    ['the keys of the environment, for no client', { credential_source: { kind: 'none' } }],
    ['a role', { credential_source: { kind: 'sts', role_arn: ROLE } }],
    ['keys for AWS', { endpoint_url: null, credential_source: { kind: 'static' } }],
  ])('%s', async (_title, binding) => {
    await start();
    const refused = await add(binding);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_request']);
    expect(refused.body.error.message).toContain('DELTACAT_ROOT_KEYS="');
    expect(store.asked).toEqual([]);
    expect(JSON.stringify(refused.body)).not.toContain('secret');
  });

  test('what the refusal tells the operator to set lets the same request through', async () => {
    await start();
    const [, told = ''] = /DELTACAT_ROOT_KEYS="([^"]*)"/.exec((await add()).body.error.message) ?? [];
    expect(told).toBe(`default ${endpoint_url}/robots/lake static`);
    await start(told);
    expect((await add()).status).toBe(200);
    const keys = { access_key_id: 'aws-id', secret_access_key: 'aws-secret' };
    expect((await session()).body.credentials[endpoint_url]).toEqual(keys);
  });

  test('a root that was added once is closed when the operator takes that back', async () => {
    await start(`default ${endpoint_url} static`);
    await add();
    await start(`default ${endpoint_url}`);
    const refused = await session();
    expect([refused.status, refused.body.error.code]).toEqual([403, 'storage_denied']);
    await start();
    store.asked = [];
    const written = await server.request('POST', '/v1/namespaces/n/tables/t/write', { data: { id: [1] } });
    expect([written.status, written.body.error.code, store.asked]).toEqual([403, 'storage_denied', []]);
  });

  test('a binding that is made first, or changed later, gets no further', async () => {
    await start(`env:LAKE ${endpoint_url}/robots`);
    const source = { kind: 'none', keys_from: 'env:LAKE' };
    expect((await add({ credential_source: source })).status).toBe(200);
    const change = (body: object) => server.request('PUT', `${BINDINGS}/lake`, { uri_scheme: 's3', ...body });
    store.asked = [];
    const changes = [
      { credential_source: { ...source, kind: 'static' } },
      { credential_source: { kind: 'none', keys_from: 'env:OTHER' } },
      { endpoint_url: 'http://localhost:1' },
      { credential_source: { ...source, kind: 'sts', role_arn: ROLE } },
    ];
    for (const body of changes) expect((await change(body)).status).toBe(400);
    const made = { name: 'other', storage_type: 's3', uri_scheme: 's3', endpoint_url };
    expect((await server.request('POST', BINDINGS, made)).status).toBe(200);
    const moved = await server.request('PUT', `${ROOTS}/lake`, { binding_name: 'other' });
    expect([moved.status, store.asked]).toEqual([400, []]);
  });
});

interface Elsewhere {
  endpoint_url?: (at: string) => string | null;
}

test.each<[string, string, Elsewhere]>([
  ['another bucket', 's3://robots2/lake', {}],
  ['a bucket whose name begins alike', 's3://robots-all/lake', {}],
  ['the bucket as a whole', 's3://robots', {}],
  ['a way back in the address', 's3://lake/x', { endpoint_url: (at: string) => `${at}/robots/lake/../..` }],
  [
    'an escaped way back in the address',
    's3://lake/x',
    { endpoint_url: (at: string) => `${at}/robots/lake/%2e%2e%2f..` },
  ],
  ['a query in the address', 's3://x/y', { endpoint_url: (at: string) => `${at}/robots/lake?` }],
  ['an address that begins alike', 's3://x/y', { endpoint_url: (at: string) => `${at}/robots/lake2` }],
  [
    'an address with another name',
    's3://robots/lake',
    { endpoint_url: (at: string) => at.replace('127.0.0.1', 'localhost') },
  ],
  ['AWS', 's3://robots/lake', { endpoint_url: () => null }],
])('keys that are meant for one place open no other: %s', async (...[, root, { endpoint_url: change }]) => {
  await start(`default ${endpoint_url}/robots/lake static`);
  const refused = await add(change ? { endpoint_url: change(endpoint_url) } : {}, root);
  expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_request']);
  expect(store.asked).toEqual([]);
});

test('of roles only those are asked for that the operator names, and at no STS of a caller', async () => {
  const sts = await new StsEndpoint().open();
  try {
    await start(`default ${endpoint_url} ${ROLE}`);
    const role = { kind: 'sts', role_arn: ROLE };
    for (const credential_source of [
      { ...role, role_arn: `${ROLE}2` },
      { ...role, sts_endpoint_url: sts.url },
    ]) {
      expect((await add({ credential_source })).status).toBe(400);
    }
    expect([sts.asked, store.asked]).toEqual([[], []]);
    expect((await add({ credential_source: role })).status).toBe(200);
  } finally {
    await sts.close();
  }
});

test('a root of the catalogs file needs no leave, and gives none to those inside it', async () => {
  const lake = { root: 's3://robots', storage_type: 's3' as const, endpoint_url };
  const catalog = { name: 'default', root: folder, data_root: 'lake', data_roots: { lake } };
  server = await startTestServer({ root: folder, config: { catalogs: [catalog] } });
  expect((await session()).body.credentials[endpoint_url]).toMatchObject({ access_key_id: 'aws-id' });
  const inside = await server.request('POST', ROOTS, {
    ...{ name: 'inside', managed_prefix: 's3://robots/inside', binding: { endpoint_url } },
  });
  expect([inside.status, store.asked]).toEqual([400, []]);
});

test.each(['s3://lake/warehouse/data/x', 's3://lake'])(
  'the files of a root are not looked for in another store by a root that is put there (%s)',
  async (root) => {
    const lake = { root: 's3://lake/warehouse', storage_type: 's3' as const, endpoint_url: 'http://127.0.0.1:9' };
    const catalog = { name: 'default', root: folder, data_root: 'lake', data_roots: { lake } };
    const root_keys = keysOf(`default ${endpoint_url} static`);
    server = await startTestServer({ root: folder, config: { catalogs: [catalog], root_keys } });
    const body = { name: 'other', managed_prefix: root, binding: { endpoint_url } };
    const refused = await server.request('POST', ROOTS, body);
    expect([refused.status, refused.body.error.code, store.asked]).toEqual([409, 'name_taken', []]);
    expect(refused.body.error.message).toContain('"lake"');
    const beside = await server.request('POST', ROOTS, { ...body, managed_prefix: 's3://lake/warehouse2' });
    expect(beside.status).toBe(200);
  },
);

test('a store that moves takes its root along', async () => {
  const moved = await new OpenStore().open();
  try {
    await start(`default ${endpoint_url}; default ${moved.url}`);
    await add({ credential_source: { kind: 'none' } });
    const made = { name: 'moved', storage_type: 's3', uri_scheme: 's3', endpoint_url: moved.url };
    await server.request('POST', BINDINGS, { ...made, credential_source: { kind: 'none' } });
    expect((await server.request('PUT', `${ROOTS}/lake`, { binding_name: 'moved' })).status).toBe(200);
    const back = { uri_scheme: 's3', endpoint_url };
    expect((await server.request('PUT', `${BINDINGS}/moved`, back)).status).toBe(200);
  } finally {
    await moved[Symbol.asyncDispose]();
  }
});

test('files that lie in no root any more are not opened by the keys of the environment', async () => {
  const near = { root: folder, storage_type: 'local' as const };
  const lake = { root: 's3://robots', storage_type: 's3' as const, endpoint_url };
  const catalog = { name: 'default', root: folder, data_root: 'near', data_roots: { near, lake } };
  server = await startTestServer({ root: folder, config: { catalogs: [catalog] } });
  const at = '/v1/namespaces/n/tables/t';
  expect((await server.request('POST', `${at}/write?root=lake`, { data: { id: [1] } })).status).toBe(200);
  await server.close();
  // Now every address of S3 is the store, unless a root says otherwise.
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint_url);
  server = await startTestServer({ root: folder, config: { catalogs: [{ ...catalog, data_roots: { near } }] } });
  store.asked = [];
  const refused = await server.request('GET', `${at}/preview`);
  expect([refused.status, refused.body.error.code, store.asked]).toEqual([403, 'storage_denied', []]);
});

test.each([
  ['', []],
  ['default https://Store.example:443/', [{ keys_from: null, place: 'https://store.example', given: [] }]],
  [
    `env:LAKE s3://lake/a/ static ${ROLE} ; profile:p http://h:9000/b`,
    [
      { keys_from: 'env:LAKE', place: 's3://lake/a', given: ['static', ROLE] },
      { keys_from: 'profile:p', place: 'http://h:9000/b', given: [] },
    ],
  ],
])('DELTACAT_ROOT_KEYS="%s" is read', (text, expected) => {
  expect(keysOf(text)).toEqual(expected);
});

test.each([
  'default',
  'LAKE s3://lake',
  'default gs://lake',
  'default http://h/a%20b',
  'default s3://lake sts',
  'default s3://',
])('DELTACAT_ROOT_KEYS="%s" is refused with the piece that is wrong', (text) => {
  expect(() => keysOf(text)).toThrow(`"${text}"`);
});
