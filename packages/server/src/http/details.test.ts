import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const schema_def = [{ name: 'a', type: 'int64' }];
  const body = { table: 'plain', schema_def, auto_create_namespace: true };
  await server.request('POST', '/v1/namespaces/n/tables', body);
});
afterAll(() => server.close());

const open = (table: string, body: object) =>
  server.request('POST', `/v1/namespaces/n/tables/${table}/write-sessions`, body);

test('the details of a refusal name its table plainly, and repeat nothing else that was sent', async () => {
  const keys = { write_key: 'w', owner_key: 'o', session_ttl: 5 };
  const missing = await open('nope', { mode: 'add', ...keys });
  expect(missing.body.error).toMatchObject({ code: 'table_not_found', message: expect.stringContaining('"n.nope"') });
  expect(missing.body.error.details).toEqual({ namespace: 'n', table: 'nope' });

  const keyless = await open('plain', { mode: 'merge', ...keys });
  expect(keyless.body.error).toMatchObject({
    code: 'merge_keys_required',
    message: expect.stringContaining('"n.plain"'),
  });
  expect(keyless.body.error.details).toEqual({ namespace: 'n', table: 'plain', mode: 'merge' });

  const unpartitioned = await open('plain', { mode: 'replace_partition' });
  expect(unpartitioned.body.error.details).toEqual({ namespace: 'n', table: 'plain', mode: 'replace_partition' });
});

test.each(['limit=-3', 'limit=many', 'limit=1.5', 'limit='])('?%s is told what it should be', async (query) => {
  const answer = await server.request('GET', `/v1/namespaces/n/tables/plain/preview?${query}`);
  expect([answer.status, answer.body.error.message]).toEqual([422, 'query.limit: expected a whole number, 0 or more.']);
});

test.each([{ data: [1] }, { data: { a: 1 } }, { dta: [] }, undefined, { data: 'a,b' }])(
  'rows of another form are told which forms there are (%j)',
  async (body) => {
    const answer = await server.request('POST', '/v1/namespaces/n/tables/plain/write', body);
    expect(answer.status).toBe(422);
    expect(answer.body.error.message).toMatch(
      /^body\.data: expected rows as \[\{"a": 1\}\] or columns as \{"a": \[1\]\}/,
    );
  },
);

test.each([
  ['a missing type', { table: 'x', schema_def: [{ name: 'a' }] }, /^body\.schema_def\.0\.type: /],
  [
    'a flag that is none',
    { table: 'x', schema_def: [{ name: 'a', type: 'int64', is_merge_key: 'yes' }] },
    /^body\.schema_def\.0\.is_merge_key: /,
  ],
])('a schema is told where it is wrong: %s', async (_what, body, says) => {
  const answer = await server.request('POST', '/v1/namespaces/n/tables', body);
  expect(answer.status).toBe(422);
  expect(answer.body.error.message).toMatch(says);
  expect(answer.body.detail[0].loc.slice(0, 3)).toEqual(['body', 'schema_def', 0]);
});

test('an operation on columns that is none is told with those that are', async () => {
  const body = { schema_updates: [{ op: 'rename', field_locator: 'a' }] };
  const answer = await server.request('PUT', '/v1/namespaces/n/tables/plain', body);
  expect(answer.status).toBe(422);
  expect(answer.body.error.message).toMatch(/^body\.schema_updates\.0\.op: .*add.*remove.*update/);
});

test.each(['-1', '0', '1.5', 'x', '10001'])('a page of %s items is told how many it may have', async (limit) => {
  const answer = await server.request('GET', `/v1/namespaces?limit=${limit}`);
  expect(answer.body.error.message).toBe('query.limit: expected a whole number from 1 to 10000.');
});

test('a path with an empty part is no route', async () => {
  expect(await server.request('GET', '/v1/namespaces/')).toMatchObject({
    status: 404,
    body: { error: { code: 'not_found' } },
  });
});
