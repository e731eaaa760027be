import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', { fetch: server.fetch });
  for (const namespace of ['a', 'b', 'c']) await client.catalog.createNamespace({ namespace });
});
afterAll(() => server.close());

test('a page is an array with the token of the next one beside its items', async () => {
  const first = await client.catalog.listNamespaces({ limit: 2 });
  expect(first.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(first.next_token).toEqual(expect.any(String));
  expect(Object.keys(first)).toEqual(['0', '1']);
  const second = await client.catalog.listNamespaces({ limit: 2, next_token: first.next_token });
  expect([second.map(({ name }) => name), second.next_token]).toEqual([['c'], null]);
});

test('without a limit everything comes at once', async () => {
  const all = await client.catalog.listNamespaces();
  expect([all.length, all.next_token]).toEqual([3, null]);
});

test('pages come one after another until there are no more, all of the state that the first was of', async () => {
  const found: string[][] = [];
  for await (const page of client.catalog.pages('list_namespaces', { limit: 1 })) {
    found.push(page.map(({ name }) => name));
    await client.catalog.createNamespace({ namespace: `x${found.length}` });
  }
  expect(found).toEqual([['a'], ['b'], ['c']]);
});

test('what the server refuses is refused at the first page', async () => {
  const pages = client.catalog.pages('list_tables', { namespace: 'nowhere', limit: 1 });
  await expect(pages.next()).rejects.toMatchObject({ code: 'namespace_not_found' });
});

test('what does not come in pages says so, and does not go on for ever', async () => {
  const untyped = client.catalog.pages as (op: string, input: object) => AsyncGenerator;
  const pages = untyped('namespace_exists', { namespace: 'a' });
  await expect(pages.next()).rejects.toMatchObject({ code: 'invalid_input' });
});
