import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.request('POST', '/v1/namespaces', { namespace: 'ns' });
});
afterAll(() => server.close());

const create = (table: string, body: object = {}) =>
  server.request('POST', '/v1/namespaces/ns/tables', { table, ...body });
const at = (table: string, rest = '') => `/v1/namespaces/ns/tables/${table}${rest}`;

async function versionsOf(table: string): Promise<string[]> {
  const { body } = await server.request('GET', at(table, '/versions'));
  return body.map(({ version }: { version: string }) => version);
}

test('a further version is made by naming the next number, with a schema and a stream of its own', async () => {
  await create('t', { schema_def: [{ name: 'a', type: 'int64' }], table_properties: { owner: 'alice' } });
  const schema_def = [{ name: 'b', type: 'string' }];
  const second = await create('t', { table_version: '2', schema_def, table_properties: { team: 'x' } });
  expect(second).toMatchObject({ status: 201, body: { created: true, table_version: '2' } });
  const [first, newest] = await Promise.all([
    server.request('GET', at('t', '?table_version=1')),
    server.request('GET', at('t')),
  ]);
  expect(newest.body).toMatchObject({ table_version: '2', schema: [{ name: 'b' }] });
  expect(newest.body.table_properties).toEqual({ owner: 'alice', team: 'x' });
  expect(first.body).toMatchObject({ table_version: '1', schema: [{ name: 'a' }], table_id: newest.body.table_id });
  expect(first.body.stream_id).not.toBe(newest.body.stream_id);
});

test('a version must carry exactly the next number', async () => {
  await create('strict', { table_version: 'v1' });
  expect((await create('strict', { table_version: 'v3' })).body.error.code).toBe('invalid_request');
  expect((await create('strict', { table_version: '1' })).body.error.code).toBe('name_taken');
  expect((await create('strict', { table_version: 'v2' })).status).toBe(201);
  expect((await create('strict', { table_version: 'v2' })).body.error.code).toBe('name_taken');
  expect((await create('strict', { table_version: 'v2', fail_if_exists: false })).body.created).toBe(false);
  expect(await versionsOf('strict')).toEqual(['v1', 'v2']);
});

test('reads use the latest active version', async () => {
  await create('staged');
  await create('staged', { table_version: '2', lifecycle_state: 'unreleased' });
  expect((await server.request('GET', at('staged'))).body.table_version).toBe('1');
  await server.request('PUT', at('staged'), { table_version: '2', lifecycle_state: 'active' });
  expect((await server.request('GET', at('staged'))).body.table_version).toBe('2');
});

test('a deleted version is hidden and its number stays taken', async () => {
  await create('deleting');
  await create('deleting', { table_version: '2' });
  await server.request('PUT', at('deleting'), { table_version: '2', lifecycle_state: 'deleted' });
  expect(await versionsOf('deleting')).toEqual(['1']);
  expect((await server.request('GET', at('deleting', '?table_version=2'))).status).toBe(404);
  expect((await create('deleting', { table_version: '2' })).body.error.code).toBe('name_taken');
  expect((await create('deleting', { table_version: '3' })).status).toBe(201);
});

test('of many that create one version exactly one wins', async () => {
  await create('contested');
  const answers = await Promise.all(Array.from({ length: 20 }, () => create('contested', { table_version: '2' })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(await versionsOf('contested')).toEqual(['1', '2']);
});

test('versions of a missing table are not found, an impossible version is invalid', async () => {
  expect((await server.request('GET', at('missing', '/versions'))).body.error.code).toBe('table_not_found');
  expect((await create('numbered', { table_version: 'latest' })).status).toBe(422);
});
