import { API } from '@deltacat/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { camelCase } from './bind.ts';
import { Client } from './client.ts';
import { JOB_OPERATIONS } from './jobs.ts';

let server: TestServer;
/** Requests as they left the client. */
const sent: { url: URL; method: string; body: string | null }[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function connect(catalog?: string): Client {
  return new Client('http://test', {
    catalog,
    fetch: async (url, init) => {
      sent.push({
        url: new URL(url),
        method: init.method ?? 'GET',
        body: typeof init.body === 'string' ? init.body : null,
      });
      return server.fetch(url, init);
    },
  });
}

function last() {
  const request = sent.at(-1);
  if (request === undefined) throw new Error('nothing was sent');
  return request;
}

test('every operation of the API has a method', () => {
  const client = connect();
  const methods = { ...client.server, ...client.catalog };
  const ofJobs = Object.entries<string>(JOB_OPERATIONS);
  for (const [name] of ofJobs) expect(client.jobs).toHaveProperty(name, expect.any(Function));
  const others = Object.keys(API).filter((op) => !ofJobs.some(([, job]) => job === op));
  for (const op of others) expect(methods, op).toHaveProperty(camelCase(op), expect.any(Function));
  expect(Object.keys(client.server)).toEqual(['health', 'getServerEndpoints']);
});

describe('where fields go', () => {
  test('path, query and body of a request are filled from one object', async () => {
    const client = connect();
    const created = await client.catalog.createNamespace({ namespace: 'robotics', properties: { team: 'arm' } });
    expect(created).toMatchObject({ namespace: 'robotics', created: true, committed_at_ns: expect.any(BigInt) });
    expect(last()).toMatchObject({ method: 'POST', body: '{"namespace":"robotics","properties":{"team":"arm"}}' });
    expect(last().url.pathname).toBe('/v1/namespaces');
    await client.catalog.dropNamespace({ namespace: 'robotics', purge: true });
    expect(last()).toMatchObject({ method: 'DELETE', body: null });
    expect(last().url.pathname).toBe('/v1/namespaces/robotics');
    expect(last().url.searchParams.get('purge')).toBe('true');
  });

  test('names are encoded in paths, so that none can lead elsewhere', async () => {
    await expect(connect().catalog.getNamespace({ namespace: '../x?y=ä' })).rejects.toMatchObject({ status: 422 });
    expect(last().url.href).toBe('http://test/v1/namespaces/..%2Fx%3Fy%3D%C3%A4');
  });

  test('lists, filters and 64-bit integers arrive in queries as they were given', async () => {
    const plan = { namespace: 'n', table: 't', columns: ['a', 'b'], as_of: 1_712_697_600_000_000_001n };
    const filter_predicate = { gt: ['a', 2n ** 62n] } as const;
    await connect()
      .catalog.planRead({ ...plan, filter_predicate: { gt: [...filter_predicate.gt] } })
      .catch(() => {});
    const query = last().url.searchParams;
    expect(query.get('columns')).toBe('["a","b"]');
    expect(query.get('as_of')).toBe('1712697600000000001');
    expect(query.get('filter_predicate')).toBe('{"gt":["a",4611686018427387904]}');
    expect(last().body).toBeNull();
  });

  test('a filter that is too long for an address travels in the body', async () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => index);
    await connect()
      .catalog.planRead({ namespace: 'n', table: 't', filter_predicate: { in: ['id', ids] } })
      .catch(() => {});
    expect(last().url.href.length).toBeLessThan(200);
    expect(JSON.parse(last().body ?? '')).toEqual({ filter_predicate: { in: ['id', ids] } });
  });

  test('null and undefined are not sent', async () => {
    await connect().catalog.listNamespaces({ catalog: null, transaction_id: undefined });
    expect(last().url.search).toBe('');
  });

  test('a field that the operation does not have is refused before anything is sent', async () => {
    const input = { namespace: 'n', tabel: 't' };
    const before = sent.length;
    await expect(connect().catalog.getNamespace(input)).rejects.toThrow('get_namespace has no field "tabel"');
    // A caller without types can leave out what the path needs.
    await expect(connect().catalog.getNamespace({} as { namespace: string })).rejects.toThrow('needs "namespace"');
    expect(sent.length).toBe(before);
  });
});

describe("the client's catalog", () => {
  test('stands in where none is named, in query and body', async () => {
    const client = connect('main');
    await client.catalog.listNamespaces().catch(() => {});
    expect(last().url.searchParams.get('catalog')).toBe('main');
    await client.catalog.createWriteSession({ namespace: 'n', table: 't' }).catch(() => {});
    expect(JSON.parse(last().body ?? '')).toMatchObject({ catalog: 'main' });
    await client.catalog.listNamespaces({ catalog: 'other' }).catch(() => {});
    expect(last().url.searchParams.get('catalog')).toBe('other');
    await client.catalog.listCatalogs();
    expect(last().url.search).toBe('');
  });
});

describe('changes', () => {
  test('each carries an operation id of its own, unless the caller has one', async () => {
    const client = connect();
    const ids = new Set<string | null>();
    for (const namespace of ['a1', 'a2']) {
      await client.catalog.createNamespace({ namespace });
      ids.add(last().url.searchParams.get('operation_id'));
    }
    expect(ids.size).toBe(2);
    await client.catalog.createNamespace({ namespace: 'a3', operation_id: 'mine' });
    expect(last().url.searchParams.get('operation_id')).toBe('mine');
  });

  test('an answer that is lost is asked for again, and nothing is done twice', async () => {
    let attempts = 0;
    const client = new Client('http://test', {
      fetch: async (url, init) => {
        attempts += 1;
        const response = await server.fetch(url, init);
        if (attempts === 1) throw new TypeError('fetch failed');
        return response;
      },
    });
    const answer = await client.catalog.createNamespace({ namespace: 'lost' });
    expect(attempts).toBe(2);
    expect(answer.created).toBe(true);
  });
});

describe('answers', () => {
  test('say yes or no where Python does', async () => {
    const { catalog } = connect();
    await catalog.createNamespace({ namespace: 'here' });
    expect(await catalog.namespaceExists({ namespace: 'here' })).toBe(true);
    expect(await catalog.namespaceExists({ namespace: 'nowhere' })).toBe(false);
    expect(await catalog.tableExists({ namespace: 'here', table: 't' })).toBe(false);
    expect(await catalog.listCatalogs()).toMatchObject([{ name: expect.any(String) }]);
  });

  test('a refusal carries code, status and request id', async () => {
    const refused = connect().catalog.describeTable({ namespace: 'here', table: 'missing' });
    await expect(refused).rejects.toMatchObject({
      name: 'RequestError',
      code: 'table_not_found',
      status: 404,
      retryable: false,
      request_id: expect.any(String),
    });
  });

  test('what does not fit a schema is told by field', async () => {
    const refused = connect().catalog.createNamespace({ namespace: 'no spaces' });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', details: { problems: expect.any(Array) } });
  });

  test('something else at the address is noticed', async () => {
    const page = new Client('http://test', { fetch: async () => new Response('<html>') });
    await expect(page.server.health()).rejects.toThrow('The answer to health is no JSON');
    const other = new Client('http://test', { fetch: async () => Response.json({ status: 'green' }) });
    await expect(other.server.health()).rejects.toMatchObject({ code: 'invalid_answer' });
  });
});

test('operations can be called by name', async () => {
  expect(await connect().call('health')).toMatchObject({ status: 'ok' });
  expect(last().url.pathname).toBe('/health');
});

test.each(['.', '..'])('a name of %s never becomes another operation', async (table) => {
  const client = connect();
  const before = sent.length;
  for (const call of [client.catalog.dropTable, client.catalog.undropTable, client.catalog.describeTable]) {
    await expect(call({ namespace: 'here', table })).rejects.toMatchObject({ code: 'invalid_input' });
  }
  expect(sent.length).toBe(before);
});
