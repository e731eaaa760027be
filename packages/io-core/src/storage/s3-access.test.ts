import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OddStore, refusal, SHORT_PATIENCE } from '../testing/odd-store.ts';
import { ambientAccess } from './access.ts';
import { s3Access } from './s3-access.ts';
import { type Vended, vendedAccess } from './vended-access.ts';

let store: OddStore;
let endpoint_url: string;

beforeEach(async () => {
  store = new OddStore(new Uint8Array(8));
  endpoint_url = await store.start();
});
afterEach(() => store[Symbol.asyncDispose]());

const keys = (name: string) => ({ access_key_id: name, secret_access_key: `${name}-secret` });

/** The access key by which each path is asked for. */
async function keysFor(access: ReturnType<typeof vendedAccess>, paths: string[]): Promise<(string | null)[]> {
  for (const path of paths) await access.open(path).read(path);
  return store.requests.splice(0).map(({ key_id }) => key_id);
}

test('the longest prefix decides by which key a file is reached, folder by folder', async () => {
  const grant = (prefix: string) => ({
    prefix,
    endpoint_url,
    region: 'eu-west-1',
    keys: keys(prefix.replace(/\W+/g, '-')),
  });
  const access = s3Access(['s3://b', 's3://b/a/', 's3://b/a/deep', 's3://other/x'].map(grant));
  const paths = ['s3://b/file', 's3://b/a/file', 's3://b/a/deep/file', 's3://b/a/deeper/file', 's3://other/x'];
  expect(await keysFor(access, paths)).toEqual(['s3-b', 's3-b-a-', 's3-b-a-deep', 's3-b-a-', 's3-other-x']);
});

test('files that no grant covers are reached as without them', () => {
  const access = s3Access([{ prefix: 's3://b/a', endpoint_url, keys: keys('a') }]);
  for (const path of ['/tmp/x', 'file:///tmp/x', 's3://b/ab/x', 's3://c/x']) {
    expect(access.open(path)).toBe(ambientAccess.open(path));
  }
  expect(() => access.open('gs://b/a/x')).toThrowError(expect.objectContaining({ code: 'not_supported' }));
});

describe('what an answer vends', () => {
  test('by roots with keys per endpoint, or by default, opens the files below the roots', async () => {
    const access = vendedAccess({
      data_roots: {
        one: { root: 's3://b/one', endpoint_url, region: 'us-west-2' },
        local: { root: '/srv/data' },
      },
      available_roots: { two: { root: 's3://b/two', endpoint_url } },
      credentials: { [endpoint_url]: keys('by-endpoint'), default: keys('by-default') },
    });
    expect(await keysFor(access, ['s3://b/one/x', 's3://b/two/x'])).toEqual(['by-endpoint', 'by-endpoint']);
    expect(access.open('/srv/data/x')).toBe(ambientAccess.open('/srv/data/x'));
  });

  const binding = () => ({ endpoint_url, region: 'us-west-2', storage_class: 'managed' });

  test('by bindings with keys per revision opens their roots, and single files outside', async () => {
    const access = vendedAccess({
      data_roots: { main: { root: 's3://b/main' }, other: { root: 's3://b/other', binding_id: 'binding:shared' } },
      storage_bindings: {
        'binding:main': { ...binding(), binding_revision: 3 },
        'binding:shared': { ...binding(), binding_revision: 1, root: 's3://b/shared/' },
      },
      credentials: {
        'binding:main@3': keys('main'),
        'binding:main@2': keys('old'),
        'binding:shared@1': keys('shared'),
      },
      scan_tasks: [
        {
          files: [
            { path: 's3://elsewhere/file', file_access_ref: { binding_id: 'binding:shared', binding_revision: 1 } },
          ],
        },
      ],
    });
    const paths = ['s3://b/main/x', 's3://b/other/x', 's3://b/shared/x', 's3://elsewhere/file'];
    expect(await keysFor(access, paths)).toEqual(['main', 'shared', 'shared', 'shared']);
    expect(access.open('s3://elsewhere/file-2')).toBe(ambientAccess.open('s3://elsewhere/file-2'));
  });

  test('in both ways at once opens a root by the keys that there are', async () => {
    const both = (credentials: Vended['credentials']): Vended => ({
      data_roots: { main: { root: 's3://b/main', endpoint_url } },
      storage_bindings: { 'binding:main': { ...binding(), binding_revision: 1 } },
      credentials: credentials ?? null,
    });
    expect(await keysFor(vendedAccess(both({ default: keys('old-way') })), ['s3://b/main/x'])).toEqual(['old-way']);
    expect(await keysFor(vendedAccess(both({ 'binding:main@1': keys('new-way') })), ['s3://b/main/x'])).toEqual([
      'new-way',
    ]);
  });

  test('is asked for again when its keys expire', async () => {
    const vended = (name: string, expires_at?: string): Vended => ({
      data_roots: { main: { root: 's3://b/main', endpoint_url } },
      credentials: { default: { ...keys(name), session_token: 'token', ...(expires_at ? { expires_at } : {}) } },
    });
    const soon = new Date(Date.now() + 1_000).toISOString();
    const access = vendedAccess(vended('first', soon), async () => vended('second'));
    expect(await keysFor(access, ['s3://b/main/x'])).toEqual(['second']);
  });

  test('is refused when it is no key, without telling it', () => {
    const credentials = { default: { access_key_id: 'a', password: 'hidden' } };
    const open = () => vendedAccess({ data_roots: { r: { root: 's3://b' } }, credentials });
    expect(open).toThrowError(
      expect.objectContaining({ code: 'not_supported', message: expect.not.stringContaining('hidden') }),
    );
  });
});

test('keys of several grants that expire together are renewed by one question', async () => {
  let asked = 0;
  const grants = (name: string) =>
    ['s3://b/one', 's3://b/two'].map((prefix) => ({
      prefix,
      endpoint_url,
      keys: keys(name),
      patience: SHORT_PATIENCE,
    }));
  store.oddity = (request, response) => {
    if (request.headers.authorization?.includes('second')) return null;
    const { status, headers, body } = refusal(403, 'ExpiredToken');
    response.writeHead(status, headers).end(body);
    return 'answered';
  };
  const access = s3Access(grants('first'), async () => {
    asked += 1;
    // Until all of them have found out.
    while (store.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    return grants('second');
  });
  const paths = ['s3://b/one/x', 's3://b/two/x', 's3://b/one/y'];
  await Promise.all(paths.map((path) => access.open(path).read(path)));
  expect(asked).toBe(1);
});
