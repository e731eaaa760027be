import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenStore } from '../testing/open-store.ts';
import { startTestServer } from '../testing/server.ts';
import { serverKeys } from './keys.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-keys-'));
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  writeFileSync(join(folder, 'credentials'), '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A profile whose keys come from a program, which writes down that it ran. */
function writeProfile(name: string, lives_ms: number): void {
  const Expiration = new Date(Date.now() + lives_ms).toISOString();
  const keys = { Version: 1, AccessKeyId: 'id', SecretAccessKey: 'secret', SessionToken: 'token', Expiration };
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys));
  writeFileSync(join(folder, 'runs'), '');
  const script = join(folder, 'keys.sh');
  writeFileSync(script, `echo run >> ${join(folder, 'runs')}; cat ${join(folder, 'keys.json')}\n`);
  writeFileSync(join(folder, 'config'), `[profile ${name}]\ncredential_process = sh ${script}\n`);
}

const runs = () => readFileSync(join(folder, 'runs'), 'utf8').split('\n').length - 1;
const lake = (profile: string) => ({ name: 'lake', keys_from: `profile:${profile}`, region: null });

test('keys of a profile are looked for once, also when many ask at the same time', async () => {
  writeProfile('long', 3_600_000);
  const [first] = await Promise.all(Array.from({ length: 20 }, () => serverKeys(lake('long'))));
  expect(first).toMatchObject({ access_key_id: 'id', session_token: 'token', expires_at_ms: expect.any(Number) });
  await serverKeys(lake('long'));
  expect(runs()).toBe(1);
});

test('keys that near their end are looked for anew', async () => {
  writeProfile('short', 60_000);
  await serverKeys(lake('short'));
  await serverKeys(lake('short'));
  expect(runs()).toBe(2);
});

test('a profile that is not there is told by its name, and looked for again', async () => {
  writeFileSync(join(folder, 'config'), '');
  await expect(serverKeys(lake('nobody'))).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringContaining('profile "nobody"'),
  });
});

test('keys that were rotated in their file are taken up when the old ones are refused, without a restart', async () => {
  await using store = await new OpenStore().open();
  const rotate = (id: string) =>
    writeFileSync(
      join(folder, 'credentials'),
      `[rotated]\naws_access_key_id = ${id}\naws_secret_access_key = secret of ${id}\n`,
    );
  rotate('old');
  const lake = {
    root: 's3://robots',
    storage_type: 's3' as const,
    endpoint_url: store.url,
    keys_from: 'profile:rotated',
  };
  const catalog = { name: 'default', root: folder, data_root: 'lake', data_roots: { lake } };
  const server = await startTestServer({ root: folder, config: { catalogs: [catalog] } });
  const at = '/v1/namespaces/n/tables/t';
  const write = () => server.request('POST', `${at}/write`, { data: { id: [1] } });
  try {
    expect((await write()).status).toBe(200);
    rotate('new');
    store.refused.add('old');
    expect((await write()).status).toBe(200);
    const { body } = await server.request('POST', `${at}/plan`);
    expect(body.credentials[store.url]).toMatchObject({ access_key_id: 'new', secret_access_key: 'secret of new' });
    store.refused.add('new');
    store.asked = [];
    const refused = await write();
    expect([refused.status, refused.body.error.code, store.asked.length]).toEqual([403, 'storage_denied', 2]);
  } finally {
    await server.close();
  }
});
