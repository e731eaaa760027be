import { API, type Endpoint, ERRORS, errorsOf, stringifyJson } from '@deltacat/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  for (const table of ['t', 'plain']) {
    await server.request('POST', '/v1/namespaces/n/tables', {
      table,
      auto_create_namespace: true,
      schema_def: [
        { name: 'id', type: 'int64', is_merge_key: table === 't' },
        { name: 'v', type: 'string' },
      ],
    });
  }
});

afterAll(() => server.close());

/** Values that tend to break things, and some that almost work. */
const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, false, 0, -1, 1, 2 ** 53, 1e308, 0.5, '', ' ', 'n', 't', 'plain', 'default', '1', 'auto', 'merge'],
    ...[
      'append',
      'replace',
      'delete',
      'parquet',
      'csv',
      '../..',
      '/etc/passwd',
      'a\u0000b',
      '\ud800',
      '💥',
      "'; drop table deltas; --",
    ],
    ...[
      '9223372036854775807',
      '9223372036854775808',
      '1711497600000000000',
      '{"eq":["id",1]}',
      '{"in":["v",[null]]}',
      '["id"]',
      '["v","id"]',
    ],
    ...[
      [],
      {},
      [[]],
      [{}],
      { id: [1], v: ['a'] },
      [{ id: 1, v: 'a' }],
      { id: ['x'] },
      [{ name: 'a', type: 'int64' }],
      [{ name: 'a', type: 'list<'.repeat(500) }],
    ],
    ...[
      { keys: [] },
      { keys: [{ key: ['id'], transform: 'bucket(4)' }] },
      [{ path: '/etc/passwd' }],
      [{ path: '/nope.parquet', record_count: 1 }],
    ],
  ),
  fc.string({ maxLength: 20 }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Path fields are names more often than not, so that requests get past the router. */
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('n', 't', 'plain', 'default', 'new1', 'new2') },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);

function requestTo(endpoint: Endpoint) {
  const some = (fields: string[]) =>
    fc.record(Object.fromEntries(fields.map((field) => [field, nasty])), { requiredKeys: [] });
  return fc.record({
    params: fc.record(Object.fromEntries(Object.keys(endpoint.params).map((field) => [field, name]))),
    query: some(Object.keys(endpoint.query)),
    body: some(Object.keys(endpoint.body)),
    version: fc.boolean(),
  });
}

function urlOf(endpoint: Endpoint, params: Record<string, string>, query: Record<string, unknown>): string {
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => encode(params[field] ?? ''));
  const pairs = Object.entries(query).map(
    ([field, value]) => `${field}=${encode(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
  );
  return `${path}?${pairs.join('&')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

test.each(Object.values(API) as Endpoint[])(
  '$op answers any request with a documented status below 500',
  async (endpoint) => {
    const documented = new Set([endpoint.status, 404, 405, ...errorsOf(endpoint).map((code) => ERRORS[code].status)]);
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    await fc.assert(
      fc.asyncProperty(requestTo(endpoint), async ({ params, query, body, version }) => {
        const url = urlOf(endpoint, params, query);
        const sent = Object.keys(endpoint.body).length > 0 ? body : undefined;
        const headers: Record<string, string> = version ? { 'X-DeltaCAT-Client-Version': 'fuzz' } : {};
        const answer = await server.requestAs(headers)(endpoint.method, url, sent);
        expect(answer.status, `${endpoint.method} ${url}: ${stringifyJson(answer.body)}`).toBeLessThan(500);
        expect([...documented], `${endpoint.method} ${url}: ${stringifyJson(answer.body?.error)}`).toContain(
          answer.status,
        );
        if (answer.status >= 400) expect(Object.keys(ERRORS)).toContain(answer.body.error.code);
      }),
      { numRuns: 150, seed },
    );
  },
);
