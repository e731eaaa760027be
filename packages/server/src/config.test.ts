import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig, readKeys, VARIABLES } from './config.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function catalogsFile(content: unknown): string {
  const file = join(folder, 'catalogs.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

test('without settings there is one catalog, with its data in the folder of the store', () => {
  const config = readConfig('/srv/catalog', {});
  expect(config.catalogs).toEqual([
    {
      name: 'default',
      root: '/srv/catalog',
      data_root: 'default',
      data_roots: { default: { root: '/srv/catalog', storage_type: 'local' } },
    },
  ]);
  expect(config).toMatchObject({ write_session_ttl_ns: 3_600_000_000_000n, allow_anonymous: false, log_level: 'info' });
});

test('an empty variable is one that is not set', () => {
  expect(readConfig('/srv', { DELTACAT_LOG_LEVEL: '', DELTACAT_CATALOGS: '' }).log_level).toBe('info');
});

test('without a database the store is in the folder', () => {
  expect(readConfig('/srv', {}).database).toBeNull();
});

test.each(['postgres', 'postgresql'])('a database is one of PostgreSQL, by its address (%s:)', (protocol) => {
  const url = `${protocol}://me:pw@db.example:5432/catalog?sslmode=require`;
  expect(readConfig('/srv', { DELTACAT_DATABASE_URL: url }).database).toEqual({ url, connections_max: 10 });
  const few = { DELTACAT_DATABASE_URL: url, DELTACAT_DATABASE_CONNECTIONS: '3' };
  expect(readConfig('/srv', few).database).toEqual({ url, connections_max: 3 });
});

test.each(['mysql://me:s3cret@db/catalog', 'me:s3cret@db', 's3cret', 'postgres://me:s3cret@:port'])(
  'an address of a database that cannot be used is refused without being repeated',
  (url) => {
    const read = () => readConfig('/srv', { DELTACAT_DATABASE_URL: url });
    expect(read).toThrow(/^DELTACAT_DATABASE_URL: it is not the address.*postgres:\/\/user/);
    expect(read).not.toThrow(/s3cret/);
  },
);

test('a memory limit is a size with its unit; its older name counts in MiB where there is none', () => {
  const limit = (environment: Record<string, string>) => readConfig('/srv', environment).memory_limit_mb;
  expect(limit({})).toBeNull();
  expect(limit({ DELTACAT_MEMORY_LIMIT: '1.5GiB' })).toBe(1536);
  expect(limit({ DELTACAT_MEMORY_LIMIT: '512 mib', DELTACAT_ENGINE_MEMORY_MB: '4096' })).toBe(512);
  expect(limit({ DELTACAT_ENGINE_MEMORY_MB: '4096' })).toBe(4096);
});

test.each([
  ['DELTACAT_DATABASE_CONNECTIONS', '1'],
  ['DELTACAT_DATABASE_CONNECTIONS', 'many'],
  ['DELTACAT_WRITE_SESSION_TTL_SECONDS', '0'],
  ['DELTACAT_WRITE_SESSION_TTL_SECONDS', 'an hour'],
  ['DELTACAT_BODY_MAX_MB', '-5'],
  ['DELTACAT_MEMORY_LIMIT', 'plenty'],
  ['DELTACAT_MEMORY_LIMIT', '512'],
  ['DELTACAT_MEMORY_LIMIT', '100MiB'],
  ['DELTACAT_ENGINE_MEMORY_MB', 'plenty'],
  ['DELTACAT_EXTERNAL_URL', 'not a url'],
  ['DELTACAT_ALLOW_ANONYMOUS', 'yes'],
  ['DELTACAT_LOG_LEVEL', 'loud'],
])('%s=%s is refused with the name and the meaning of the variable', (name, value) => {
  const meaning = VARIABLES[name as keyof typeof VARIABLES].meaning;
  expect(() => readConfig('/srv', { [name]: value })).toThrow(`${name}=${value}`);
  expect(() => readConfig('/srv', { [name]: value })).toThrow(meaning);
});

test('a catalogs file defines the catalogs; the first is the default', () => {
  const DELTACAT_CATALOGS = catalogsFile({
    robotics: {
      root: '/srv/r',
      data_root: 'fast',
      data_roots: { slow: { root: '/slow' }, fast: { root: '/fast', storage_type: 'local' } },
    },
    plain: { root: '/srv/p' },
  });
  const { catalogs } = readConfig('/srv/store', { DELTACAT_CATALOGS });
  expect(catalogs.map(({ name, data_root }) => [name, data_root])).toEqual([
    ['robotics', 'fast'],
    ['plain', 'default'],
  ]);
  expect(catalogs[1]?.data_roots).toEqual({ default: { root: '/srv/p', storage_type: 'local' } });
});

test('relative roots are those below the folder of the file, wherever the server is started', () => {
  const DELTACAT_CATALOGS = catalogsFile({
    a: { root: 'a', data_roots: { near: { root: './near' }, up: { root: '../up' }, far: { root: '/far' } } },
    b: { root: 'b' },
  });
  const [a, b] = readConfig('/srv/store', { DELTACAT_CATALOGS }).catalogs;
  expect([a?.root, b?.root, b?.data_roots.default?.root]).toEqual([
    join(folder, 'a'),
    join(folder, 'b'),
    join(folder, 'b'),
  ]);
  expect(Object.values(a?.data_roots ?? {}).map(({ root }) => root)).toEqual([
    join(folder, 'near'),
    join(folder, '../up'),
    '/far',
  ]);
});

test('a catalogs file mixes roots of this machine and of S3', () => {
  const DELTACAT_CATALOGS = catalogsFile({
    a: {
      root: 'a',
      data_roots: {
        near: { root: 'near' },
        far: { root: 's3://bucket/far/', endpoint_url: 'http://127.0.0.1:9000/', region: 'eu-west-1' },
        wide: { root: 's3://other', storage_type: 's3', credentials: 'sts', role_arn: 'arn:aws:iam::1:role/readers' },
      },
    },
  });
  const [catalog] = readConfig('/srv/store', { DELTACAT_CATALOGS }).catalogs;
  expect(catalog?.data_roots).toMatchObject({
    near: { root: join(folder, 'near'), storage_type: 'local' },
    far: { root: 's3://bucket/far', storage_type: 's3', endpoint_url: 'http://127.0.0.1:9000' },
    wide: { root: 's3://other', credentials: 'sts' },
  });
});

test('keys are found in the variables of a name, both or none', () => {
  const both = { LAKE_ACCESS_KEY_ID: 'id', LAKE_SECRET_ACCESS_KEY: 'secret' };
  expect(readKeys('LAKE', both)).toEqual({ access_key_id: 'id', secret_access_key: 'secret', session_token: null });
  expect(readKeys('LAKE', { ...both, LAKE_SESSION_TOKEN: 't' })?.session_token).toBe('t');
  expect(readKeys('LAKE', { LAKE_ACCESS_KEY_ID: 'id' })).toBe(null);
});

test.each([
  ['no JSON', '{', 'cannot be read as JSON'],
  ['a list', [], 'the file is not an object of catalogs by name'],
  ['no catalog', {}, 'defines no catalog'],
  ['a catalog that is no object', { a: '/x' }, 'a is not an object with "root"'],
  ['a catalog without a root', { a: {} }, 'a.root is missing'],
  ['an empty root', { a: { root: '' } }, 'a.root is empty'],
  ['a root that is no text', { a: { root: 5 } }, 'a.root is not text'],
  ['a root elsewhere', { a: { root: 's3://bucket/x' } }, 'a.root is "s3://bucket/x", not a folder of this machine'],
  ['a name that cannot be one', { 'a/b': { root: '/x' } }, '"a/b" cannot be the name of a catalog'],
  ['an unknown data root', { a: { root: '/x', data_root: 'nope', data_roots: { b: { root: '/y' } } } }, 'has only: b'],
  ['no data root among data roots', { a: { root: '/x', data_roots: {} } }, 'a.data_roots is empty'],
  ['a misspelt key', { a: { root: '/x', data_rot: 'b' } }, 'a.data_rot is not known; known are root, data_root'],
  [
    'a misspelt key of a data root',
    { a: { root: '/x', data_roots: { b: { root: '/y', tpye: 'local' } } } },
    'a.data_roots.b.tpye is not known; known are root, storage_type',
  ],
  [
    'a root on another store',
    { a: { root: '/x', data_roots: { b: { root: 'gs://bucket/y' } } } },
    'a.data_roots.b.root lies on gs://, which cannot be served',
  ],
  [
    'storage that cannot be served',
    { a: { root: '/x', data_roots: { b: { root: 'az://bucket/y', storage_type: 'azure' } } } },
    'a.data_roots.b.storage_type cannot be served',
  ],
  [
    'a bucket that cannot be one',
    { a: { root: '/x', data_roots: { b: { root: 's3://B_/y' } } } },
    'a.data_roots.b.root is not written as s3://bucket/prefix',
  ],
  [
    'a prefix that policies would take for more',
    { a: { root: '/x', data_roots: { b: { root: 's3://bucket/y*' } } } },
    'a.data_roots.b.root is not written as s3://bucket/prefix',
  ],
  [
    'keys in an address',
    { a: { root: '/x', data_roots: { b: { root: 's3://bucket', endpoint_url: 'http://me:secret@store' } } } },
    'a.data_roots.b.endpoint_url holds a user name',
  ],
  [
    'a role that is missing',
    { a: { root: '/x', data_roots: { b: { root: 's3://bucket', credentials: 'sts' } } } },
    'a.data_roots.b.role_arn is missing',
  ],
  [
    'keys that are not found anywhere',
    { a: { root: '/x', data_roots: { b: { root: 's3://bucket', keys_from: 'here' } } } },
    'a.data_roots.b.keys_from is neither "env:NAME" nor "profile:name"',
  ],
])('a catalogs file with %s is refused with its path', (_title, content, reason) => {
  const DELTACAT_CATALOGS = catalogsFile(content);
  expect(() => readConfig('/srv', { DELTACAT_CATALOGS })).toThrow(reason);
  expect(() => readConfig('/srv', { DELTACAT_CATALOGS })).toThrow(`DELTACAT_CATALOGS=${DELTACAT_CATALOGS}`);
});
