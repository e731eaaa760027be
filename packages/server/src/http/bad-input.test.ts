import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ config: { body_bytes_max: 100_000 } });
  const created = await server.request('POST', '/v1/namespaces/n/tables', {
    table: 't',
    auto_create_namespace: true,
    schema_def: [
      { name: 'id', type: 'int64', is_merge_key: true },
      { name: 'v', type: 'string' },
    ],
  });
  expect(created.status).toBe(201);
});

afterAll(() => server.close());

/** Everything that a client can see of the catalog; a refused request leaves it as it was. */
async function stateOfCatalog(): Promise<unknown> {
  const namespaces = await server.request('GET', '/v1/namespaces');
  const tables = await server.request('GET', '/v1/namespaces/n/tables');
  const table = await server.request('GET', '/v1/namespaces/n/tables/t');
  const catalog = await server.request('GET', '/v1/catalogs/default');
  return [namespaces.body, tables.body, table.body, catalog.body];
}

function deepPredicate(levels: number): unknown {
  let node: unknown = { eq: ['id', 1] };
  for (let level = 1; level < levels; level += 1) node = { not: node };
  return node;
}

const plan = (predicate: unknown) =>
  ['POST', `/v1/namespaces/n/tables/t/plan?filter_predicate=${encodeURIComponent(JSON.stringify(predicate))}`] as const;
const long = 'x'.repeat(256);

type Row = readonly [title: string, method: string, path: string, body: unknown, status: number, code: string];

const ROWS: Row[] = [
  ['an unknown catalog', 'GET', '/v1/namespaces?catalog=nope', undefined, 404, 'catalog_not_found'],
  ['an unknown catalog to describe', 'GET', '/v1/catalogs/nope', undefined, 404, 'catalog_not_found'],
  ['an unknown namespace', 'GET', '/v1/namespaces/nope', undefined, 404, 'namespace_not_found'],
  ['a table of an unknown namespace', 'GET', '/v1/namespaces/nope/tables/t', undefined, 404, 'namespace_not_found'],
  ['an unknown table', 'GET', '/v1/namespaces/n/tables/nope', undefined, 404, 'table_not_found'],
  ['a plan of an unknown table', 'POST', '/v1/namespaces/n/tables/nope/plan', undefined, 404, 'table_not_found'],
  ['an unknown version', 'GET', '/v1/namespaces/n/tables/t?table_version=9', undefined, 404, 'table_version_not_found'],
  [
    'a plan of an unknown version',
    'POST',
    '/v1/namespaces/n/tables/t/plan?table_version=9',
    undefined,
    404,
    'table_version_not_found',
  ],
  ['an unknown column', 'POST', '/v1/namespaces/n/tables/t/plan?columns=["nope"]', undefined, 400, 'unknown_column'],
  ['an unknown column in a filter', ...plan({ eq: ['nope', 1] }), undefined, 400, 'unknown_column'],
  [
    'a transaction that does not exist',
    'GET',
    '/v1/namespaces?transaction_id=1_a',
    undefined,
    404,
    'transaction_not_found',
  ],
  ['an unknown session', 'GET', '/v1/write-sessions/nope', undefined, 404, 'write_session_not_found'],
  ['a name with path parts', 'POST', '/v1/namespaces', { namespace: '../etc' }, 422, 'invalid_input'],
  ['a name with an encoded slash', 'GET', '/v1/namespaces/a%2Fb', undefined, 422, 'invalid_input'],
  ['a name of dots', 'POST', '/v1/namespaces', { namespace: '..' }, 422, 'invalid_input'],
  ['a name over 255 characters', 'POST', '/v1/namespaces', { namespace: long }, 422, 'invalid_input'],
  ['a table name over 255 characters', 'POST', '/v1/namespaces/n/tables', { table: long }, 422, 'invalid_input'],
  ['a name with control characters', 'POST', '/v1/namespaces', { namespace: 'a\u0000b' }, 422, 'invalid_input'],
  ['an empty name', 'POST', '/v1/namespaces', { namespace: '' }, 422, 'invalid_input'],
  [
    'a new name with path parts',
    'POST',
    '/v1/namespaces/n/tables/t/rename?new_name=a%2F..%2Fb',
    undefined,
    422,
    'invalid_input',
  ],
  ['a body that is no JSON', 'POST', '/v1/namespaces', '{"namespace": ', 400, 'invalid_json'],
  ['a body that is a list', 'POST', '/v1/namespaces', ['not', 'an', 'object'], 400, 'invalid_json'],
  ['a body that is a number', 'POST', '/v1/namespaces', 7, 400, 'invalid_json'],
  ['an empty body where fields are needed', 'POST', '/v1/namespaces', undefined, 422, 'invalid_input'],
  [
    'a body that is too large',
    'POST',
    '/v1/namespaces',
    { namespace: 'a', properties: { p: 'x'.repeat(200_000) } },
    413,
    'payload_too_large',
  ],
  [
    'a body that nests too deep',
    'POST',
    '/v1/namespaces',
    `{"namespace":"a","properties":{"p":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
    400,
    'invalid_json',
  ],
  ['a body of the wrong types', 'POST', '/v1/namespaces', { namespace: 7 }, 422, 'invalid_input'],
  ['properties that are a list', 'POST', '/v1/namespaces', { namespace: 'a', properties: [1] }, 422, 'invalid_input'],
  ['a boolean that is a word', 'DELETE', '/v1/namespaces/n/tables/t?purge=perhaps', undefined, 422, 'invalid_input'],
  ['a time that is a word', 'POST', '/v1/namespaces/n/tables/t/plan?as_of=yesterday', undefined, 422, 'invalid_input'],
  [
    'a time beyond 64 bits',
    'POST',
    '/v1/namespaces/n/tables/t/plan?as_of=99999999999999999999',
    undefined,
    422,
    'invalid_input',
  ],
  [
    'a time in the future',
    'POST',
    '/v1/namespaces/n/tables/t/plan?as_of=9000000000000000000',
    undefined,
    400,
    'invalid_as_of',
  ],
  ['a negative page', 'POST', '/v1/namespaces/n/tables/t/plan?max_files=-1', undefined, 422, 'invalid_input'],
  ['columns that are no list', 'POST', '/v1/namespaces/n/tables/t/plan?columns=id', undefined, 422, 'invalid_input'],
  [
    'a filter that is no JSON',
    'POST',
    '/v1/namespaces/n/tables/t/plan?filter_predicate=not%20json',
    undefined,
    400,
    'invalid_predicate',
  ],
  ['a filter with an unknown operator', ...plan({ nope: ['id', 1] }), undefined, 400, 'invalid_predicate'],
  ['a filter with two operators', ...plan({ eq: ['id', 1], gt: ['id', 0] }), undefined, 400, 'invalid_predicate'],
  ['a filter of the wrong arity', ...plan({ eq: ['id'] }), undefined, 400, 'invalid_predicate'],
  ['a filter 100 levels deep', ...plan(deepPredicate(100)), undefined, 400, 'invalid_predicate'],
  ['a filter that compares a number with text', ...plan({ eq: ['id', 'a'] }), undefined, 400, 'invalid_predicate'],
  ['a second table of one name', 'POST', '/v1/namespaces/n/tables', { table: 't' }, 409, 'name_taken'],
  [
    'an unknown type',
    'POST',
    '/v1/namespaces/n/tables',
    { table: 'u', schema_def: [{ name: 'a', type: 'int65' }] },
    400,
    'invalid_schema',
  ],
  [
    'a schema that is no Arrow message',
    'POST',
    '/v1/namespaces/n/tables',
    { table: 'u', schema_def: 'AAAA' },
    400,
    'invalid_schema',
  ],
  [
    'columns that differ in case only',
    'POST',
    '/v1/namespaces/n/tables',
    {
      table: 'u',
      schema_def: [
        { name: 'a', type: 'int64' },
        { name: 'A', type: 'int64' },
      ],
    },
    400,
    'invalid_schema',
  ],
  [
    'a partition key that is no column',
    'POST',
    '/v1/namespaces/n/tables',
    { table: 'u', schema_def: [{ name: 'a', type: 'int64' }], partition_scheme: { keys: [{ key: ['b'] }] } },
    400,
    'invalid_schema',
  ],
  [
    'an unknown write mode',
    'POST',
    '/v1/namespaces/n/tables/t/write-sessions',
    { mode: 'upsert' },
    422,
    'invalid_input',
  ],
  [
    'an unknown format',
    'POST',
    '/v1/namespaces/n/tables/t/write-sessions',
    { mode: 'add', format: 'xlsx' },
    422,
    'invalid_input',
  ],
  [
    'a preview of too many rows',
    'GET',
    '/v1/namespaces/n/tables/t/preview?limit=1000000',
    undefined,
    400,
    'invalid_request',
  ],
  ['a route that does not exist', 'GET', '/v1/no/such/route', undefined, 404, 'not_found'],
  ['a method that the route does not take', 'POST', '/v1/catalogs', undefined, 405, 'method_not_allowed'],
  [
    'an operation id that is too long',
    'POST',
    `/v1/namespaces?operation_id=${long}`,
    { namespace: 'a' },
    422,
    'invalid_input',
  ],
];

describe('bad input is refused with its cause, and changes nothing', () => {
  test.each(ROWS)('%s', async (...row) => {
    const [, method, path, body, status, code] = row;
    const before = await stateOfCatalog();
    const answer = await server.request(method, path, body);
    expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status, code });
    expect(answer.body.error.message.length).toBeGreaterThan(20);
    expect(answer.body.error).toMatchObject({
      retryable: expect.any(Boolean),
      details: expect.any(Object),
      request_id: expect.any(String),
    });
    if (status === 422)
      expect(answer.body.detail[0]).toMatchObject({
        loc: expect.any(Array),
        msg: expect.any(String),
        type: expect.any(String),
      });
    else expect(answer.body.detail).toBe(answer.body.error.message);
    expect(await stateOfCatalog()).toEqual(before);
  });
});

test('a word of an enum may come as the oldest client writes it', async () => {
  const answer = await server.request('POST', '/v1/namespaces/n/tables/t/write-sessions', {
    mode: 'WriteMode.ADD',
    format: 'ContentType.PARQUET',
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ mode: 'add', format: 'parquet' });
});

test('of two concurrent creates of one name exactly one wins', async () => {
  const create = () => server.request('POST', '/v1/namespaces/n/tables', { table: 'raced' });
  const answers = await Promise.all([create(), create(), create(), create()]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409]);
});

test('an operation id with another payload is refused, with the same one answered alike', async () => {
  const create = (namespace: string) => server.request('POST', '/v1/namespaces?operation_id=op_1', { namespace });
  const first = await create('once');
  expect(first.status).toBe(201);
  const again = await create('once');
  expect([again.status, again.body]).toEqual([201, first.body]);
  const other = await create('twice');
  expect([other.status, other.body.error.code]).toEqual([409, 'operation_id_reused']);
});

test('a body whose bytes are no text is refused, not stored as other text', async () => {
  const body = Buffer.concat([
    Buffer.from('{"namespace": "n2", "properties": {"a": "'),
    Buffer.of(0xff, 0xfe),
    Buffer.from('"}}'),
  ]);
  const response = await server.fetch('http://test/v1/namespaces', { method: 'POST', body });
  expect([response.status, (await response.json()).error.code]).toEqual([400, 'invalid_json']);
});
