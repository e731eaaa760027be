import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-roots-'));
  const local = (name: string) => ({ root: join(folder, name), storage_type: 'local' as const });
  server = await startTestServer({
    config: {
      catalogs: [
        { name: 'first', root: folder, data_root: 'fast', data_roots: { fast: local('fast'), slow: local('slow') } },
        { name: 'second', root: folder, data_root: 'own', data_roots: { own: local('own') } },
      ],
    },
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function session(body: object) {
  return server.request('POST', '/v1/namespaces/n/tables/t/write-sessions', {
    mode: 'auto',
    create_if_missing: {},
    ...body,
  });
}

test('catalogs are listed with their data roots, the default one marked', async () => {
  const { body } = await server.request('GET', '/v1/catalogs');
  expect(body.catalogs).toMatchObject([
    { name: 'first', is_default: true, data_root: 'fast', data_roots: { slow: { root: join(folder, 'slow') } } },
    { name: 'second', is_default: false, data_root: 'own' },
  ]);
});

test('new files go to the data root of their catalog, or to the one that a session names', async () => {
  const folders = await Promise.all([session({}), session({ root: 'slow' }), session({ catalog: 'second' })]);
  expect(folders.map(({ body }) => body.data_dir.slice(folder.length + 1).split('/')[0])).toEqual([
    'fast',
    'slow',
    'own',
  ]);
});

test('a data root that the catalog has not is refused with those that it has', async () => {
  const { status, body } = await session({ root: 'nope' });
  expect([status, body.error.code]).toEqual([400, 'invalid_request']);
  expect(body.error.message).toContain('fast, slow');
});

test('names of one catalog mean nothing in another', async () => {
  await server.request('POST', '/v1/namespaces', { namespace: 'only_here' });
  expect((await server.request('GET', '/v1/namespaces/only_here')).status).toBe(200);
  expect((await server.request('GET', '/v1/namespaces/only_here?catalog=second')).status).toBe(404);
});

test('a data root that cannot be written to is told at the start, and leaves the store free', async () => {
  const own = mkdtempSync(join(tmpdir(), 'deltacat-roots-'));
  const file = join(own, 'file');
  writeFileSync(file, '');
  const start = (path: string) => {
    const data_roots = {
      new: { root: join(own, 'new'), storage_type: 'local' as const },
      bad: { root: path, storage_type: 'local' as const },
    };
    return startTestServer({
      root: own,
      config: { catalogs: [{ name: 'c', root: own, data_root: 'new', data_roots }] },
    });
  };
  await expect(start(file)).rejects.toThrow(/^Data root "bad" of catalog "c": The folder .*file cannot be used/);
  const started = await start(join(own, 'good', 'deep'));
  expect([existsSync(join(own, 'new')), existsSync(join(own, 'good', 'deep'))]).toEqual([true, true]);
  await started.close();
  rmSync(own, { recursive: true, force: true });
});
