import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createApp } from '../http/app.ts';
import { openServer } from '../main.ts';
import { newS3Root, TEST_BUCKET, TEST_S3_URL } from '../testing/s3-catalogs.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';

const ROOTS = '/v1/catalogs/default/data-roots';

describe.skipIf(TEST_S3_URL === null)('data roots on S3 (skipped where DELTACAT_TEST_S3_URL names none)', () => {
  let folder: string;
  let server: TestServer;
  const binding = { endpoint_url: TEST_S3_URL, region: 'us-east-1' };
  const add = (body: object): Promise<TestAnswer> => server.request('POST', ROOTS, { binding, ...body });
  const place = () => newS3Root().root;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltacat-roots-'));
    const meant = (keys_from: string | null, place: string) => ({ keys_from, place, given: ['static'] });
    const root_keys = [
      ...[null, 'env:WRONG', 'env:UNSET'].map((keys_from) => meant(keys_from, TEST_S3_URL ?? '')),
      meant(null, 'http://127.0.0.1:9'),
    ];
    server = await startTestServer({ root: folder, config: { root_keys } });
  });

  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function write(body: object = {}): Promise<TestAnswer> {
    const query = 'root' in body ? `?root=${body.root}` : '';
    return server.request('POST', `/v1/namespaces/n/tables/t/write${query}`, { data: { id: [1, 2] } });
  }

  async function pathsOf(table = 't'): Promise<string[]> {
    const { body } = await server.request('POST', `/v1/namespaces/n/tables/${table}/plan`);
    const tasks: { files: { path: string }[] }[] = body.scan_tasks;
    return tasks.flatMap(({ files }) => files.map(({ path }) => path));
  }

  test('one that was added takes new files at once, as a second server on the store sees', async () => {
    const root = place();
    const added = await add({ name: 'lake', managed_prefix: root, set_as_default: true });
    expect([added.status, added.body.changed, added.body.binding_revision]).toEqual([200, true, 1]);
    expect(added.body.state).toMatchObject({ default_root_name: 'lake', data_roots: { lake: { root } } });
    const other = createApp(await openServer(server.context.config, { db: server.context.db }));
    const seen = await (await other.request('/v1/catalogs/default')).json();
    expect(seen).toMatchObject({
      data_root: 'lake',
      data_roots: { lake: { root }, default: { storage_type: 'local' } },
    });
    expect((await write()).status).toBe(200);
    expect(await pathsOf()).toEqual([expect.stringMatching(new RegExp(`^${root}/data/`))]);
  });

  test('a root is chosen by name for a write, a session and a staged write; one that is not there is refused', async () => {
    const root = place();
    await add({ name: 'lake', managed_prefix: root });
    expect((await write({ root: 'lake' })).status).toBe(200);
    expect((await write({ root: 'default' })).status).toBe(200);
    expect((await pathsOf()).map((path) => path.startsWith(`${root}/`)).sort()).toEqual([false, true]);
    const at = '/v1/namespaces/n/tables/t';
    const session = await server.request('POST', `${at}/write-sessions`, { root: 'lake' });
    const staged = await server.request('POST', `${at}/stage?data_root_name=lake`);
    expect([session.body.data_dir, staged.body.data_dir].map((path) => path.startsWith(`${root}/`))).toEqual([
      true,
      true,
    ]);
    expect(staged.body.data_root_info).toMatchObject({ root });
    expect(Object.keys(staged.body.credentials)).toContain(TEST_S3_URL);
    const unknown = await write({ root: 'nope' });
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'invalid_request']);
    expect(unknown.body.error.message).toContain('default, lake');
  });

  test('a plan hands out what opens its files, in both envelopes, and every file says by which binding', async () => {
    const root = place();
    const { binding_id } = (await add({ name: 'lake', managed_prefix: root, set_as_default: true })).body;
    await write();
    const { body } = await server.request('POST', '/v1/namespaces/n/tables/t/plan');
    const keys = { access_key_id: expect.any(String), secret_access_key: expect.any(String) };
    expect(body.credentials).toEqual({ [TEST_S3_URL ?? '']: keys, [`${binding_id}@1`]: keys });
    expect(body.data_roots.lake).toMatchObject({ root, endpoint_url: TEST_S3_URL, binding_id, binding_revision: 1 });
    expect(body.storage_bindings[binding_id]).toMatchObject({ binding_id, endpoint_url: TEST_S3_URL });
    const [file] = body.scan_tasks[0].files;
    expect(file.file_access_ref).toEqual({
      ...{ binding_id, binding_revision: 1, location_mode: 'managed_relative' },
      root_id: body.data_roots.lake.root_id,
      canonical_path: file.path.slice(root.length + 1),
    });
  });

  test('a plan of files of this machine hands out nothing', async () => {
    await add({ name: 'lake', managed_prefix: place() });
    await write();
    const { body } = await server.request('POST', '/v1/namespaces/n/tables/t/plan');
    expect([body.credentials, body.data_roots, body.storage_bindings]).toEqual([undefined, undefined, undefined]);
  });

  test('nothing of what tried a new root out is left there', async () => {
    const root = place();
    await add({ name: 'lake', managed_prefix: root });
    await add({ name: 'all', managed_prefix: TEST_BUCKET });
    const { openRoot } = await import('../roots/access.ts');
    const { SETTINGS_DEFAULT } = await import('../roots/bindings.ts');
    const at = { ...SETTINGS_DEFAULT, ...binding, binding_id: 'b', binding_revision: 1, name: 'b', allowed_keys: null };
    const found = await Array.fromAsync((await openRoot(root, at)).list(root));
    expect(found).toEqual([]);
  });

  const absent = 'no-such-bucket-is-here';
  test.each([
    ['a bucket that is not there', { managed_prefix: `s3://${absent}/x` }, 400, 'invalid_request', absent],
    [
      'keys that nobody knows',
      { binding: { ...binding, credential_source: { keys_from: 'env:WRONG' } } },
      400,
      'invalid_request',
      'could not write',
    ],
    [
      'variables that are not set',
      { binding: { ...binding, credential_source: { keys_from: 'env:UNSET' } } },
      503,
      'service_unavailable',
      'UNSET_ACCESS_KEY_ID',
    ],
    [
      'an address where nobody answers',
      { binding: { endpoint_url: 'http://127.0.0.1:9' } },
      503,
      'service_unavailable',
      '127.0.0.1:9',
    ],
    ['another region', { binding: { ...binding, region: 'eu-west-1' } }, 400, 'invalid_request', 'region'],
    [
      'a region with a host in it',
      { binding: { ...binding, region: 'x.evil.example/' } },
      422,
      'invalid_input',
      'region',
    ],
    ['another store', { managed_prefix: 'gs://bucket/x' }, 400, 'not_supported', 'gs://'],
    ['a prefix that steps out', { managed_prefix: 's3://bucket/../x' }, 400, 'invalid_request', 's3://bucket/prefix'],
    ['a wildcard', { managed_prefix: 's3://bucket/*' }, 400, 'invalid_request', 's3://bucket/prefix'],
    [
      'a role that is not named',
      { binding: { ...binding, credential_source: { kind: 'sts' } } },
      400,
      'invalid_request',
      'role_arn',
    ],
    [
      'a way of vending that nobody knows',
      { binding: { ...binding, credential_source: { kind: 'magic' } } },
      400,
      'not_supported',
      'magic',
    ],
    [
      'keys in the request',
      { binding: { ...binding, credential_source: { access_key_id: 'x' } } },
      422,
      'invalid_input',
      'access_key_id',
    ],
    ['keys in the address', { binding: { endpoint_url: 'http://me:secret@store' } }, 422, 'invalid_input', 'user name'],
    ['a binding that is not there', { binding_name: 'nope' }, 404, 'not_found', 'nope'],
    ['a system root', { set_as_system: true }, 400, 'not_supported', 'system root'],
    ['the name of a root of the file', { name: 'default' }, 409, 'name_taken', 'default'],
  ])('%s is refused when a root is added, and nothing is kept', async (...[, body, status, code, says]) => {
    vi.stubEnv('WRONG_ACCESS_KEY_ID', 'nobody');
    vi.stubEnv('WRONG_SECRET_ACCESS_KEY', 'no secret');
    const answer = await add({ name: 'lake', managed_prefix: place(), ...body });
    vi.unstubAllEnvs();
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toContain(says);
    const { body: state } = await server.request('GET', '/v1/catalogs/default/storage-control');
    expect([Object.keys(state.data_roots), state.storage_bindings]).toEqual([['default'], {}]);
  });

  test('one address has one root, one name has one root', async () => {
    const root = place();
    await add({ name: 'lake', managed_prefix: root });
    const again = await add({ name: 'lake', managed_prefix: place() });
    const twin = await add({ name: 'twin', managed_prefix: root });
    expect([again.body.error.code, twin.body.error.code]).toEqual(['name_taken', 'name_taken']);
  });

  test('one that tables have files in stays; an empty one goes', async () => {
    await add({ name: 'lake', managed_prefix: place() });
    await write({ root: 'lake' });
    const refused = await server.request('DELETE', `${ROOTS}/lake`);
    expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining('Tables have files')]);
    await add({ name: 'pond', managed_prefix: place() });
    const opened = await server.request('POST', '/v1/namespaces/n/tables/t/write-sessions', { root: 'pond' });
    const writing = await server.request('DELETE', `${ROOTS}/pond`);
    expect(writing.body.error.message).toContain('Write sessions are open');
    const { session_id, session_version } = opened.body;
    await server.request('POST', `/v1/write-sessions/${session_id}/abort`, { session_version });
    const gone = await server.request('DELETE', `${ROOTS}/pond`);
    expect([gone.status, Object.keys(gone.body.state.data_roots)]).toEqual([200, ['default', 'lake']]);
    expect((await server.request('DELETE', `${ROOTS}/pond`)).status).toBe(404);
  });

  test('which root new files go to is changed there and back; the one they go to stays', async () => {
    await add({ name: 'lake', managed_prefix: place() });
    const choose = (name: string) => server.request('PUT', `${ROOTS}/${name}`, { set_as_default: true });
    expect((await choose('lake')).body.state.default_root_name).toBe('lake');
    expect((await server.request('DELETE', `${ROOTS}/lake`)).body.error.message).toContain('New files go there');
    expect((await choose('default')).body.state.default_root_name).toBe('default');
    expect((await choose('nope')).status).toBe(404);
  });

  test('one of the catalogs file is changed there alone, and does not move', async () => {
    const changed = await server.request('PUT', `${ROOTS}/default`, { usage: ['x'] });
    const removed = await server.request('DELETE', `${ROOTS}/default`);
    expect([changed, removed].map(({ body }) => body.error.code)).toEqual(['invalid_request', 'invalid_request']);
    await add({ name: 'lake', managed_prefix: place() });
    const moved = await server.request('PUT', `${ROOTS}/lake`, { managed_prefix: place() });
    expect([moved.status, moved.body.error.message]).toEqual([400, expect.stringContaining('stays there')]);
  });

  test('a binding that its roots cannot be reached by is not taken; a changed one gets its next revision', async () => {
    await add({ name: 'lake', managed_prefix: place() });
    const change = (body: object) =>
      server.request('PUT', '/v1/catalogs/default/storage-bindings/lake', { uri_scheme: 's3', ...body });
    const refused = await change({ credential_source: { kind: 'static', keys_from: 'env:UNSET' } });
    expect(refused.status).toBe(503);
    const same = await change({});
    expect([same.body.changed, same.body.binding_revision]).toEqual([false, 1]);
    const changed = await change({ credential_source: { kind: 'none' } });
    expect([changed.body.changed, changed.body.binding_revision]).toEqual([true, 2]);
    const { body } = await server.request('POST', '/v1/namespaces/n/tables/t/write-sessions', {
      root: 'lake',
      create_if_missing: {},
    });
    const own = { resolver: 'host_default_chain', type: 'host_default_chain' };
    expect([body.binding_revision, body.credentials]).toEqual([2, { [`${body.binding_id}@2`]: own }]);
  });
});

describe.skipIf(TEST_S3_URL === null).each([
  { store: 'a store that hangs up', answer: (socket: Socket) => void socket.destroy() },
  { store: 'a store that takes requests and says nothing', answer: () => {} },
])('$store', ({ answer: serve }) => {
  let folder: string;
  let server: TestServer;
  let silent: Server;
  let sockets: Set<Socket>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltacat-roots-'));
    sockets = new Set();
    silent = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      serve(socket);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const endpoint_url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    vi.stubEnv('LAKE_ACCESS_KEY_ID', 'id');
    vi.stubEnv('LAKE_SECRET_ACCESS_KEY', 'secret');
    const lake = newS3Root({ endpoint_url, keys_from: 'env:LAKE' });
    const config = { catalogs: [{ name: 'default', root: folder, data_root: 'lake', data_roots: { lake } }] };
    server = await startTestServer({ root: folder, config });
  });

  afterAll(async () => {
    await server.close();
    vi.unstubAllEnvs();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  test('fails a commit that may be repeated, and nothing of it is kept', async () => {
    const at = '/v1/namespaces/n/tables/t';
    const { body } = await server.request('POST', `${at}/write-sessions`, { create_if_missing: {} });
    const entries = [{ path: `${body.data_dir}/x.parquet`, record_count: 1 }];
    const answer = await server.request('POST', `/v1/write-sessions/${body.session_id}/commit`, {
      session_version: 1,
      entries,
    });
    expect([answer.status, answer.body.error.code]).toEqual([503, 'service_unavailable']);
    expect(answer.headers.get('retry-after')).not.toBe(null);
    const session = await server.request('GET', `/v1/write-sessions/${body.session_id}`);
    expect(session.body.status).toBe('OPEN');
    expect((await server.request('GET', at)).status).toBe(404);
  });
});
