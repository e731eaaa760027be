import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const create = (namespace: string, properties?: object) =>
  server.request('POST', '/v1/namespaces', { namespace, properties });

async function eventsOf(kind: string) {
  return server.context.db.reader.selectFrom('outbox').selectAll().where('kind', '=', kind).execute();
}

describe('create_namespace', () => {
  test('a created namespace is read back with its properties and its place in history', async () => {
    const made = await create('made', { team: 'perception', level: 3 });
    expect(made).toMatchObject({ status: 201, body: { namespace: 'made', created: true } });
    expect(typeof made.body.committed_at_ns).toBe('bigint');
    const read = await server.request('GET', '/v1/namespaces/made');
    expect(read).toMatchObject({ status: 200, body: { name: 'made', properties: { team: 'perception', level: 3 } } });
  });

  test('a taken name is a conflict', async () => {
    await create('taken');
    expect(await create('taken')).toMatchObject({ status: 409, body: { error: { code: 'name_taken' } } });
  });

  test('names that could not be path segments are refused', async () => {
    for (const name of ['', 'a b', 'a/b', 'a.b', 'ä', 'x'.repeat(256)]) {
      expect((await create(name)).status).toBe(422);
    }
  });

  test('an unknown catalog is not found', async () => {
    const answer = await server.request('POST', '/v1/namespaces?catalog=nowhere', { namespace: 'x' });
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'catalog_not_found' } } });
  });
});

describe('get_namespace, namespace_exists, list_namespaces', () => {
  test('a missing namespace does not exist and cannot be read', async () => {
    expect(await server.request('GET', '/v1/namespaces/missing')).toMatchObject({
      status: 404,
      body: { error: { code: 'namespace_not_found', message: expect.stringContaining('"missing"') } },
    });
    const exists = await server.request('GET', '/v1/namespaces/missing/exists');
    expect(exists).toMatchObject({ status: 200, body: { exists: false, namespace: 'missing' } });
  });

  test('namespaces are listed by name', async () => {
    await create('zebra');
    await create('aardvark');
    const listed = await server.request('GET', '/v1/namespaces');
    const names = listed.body.map((item: { name: string }) => item.name);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['aardvark', 'zebra']));
  });
});

describe('alter_namespace', () => {
  test('properties not named stay, null removes one', async () => {
    await create('altered', { keep: 1, change: 'a', remove: true });
    const body = { properties: { change: 'b', remove: null, add: [1] } };
    expect(await server.request('PUT', '/v1/namespaces/altered', body)).toMatchObject({ body: { altered: true } });
    const read = await server.request('GET', '/v1/namespaces/altered');
    expect(read.body.properties).toEqual({ keep: 1, change: 'b', add: [1] });
  });

  test('a renamed namespace keeps identity and tables and frees its name', async () => {
    await create('before');
    await server.request('POST', '/v1/namespaces/before/tables', { table: 't' });
    const id = (await server.request('GET', '/v1/namespaces/before')).body.namespace_id;
    const renamed = await server.request('PUT', '/v1/namespaces/before', { new_name: 'after' });
    expect(renamed).toMatchObject({ status: 200, body: { namespace: 'before', altered: true, new_name: 'after' } });
    expect((await server.request('GET', '/v1/namespaces/after')).body.namespace_id).toBe(id);
    expect((await server.request('GET', '/v1/namespaces/after/tables/t')).status).toBe(200);
    expect((await server.request('GET', '/v1/namespaces/before/tables/t')).status).toBe(404);
    expect((await create('before')).status).toBe(201);
    expect((await server.request('GET', '/v1/namespaces/before/tables')).body).toEqual([]);
  });

  test('a rename to a taken name is a conflict and changes nothing', async () => {
    await create('one', { kept: true });
    await create('two');
    const answer = await server.request('PUT', '/v1/namespaces/one', { new_name: 'two', properties: { kept: false } });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'name_taken' } } });
    expect((await server.request('GET', '/v1/namespaces/one')).body.properties).toEqual({ kept: true });
  });

  test('its own name is no rename, and asking for nothing makes no commit', async () => {
    await create('same');
    const answer = await server.request('PUT', '/v1/namespaces/same', { new_name: 'same' });
    expect(answer).toMatchObject({ status: 200, body: { altered: false, seq: null } });
  });

  test('a missing namespace is not found, a bad name is invalid', async () => {
    expect((await server.request('PUT', '/v1/namespaces/missing', { properties: {} })).status).toBe(404);
    await create('fine');
    expect((await server.request('PUT', '/v1/namespaces/fine', { new_name: 'not fine' })).status).toBe(422);
  });
});

describe('drop_namespace', () => {
  test('drops hide the tables inside; a namespace made again starts empty', async () => {
    await create('dropped');
    await server.request('POST', '/v1/namespaces/dropped/tables', { table: 't' });
    const answer = await server.request('DELETE', '/v1/namespaces/dropped');
    expect(answer).toMatchObject({ status: 200, body: { namespace: 'dropped', dropped: true, purged: false } });
    expect((await server.request('GET', '/v1/namespaces/dropped/tables/t/exists')).body.exists).toBe(false);
    expect((await server.request('GET', '/v1/namespaces/dropped/tables')).status).toBe(404);
    await create('dropped');
    expect((await server.request('GET', '/v1/namespaces/dropped/tables/t/exists')).body.exists).toBe(false);
  });

  test('purge leaves an event with the identity of what to remove', async () => {
    await create('purged');
    const id = (await server.request('GET', '/v1/namespaces/purged')).body.namespace_id;
    const answer = await server.request('DELETE', '/v1/namespaces/purged?purge=true');
    expect(answer.body).toMatchObject({ dropped: true, purged: true });
    expect(await eventsOf('purge')).toMatchObject([{ payload: { namespace_id: id }, seq: answer.body.seq }]);
  });

  test('a missing namespace is not found, a purge that is no boolean is invalid', async () => {
    expect((await server.request('DELETE', '/v1/namespaces/missing')).status).toBe(404);
    await create('kept');
    expect((await server.request('DELETE', '/v1/namespaces/kept?purge=maybe')).status).toBe(422);
  });
});

describe('catalogs', () => {
  test('the default catalog is listed with its roots', async () => {
    const { body } = await server.request('GET', '/v1/catalogs');
    const data_roots = { default: { root: server.root, storage_type: 'local' } };
    expect(body.catalogs).toEqual([
      { name: 'default', is_default: true, root: server.root, data_root: 'default', data_roots },
    ]);
  });

  test('a catalog tells its newest commit', async () => {
    const made = await create('newest');
    const { body } = await server.request('GET', '/v1/catalogs/default');
    const { seq, committed_at_ns } = made.body;
    expect(body).toMatchObject({ name: 'default', root: server.root, clock_mode: 'system', seq, committed_at_ns });
  });

  test('an unknown catalog is not found, an impossible name is invalid', async () => {
    expect(await server.request('GET', '/v1/catalogs/nowhere')).toMatchObject({
      status: 404,
      body: { error: { code: 'catalog_not_found' } },
    });
    expect((await server.request('GET', '/v1/catalogs/no.where')).status).toBe(422);
  });

  test('each has namespaces, tables, numbers and operation ids of its own', async () => {
    const data_roots = { disk: { root: '/data', storage_type: 'local' as const } };
    const catalogs = ['first', 'second'].map((name) => ({ name, root: '/data', data_root: 'disk', data_roots }));
    const several = await startTestServer({ config: { catalogs } });
    const make = (catalog: string) =>
      several.request('POST', `/v1/namespaces?catalog=${catalog}&operation_id=op`, { namespace: 'ns' });
    expect((await make('first')).body).toMatchObject({ created: true, seq: 1 });
    expect((await make('second')).body).toMatchObject({ created: true, seq: 1 });
    await several.request('POST', '/v1/namespaces/ns/tables?catalog=second', { table: 't' });
    const exists = async (query: string) =>
      (await several.request('GET', `/v1/namespaces/ns/tables/t/exists${query}`)).body.exists;
    expect([await exists('?catalog=second'), await exists('?catalog=first'), await exists('')]).toEqual([
      ...[true, false, false],
    ]);
    expect((await several.request('GET', '/v1/catalogs/second')).body).toMatchObject({ data_roots, seq: 2 });
    await several.close();
  });
});
