import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type RunningServer, startServer } from './main.ts';
import { environmentFor, TEST_DATABASE_URL } from './testing/database.ts';

let catalog_root: string;
let servers: RunningServer[];

beforeEach(async () => {
  catalog_root = mkdtempSync(join(tmpdir(), 'deltacat-main-'));
  for (const [name, value] of Object.entries(await environmentFor(catalog_root))) vi.stubEnv(name, value);
  servers = [];
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
});

afterEach(async () => {
  for (const server of servers) await server.close();
  rmSync(catalog_root, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

async function start(options: { host?: string; port?: number; root?: string } = {}): Promise<RunningServer> {
  const { host, port = 0, root = catalog_root } = options;
  const server = await startServer({ catalog_root: root, port, ...(host === undefined ? {} : { host }) });
  servers.push(server);
  return server;
}

test('a server says when it can serve', async () => {
  const { url } = await start();
  const answer = await fetch(`${url}/health`);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { status: 'ok', version: '0.1.0', uptime_ms: expect.any(Number) },
  ]);
});

test('the API document is served', async () => {
  const { url } = await start();
  const document = await (await fetch(`${url}/openapi.json`)).json();
  expect(document).toMatchObject({
    openapi: '3.1.0',
    paths: { '/v1/namespaces': { post: { operationId: 'create_namespace' } } },
  });
});

test('what was committed is there after a restart', async () => {
  const first = await start();
  await fetch(`${first.url}/v1/namespaces`, { method: 'POST', body: '{"namespace": "kept"}' });
  await first.close();
  const second = await start();
  expect(await (await fetch(`${second.url}/v1/namespaces`)).json()).toMatchObject([{ name: 'kept' }]);
});

test('a server without authentication refuses to listen beyond its machine, unless told that it may', async () => {
  await expect(start({ host: '0.0.0.0' })).rejects.toThrow('DELTACAT_ALLOW_ANONYMOUS');
  vi.stubEnv('DELTACAT_ALLOW_ANONYMOUS', 'true');
  const server = await start({ host: '0.0.0.0' });
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test('a port that is taken leaves the folder free', async () => {
  const { url } = await start();
  const other = mkdtempSync(join(tmpdir(), 'deltacat-main-'));
  await expect(start({ port: Number(new URL(url).port), root: other })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await start({ root: other });
  rmSync(other, { recursive: true, force: true });
});

test('closing waits for requests under way and answers them', async () => {
  const server = await start();
  const answers = Array.from({ length: 20 }, (_, i) =>
    fetch(`${server.url}/v1/namespaces`, { method: 'POST', body: JSON.stringify({ namespace: `n${i}` }) }),
  );
  await Promise.race(answers);
  await server.close();
  const done = await Promise.allSettled(answers);
  const committed = done.filter((each) => each.status === 'fulfilled' && each.value.status === 201).length;
  const again = await start();
  expect(await (await fetch(`${again.url}/v1/namespaces`)).json()).toHaveLength(committed);
});

test('a server that closes under load ends although clients keep their connections, and what it acknowledged is there', async () => {
  const first = await start();
  const create = (name: string) =>
    fetch(`${first.url}/v1/namespaces`, { method: 'POST', body: JSON.stringify({ namespace: name }) });
  expect((await create('before')).status).toBe(201);
  const asked = Array.from({ length: 40 }, async (_, index) => {
    const answer = await create(`n${index}`).catch(() => null);
    return answer?.status === 201 ? `n${index}` : null;
  });
  await Promise.any(asked);
  await first.close();
  const acknowledged = (await Promise.all(asked)).filter((name) => name !== null);
  const second = await start();
  const kept: { name: string }[] = JSON.parse(await (await fetch(`${second.url}/v1/namespaces?limit=1000`)).text());
  expect(kept.map(({ name }) => name)).toEqual(expect.arrayContaining(acknowledged));
});

test('a server logs that it started, where and with what, and that it stopped', async () => {
  const script = `
    import { startServer } from '@deltacat/server';
    const server = await startServer({ catalog_root: process.argv[1], port: 0 });
    await server.close();`;
  const flags = ['--conditions=@deltacat/source', '--input-type=module', '--disable-warning=ExperimentalWarning'];
  const child = spawnSync(process.execPath, [...flags, '-e', script, catalog_root], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { ...process.env, DELTACAT_LOG_LEVEL: 'info' },
  });
  const lines = child.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const database = expect.stringMatching(TEST_DATABASE_URL === null ? /^SQLite in \// : /^postgres\S*:\/\/[^?]*$/);
  expect(lines).toMatchObject([
    { level: 30, msg: 'started', catalog_root, database, catalogs: ['default'], url: expect.stringMatching(/^http:/) },
    { level: 30, msg: 'stopped', database },
  ]);
});
