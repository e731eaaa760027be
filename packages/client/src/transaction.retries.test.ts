import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import { ConcurrentModificationError } from './errors.ts';
import type { Fetch } from './fetch.ts';
import { pauseBeforeRerun } from './retry.ts';

let server: TestServer;
let client: Client;
let other: Client;

beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', { fetch: server.fetch as Fetch });
  other = new Client('http://test', { fetch: server.fetch as Fetch });
  await other.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

const schema_def = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'int64' },
];

async function makeCounter(table: string) {
  const counter = { namespace: 'n', table };
  await other.catalog.createTable({ ...counter, schema_def });
  await other.catalog.write([{ id: 1, v: 0 }], counter);
  return counter;
}

type Counter = { namespace: string; table: string };

/** Reads a number, and writes the next in its place. */
async function count(by: Client, counter: Counter): Promise<void> {
  const [row] = await by.catalog.read({ ...counter, read_as: 'objects' });
  await by.catalog.write([{ id: 1, v: Number(row?.v) + 1 }], counter);
}

async function counted(counter: Counter): Promise<number> {
  const [row] = await other.catalog.read({ ...counter, read_as: 'objects' });
  return Number(row?.v);
}

test('work that lost is done again in a new transaction, on what the winner left', async () => {
  const counter = await makeCounter('again');
  const ids: string[] = [];
  const answer = await client.transaction({ retries: 1 }, async (tx) => {
    ids.push(tx.id);
    await count(client, counter);
    if (ids.length === 1) await other.transaction(() => count(other, counter));
    return 'done';
  });
  expect([answer, new Set(ids).size, await counted(counter)]).toEqual(['done', 2, 2]);
});

test('work that always loses is given up after its retries, and is not done again unless it is told', async () => {
  const counter = await makeCounter('never');
  for (const [retries, runs] of [
    [undefined, 1],
    [0, 1],
    [2, 3],
  ] as const) {
    let ran = 0;
    const work = client.transaction({ retries }, async () => {
      ran += 1;
      await count(client, counter);
      await count(other, counter);
    });
    await expect(work).rejects.toBeInstanceOf(ConcurrentModificationError);
    expect(ran).toBe(runs);
  }
});

test('work that fails for another reason is not done again', async () => {
  let ran = 0;
  const work = client.transaction({ retries: 5 }, async () => {
    ran += 1;
    await client.catalog.createNamespace({ namespace: 'n' });
  });
  await expect(work).rejects.toMatchObject({ code: 'name_taken' });
  expect(ran).toBe(1);
});

test('many that count at once count every one', async () => {
  const counter = await makeCounter('many');
  const clients = Array.from({ length: 6 }, () => new Client('http://test', { fetch: server.fetch as Fetch }));
  await Promise.all(clients.map((each) => each.transaction({ retries: 50 }, () => count(each, counter))));
  expect(await counted(counter)).toBe(6);
});

test('pauses grow up to a limit, and are not the same for all', () => {
  expect([1, 2, 3].map((number) => pauseBeforeRerun(number, 1))).toEqual([50, 100, 200]);
  expect([1, 2, 3].map((number) => pauseBeforeRerun(number, 0))).toEqual([25, 50, 100]);
  expect(pauseBeforeRerun(100, 1)).toBe(5_000);
});
