import { afterEach, beforeEach, expect, test } from 'vitest';
import { PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
beforeEach(async () => {
  w = await startWriting();
});
afterEach(() => w.close());

const get = (path: string) => w.server.request('GET', path);
const must = async (method: string, path: string, body?: object): Promise<bigint> => {
  const answer = await w.server.request(method, path, body);
  expect(answer.status).toBeOneOf([200, 201]);
  return answer.body.committed_at_ns;
};

test('a namespace is read as it was, under the name it had and under the one it has', async () => {
  const made = await must('POST', '/v1/namespaces', { namespace: 'old', properties: { color: 'red' } });
  await must('PUT', '/v1/namespaces/old', { new_name: 'new', properties: { color: 'blue' } });
  for (const name of ['old', 'new']) {
    const { body } = await get(`/v1/namespaces/${name}?as_of=${made}`);
    expect(body).toMatchObject({ name: 'old', properties: { color: 'red' } });
    expect((await get(`/v1/namespaces/${name}/exists?as_of=${made}`)).body.exists).toBe(true);
    expect((await get(`/v1/namespaces/${name}/tables?as_of=${made}`)).status).toBe(200);
  }
  expect((await get('/v1/namespaces/old')).status).toBe(404);
});

test('a dropped namespace exists as of the time before, with its tables', async () => {
  await w.createTable('t', { schema_def: PLAIN });
  const { body } = await w.write('t', [{ id: 1, v: 'a' }], 'append');
  await must('DELETE', '/v1/namespaces/n');
  const then = `as_of=${body.committed_at_ns}`;
  expect((await get(`/v1/namespaces/n/exists?${then}`)).body.exists).toBe(true);
  expect((await get('/v1/namespaces/n/exists')).body.exists).toBe(false);
  expect((await get(`/v1/namespaces/n/tables?${then}`)).body).toMatchObject([{ name: 't', latest_version: '1' }]);
  expect((await get(`/v1/namespaces/n/tables/t/exists?${then}`)).body.exists).toBe(true);
  expect((await get(`/v1/namespaces/n/tables/t/versions?${then}`)).body).toMatchObject([{ version: '1' }]);
});

test('a table exists from its creation on, each version from its own', async () => {
  const before = await must('POST', '/v1/namespaces', { namespace: 'm' });
  await w.createTable('t', { schema_def: PLAIN });
  const first = (await w.write('t', [{ id: 1, v: 'a' }], 'append')).body.committed_at_ns;
  await w.createTable('t', { schema_def: PLAIN, table_version: '2' });
  const exists = async (query: string) => (await get(`/v1/namespaces/n/tables/t/exists?${query}`)).body.exists;
  expect(await exists(`as_of=${before}`)).toBe(false);
  expect(await exists(`as_of=${first}`)).toBe(true);
  expect(await exists(`as_of=${first}&table_version=2`)).toBe(false);
  expect(await exists('table_version=2')).toBe(true);
});

test('a table that was moved to another namespace is found there and here, each at its time', async () => {
  await must('POST', '/v1/namespaces', { namespace: 'm' });
  await w.createTable('t', { schema_def: PLAIN });
  const { committed_at_ns: then } = (await w.write('t', [{ id: 1, v: 'a' }], 'append')).body;
  await must('POST', '/v1/namespaces/n/tables/t/rename?new_name=u&new_namespace=m');
  await w.post('/v1/namespaces/m/tables/u/write', { data: [{ id: 2, v: 'b' }] });
  const described = async (path: string) => {
    const { status, body } = await get(`/v1/namespaces/${path}`);
    return [status, body.namespace, body.table_name, body.total_records];
  };
  expect(await described(`n/tables/t?as_of=${then}`)).toEqual([200, 'n', 't', 1]);
  expect(await described(`m/tables/u?as_of=${then}`)).toEqual([200, 'n', 't', 1]);
  expect(await described('m/tables/u')).toEqual([200, 'm', 'u', 2]);
  expect((await described('n/tables/t'))[0]).toBe(404);
});

test('what did not exist yet, and times to come, are refused', async () => {
  const before = (await get('/v1/catalogs/default')).body.committed_at_ns;
  await must('POST', '/v1/namespaces', { namespace: 'm' });
  const late = 4_000_000_000_000_000_000n;
  const paths = ['/v1/namespaces/m', '/v1/namespaces/m/tables'];
  for (const path of paths) {
    expect(await get(`${path}?as_of=${before}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_as_of' } },
    });
  }
  for (const path of [...paths, '/v1/namespaces', '/v1/namespaces/m/exists', '/v1/namespaces/m/tables/t/exists']) {
    expect(await get(`${path}?as_of=${late}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_as_of' } },
    });
  }
  expect((await get(`/v1/namespaces/m/exists?as_of=${before}`)).body.exists).toBe(false);
  expect((await get(`/v1/namespaces/nowhere?as_of=${before}`)).body.error.code).toBe('namespace_not_found');
});
