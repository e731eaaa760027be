import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringifyJson } from '@deltacat/contract';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { S3RootConfig } from '../config.ts';
import { catalogOn } from '../testing/s3-catalogs.ts';
import { ManualClock, startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';
import { StsEndpoint } from '../testing/sts-endpoint.ts';

const ROLE = 'arn:aws:iam::123456789012:role/lake';
const ENDPOINT = 'http://127.0.0.1:9';
/** Long before the end of the keys of this file's roles, and at a moment that no other file has. */
const START_NS = 1_810_000_000_000_000_000n;

let folder: string;
let sts: StsEndpoint;
let clock: ManualClock;
let server: TestServer | null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-vending-'));
  sts = await new StsEndpoint().open();
  clock = new ManualClock(START_NS);
  sts.now_ms = () => Number(clock.nowNs() / 1_000_000n);
  vi.stubEnv('LAKE_ACCESS_KEY_ID', 'lake-id');
  vi.stubEnv('LAKE_SECRET_ACCESS_KEY', 'lake-secret');
  server = null;
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  await sts.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a server with one data root; nothing is at its endpoint, because sessions are opened without asking the store. */
async function start(settings: Partial<S3RootConfig>): Promise<TestServer> {
  const lake: S3RootConfig = { root: 's3://lake/warehouse', storage_type: 's3', endpoint_url: ENDPOINT, ...settings };
  server = await startTestServer({ clock, root: folder, config: { catalogs: [catalogOn(folder, { lake })] } });
  return server;
}

const withRole = () => ({
  credentials: 'sts' as const,
  keys_from: 'env:LAKE',
  role_arn: ROLE,
  external_id: 'ours',
  sts_endpoint_url: sts.url,
  session_seconds: 7_200,
});

function session(on: TestServer, body: object = {}): Promise<TestAnswer> {
  return on.request('POST', '/v1/namespaces/n/tables/t/write-sessions', { create_if_missing: {}, ...body });
}

test('a writer is given a role narrowed to the folder of its session, until the time that STS tells', async () => {
  const { body } = await session(await start(withRole()));
  expect(sts.asked).toMatchObject([
    {
      Action: 'AssumeRole',
      RoleArn: ROLE,
      ExternalId: 'ours',
      DurationSeconds: '7200',
      RoleSessionName: 'deltacat-write',
    },
  ]);
  expect(sts.asked[0]?.authorization).toContain('Credential=lake-id/');
  const policy = JSON.parse(sts.asked[0]?.Policy ?? '');
  const key = body.data_dir.replace('s3://lake/', '');
  expect(policy.Statement[0]).toMatchObject({ Resource: [`arn:aws:s3:::lake/${key}/*`] });
  expect(policy.Statement[0].Action).toEqual(expect.arrayContaining(['s3:PutObject', 's3:AbortMultipartUpload']));
  expect(policy.Statement[1]).toMatchObject({ Condition: { StringLike: { 's3:prefix': [`${key}/*`] } } });
  const expires_at = expect.stringMatching(/^2027-.*Z$/);
  const keys = { access_key_id: 'key-1', secret_access_key: 'secret-1', session_token: 'token-1', expires_at };
  expect(body.credentials).toEqual({ [ENDPOINT]: keys, 'configured:lake@1': keys });
});

test('a session tells older and newer clients where to write, each in its words', async () => {
  const { body } = await session(await start({ keys_from: 'env:LAKE' }));
  const binding_id = 'configured:lake';
  expect(body).toMatchObject({
    ...{ root: 'lake', root_id: 'root:lake', binding_id, binding_revision: 1 },
    available_roots: {
      lake: {
        root: 's3://lake/warehouse',
        storage_type: 's3',
        endpoint_url: ENDPOINT,
        root_id: 'root:lake',
        binding_id,
      },
    },
    available_storage_bindings: {
      [binding_id]: { binding_id, binding_revision: 1, name: 'lake', credential_source: { kind: 'static' } },
    },
  });
  expect(body.available_roots.near).toBe(undefined);
  const keys = { access_key_id: 'lake-id', secret_access_key: 'lake-secret' };
  expect(body.credentials).toEqual({ [ENDPOINT]: keys, [`${binding_id}@1`]: keys });
});

test('no keys are vended where none shall be, and by default none of those to AWS', async () => {
  const own = { 'configured:lake@1': { type: 'host_default_chain', resolver: 'host_default_chain' } };
  const none = await session(await start({ keys_from: 'env:LAKE', credentials: 'none' }));
  expect([none.status, none.body.credentials]).toEqual([200, own]);
  await server?.close();
  const aws = await session(await start({ endpoint_url: null, keys_from: 'env:LAKE' }));
  expect([aws.status, aws.body.credentials]).toEqual([200, own]);
});

test('a session on this machine is told nothing of S3, and STS is not asked', async () => {
  const { body } = await session(await start(withRole()), { root: 'near' });
  expect([body.credentials, body.available_roots, sts.asked]).toEqual([undefined, undefined, []]);
});

test('a heartbeat gives the same keys until they near their end, then new ones', async () => {
  const on = await start(withRole());
  const { body } = await session(on);
  const beat = async (session_version: number) => {
    const answer = await on.request('POST', `/v1/write-sessions/${body.session_id}/heartbeat`, { session_version });
    return answer.body.credentials[ENDPOINT].access_key_id;
  };
  expect(await beat(1)).toBe('key-1');
  clock.advanceSeconds(3_500);
  expect(await beat(2)).toBe('key-1');
  clock.advanceSeconds(3_000);
  expect(await beat(3)).toBe('key-2');
});

test('the heartbeat of a transaction gives new keys for the sessions in it', async () => {
  const on = await start(withRole());
  const transaction = (await on.request('POST', '/v1/transactions', {})).body;
  const { transaction_id } = transaction;
  const { body } = await session(on, { transaction_id, transaction_version: transaction.transaction_version });
  const answer = await on.request('POST', `/v1/transactions/${transaction_id}/heartbeat`, {
    transaction_version: body.transaction_version,
  });
  expect(answer.status).toBe(200);
  expect(answer.body.refreshed_credentials_by_session).toEqual({ [body.session_id]: body.credentials });
});

test('keys of a short life are not given again when half of it is over', async () => {
  const on = await start(withRole());
  sts.seconds = 900;
  const { body } = await session(on);
  clock.advanceSeconds(600);
  const again = await on.request('GET', `/v1/write-sessions/${body.session_id}`);
  expect(again.body.credentials[ENDPOINT].access_key_id).toBe('key-2');
});

test('a role that the server may not assume is told, may be repeated, and is asked for anew', async () => {
  const on = await start(withRole());
  on.context.log.level = 'warn';
  const warned = vi.spyOn(on.context.log, 'warn').mockImplementation(() => {});
  sts.refusal = 'AccessDenied';
  const refused = await session(on);
  expect([refused.status, refused.body.error.code]).toEqual([503, 'service_unavailable']);
  expect(refused.headers.get('retry-after')).not.toBe(null);
  expect(refused.body.error.message).toContain('binding "lake"');
  expect(JSON.stringify(refused.body)).not.toMatch(/lake-secret|arn:|123456789012|210987654321|AccessDenied/);
  const [[logged] = []] = warned.mock.calls;
  expect(logged).toMatchObject({ err: { cause: { message: expect.stringMatching(/^AccessDenied: .*210987654321/) } } });
  sts.refusal = null;
  expect((await session(on)).status).toBe(200);
});

test('an STS that is not there is told', async () => {
  const on = await start({ ...withRole(), sts_endpoint_url: 'http://127.0.0.1:9' });
  const refused = await session(on);
  expect([refused.status, refused.body.error.code]).toEqual([503, 'service_unavailable']);
  expect(refused.body.error.message).toContain('http://127.0.0.1:9');
});

test('keys that the environment lacks are told by the names of their variables', async () => {
  vi.stubEnv('LAKE_SECRET_ACCESS_KEY', '');
  const refused = await session(await start({ keys_from: 'env:LAKE' }));
  expect([refused.status, refused.body.error.code]).toEqual([503, 'service_unavailable']);
  expect(refused.body.error.message).toContain('LAKE_SECRET_ACCESS_KEY');
});

test('describing a catalog tells where its roots are, and no keys', async () => {
  const on = await start(withRole());
  const { body } = await on.request('GET', '/v1/catalogs/default');
  expect(body.data_roots.lake).toEqual({
    ...{ root: 's3://lake/warehouse', storage_type: 's3', endpoint_url: ENDPOINT, region: 'us-east-1' },
    ...{ root_id: 'root:lake', binding_id: 'configured:lake', binding_revision: 1, usage: [] },
  });
  const control = await on.request('GET', '/v1/catalogs/default/storage-control');
  expect(control.body.storage_bindings['configured:lake'].credential_source).toMatchObject({
    kind: 'sts',
    keys_from: 'env:LAKE',
    role_arn: ROLE,
  });
  expect(stringifyJson([body, control.body])).not.toContain('lake-secret');
});
