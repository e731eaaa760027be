import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';

let server: TestServer;
const catalog = '/v1/catalogs/default';

beforeEach(async () => {
  server = await startTestServer();
  await addBinding({ name: 'home' });
});

afterEach(() => server.close());

function addBinding(body: object): Promise<TestAnswer> {
  return server.request('POST', `${catalog}/storage-bindings`, {
    ...{ storage_type: 's3', uri_scheme: 's3', storage_class: 'discovery', credential_source: {} },
    ...body,
  });
}

function add(body: object = {}): Promise<TestAnswer> {
  return server.request('POST', `${catalog}/discovery-roots`, {
    ...{ name: 'raw', binding_name: 'home', root_uri: 's3://home/raw', usage: ['crawl', 'gc'] },
    ...body,
  });
}

const list = async (query = '') => (await server.request('GET', `${catalog}/discovery-roots${query}`)).body;
const namesOf = ({ items }: { items: { name: string }[] }) => items.map(({ name }) => name);

test('a place that may be crawled is listed and described with how it is reached', async () => {
  const authorization = { principals: ['ann'] };
  const added = await add({ description: 'what the robots send', authorization });
  expect([added.status, added.body.changed]).toEqual([200, true]);
  const { body } = await server.request('GET', `${catalog}/discovery-roots/raw`);
  expect(body).toMatchObject({
    ...{ name: 'raw', root_uri: 's3://home/raw', binding_name: 'home', binding_revision: 1, lifecycle_state: 'active' },
    ...{ usage: ['crawl', 'gc'], description: 'what the robots send', authorization, storage_type: 's3' },
    ...{ discovery_root_id: added.body.discovery_root_id, binding_id: added.body.binding_id, region: 'us-east-1' },
  });
  expect((await list()).items).toEqual([body]);
  expect(added.body.state.discovery_roots.raw).toEqual(body);
});

test('a change keeps what it does not name, and its earlier states by their ids', async () => {
  const first = (await add({ description: 'old' })).body.discovery_root_id;
  const changed = await server.request('PUT', `${catalog}/discovery-roots/raw`, {
    ...{ binding_name: 'home', root_uri: 's3://home/newer' },
  });
  const { body } = await server.request('GET', `${catalog}/discovery-roots/raw?include_history=true`);
  expect(body).toMatchObject({ root_uri: 's3://home/newer', description: 'old', previous_discovery_root_id: first });
  expect(body.discovery_root_id).toBe(changed.body.discovery_root_id);
  expect(body.history).toMatchObject([{ discovery_root_id: first, root_uri: 's3://home/raw' }]);
  const earlier = await server.request('GET', `${catalog}/discovery-roots/raw?discovery_root_id=${first}`);
  expect(earlier.body.root_uri).toBe('s3://home/raw');
  expect((await server.request('GET', `${catalog}/discovery-roots/raw?discovery_root_id=none`)).status).toBe(404);
});

test('a disabled place is listed only where it is asked for, and its name can be had again', async () => {
  const { discovery_root_id } = (await add()).body;
  const remove = () => server.request('DELETE', `${catalog}/discovery-roots/raw`);
  expect([(await remove()).body.changed, (await remove()).body.changed]).toEqual([true, false]);
  expect((await list()).items).toEqual([]);
  expect((await list('?include_disabled=true')).items).toMatchObject([{ lifecycle_state: 'disabled' }]);
  const again = await add({ root_uri: 's3://home/again' });
  expect(again.status).toBe(200);
  expect((await list('?include_history=true')).items).toMatchObject([
    { root_uri: 's3://home/again', history: [{}, { discovery_root_id }] },
  ]);
});

test('pages are by name, and each goes on where the one before ended', async () => {
  for (const name of ['c', 'a', 'b']) await add({ name });
  const first = await list('?limit=2');
  expect([namesOf(first), first.next_page_token]).toEqual([['a', 'b'], 'b']);
  const second = await list(`?limit=2&page_token=${first.next_page_token}`);
  expect([namesOf(second), second.next_page_token]).toEqual([['c'], null]);
});

test.each([
  { title: 'a name that is taken', body: {}, status: 409, code: 'name_taken' },
  { title: 'a binding that is not there', body: { name: 'x', binding_name: 'nope' }, status: 404, code: 'not_found' },
  { title: 'another store', body: { name: 'x', root_uri: 'gs://home/raw' }, status: 400, code: 'not_supported' },
  { title: 'a wildcard', body: { name: 'x', root_uri: 's3://home/*' }, status: 400, code: 'invalid_request' },
  { title: 'a name with a slash', body: { name: 'a/b' }, status: 422, code: 'invalid_input' },
  { title: 'another state', body: { name: 'x', lifecycle_state: 'odd' }, status: 422, code: 'invalid_input' },
])('a place with $title is refused, and nothing is kept', async ({ body, status, code }) => {
  await add();
  const answer = await add(body);
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  expect(namesOf(await list())).toEqual(['raw']);
});

test('a place that is not there is told', async () => {
  const one = `${catalog}/discovery-roots/nope`;
  const answers = await Promise.all([
    server.request('GET', one),
    server.request('PUT', one, { binding_name: 'home', root_uri: 's3://home/x' }),
    server.request('DELETE', one),
    server.request('GET', '/v1/catalogs/nope/discovery-roots'),
  ]);
  expect(answers.map(({ body }) => body.error.code)).toEqual([...Array(3).fill('not_found'), 'catalog_not_found']);
});

test.each([
  { title: 'of another kind', body: { storage_type: 'gcs' }, code: 'not_supported' },
  { title: 'by another scheme', body: { uri_scheme: 'az' }, code: 'not_supported' },
  { title: 'that exists', body: { name: 'home' }, code: 'name_taken' },
  { title: 'of a role without its name', body: { credential_source: { kind: 'sts' } }, code: 'invalid_request' },
  {
    title: 'whose keys are in a secret store',
    body: { credential_source: { kind: 'secret_ref' } },
    code: 'not_supported',
  },
])('a storage binding $title is refused', async ({ body, code }) => {
  const answer = await addBinding({ name: 'other', ...body });
  expect(answer.body.error.code).toBe(code);
});

test('words of other servers for a way of vending mean the same', async () => {
  await addBinding({ name: 'ambient', credential_source: { kind: 'host_default_chain' } });
  const role_arn = 'arn:aws:iam::1:role/r';
  await addBinding({ name: 'role', credential_source: { kind: 'assume_role', role_arn } });
  await addBinding({ name: 'minio', endpoint_url: 'http://minio:9000/' });
  const { body } = await server.request('GET', `${catalog}/storage-control`);
  const found: { name: string; credential_source: object; endpoint_url: string }[] = Object.values(
    body.storage_bindings,
  );
  const kinds = Object.fromEntries(found.map(({ name, credential_source }) => [name, credential_source]));
  expect(kinds).toEqual({
    ambient: { kind: 'none' },
    home: { kind: 'none' },
    minio: { kind: 'static' },
    role: { kind: 'sts', role_arn },
  });
});
