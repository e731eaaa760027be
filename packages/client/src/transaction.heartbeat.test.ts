import { writeRows } from '@deltacat/io-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { ManualClock, startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { Fetch } from './fetch.ts';

const clock = new ManualClock();
let server: TestServer;
let client: Client;
/** Another program. */
let other: Client;
/** Paths of requests. */
const sent: string[] = [];
/** How many requests have no answer yet. */
let under_way = 0;
/** Whether the server can be reached. */
let reached = true;

const fetch: Fetch = async (url, init) => {
  sent.push(new URL(url).pathname);
  if (!reached) throw new TypeError('fetch failed');
  under_way += 1;
  return server.fetch(url, init).finally(() => {
    under_way -= 1;
  });
};

const table = { namespace: 'n', table: 't' };

beforeAll(async () => {
  server = await startTestServer({ clock });
  client = new Client('http://test', { fetch });
  other = new Client('http://test', { fetch: server.fetch as Fetch });
  const schema_def = [{ name: 'id', type: 'int64' }];
  await other.catalog.createTable({ ...table, schema_def, auto_create_namespace: true });
});
afterAll(() => server.close());
afterEach(() => {
  reached = true;
  vi.useRealTimers();
});

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

/** What was kept alive since then: transactions, or write sessions. */
const beats = (from: number) =>
  sent
    .slice(from)
    .filter((path) => path.endsWith('/heartbeat'))
    .map((path) => path.split('/')[2]);

async function passMinutes(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    clock.advanceSeconds(60);
    await vi.advanceTimersByTimeAsync(60_000);
    // What a beat asks the server is answered in between.
    await vi.waitUntil(() => under_way === 0);
  }
}

test('a heartbeat happens in the background while a transaction is open and the client is', async () => {
  fakeTimers();
  const tx = await client.transaction();
  const from = sent.length;
  await passMinutes(16);
  expect(beats(from)).toEqual(['transactions']);
  await tx.commit();
  await passMinutes(16);
  expect(beats(from)).toHaveLength(1);

  const closing = new Client('http://test', { fetch });
  const left = await closing.transaction();
  await closing[Symbol.asyncDispose]();
  await passMinutes(16);
  expect(beats(from)).toHaveLength(1);
  await left.abort();
});

test('a heartbeat leaves no timers behind that a program gathers', async () => {
  fakeTimers();
  for (let count = 0; count < 20; count += 1) await (await client.transaction()).commit();
  // Those of the database are counted too.
  expect(vi.getTimerCount()).toBeLessThan(20);
});

test('a heartbeat happens while work goes on, and its sessions live as long without beats of their own', async () => {
  fakeTimers();
  const from = sent.length;
  await client.transaction(async (tx) => {
    await using session = await client.catalog.stage({ ...table, mode: 'append' });
    const entries = await writeRows({ id: [1] }, session.state);
    // Longer than it lives without a beat.
    await passMinutes(100);
    expect((await session.commit(entries)).status).toBe('ATTACHED');
    expect(tx.state.expires_at).toBeGreaterThan(clock.nowNs());
  });
  expect(beats(from).length).toBeGreaterThan(4);
  expect(new Set(beats(from))).toEqual(new Set(['transactions']));
});

test('a heartbeat begins for a transaction that was found when something is written in it', async () => {
  fakeTimers();
  const tx = await other.transaction();
  const found = await client.getTransaction(tx.id);
  const from = sent.length;
  await passMinutes(16);
  expect(beats(from)).toEqual([]);
  await using session = await client.catalog.stage({ ...table, mode: 'append', transaction: found });
  await passMinutes(16);
  expect(beats(from)).toEqual(['transactions']);
  expect((await session.heartbeat()).status).toBe('OPEN');
  await found.abort();
});

test('a heartbeat by hand moves the end, and a server that is away does not end it', async () => {
  fakeTimers();
  const tx = await client.transaction();
  const { expires_at } = tx.state;
  clock.advanceSeconds(60);
  expect((await tx.heartbeat()).expires_at).toBeGreaterThan(expires_at);
  const from = sent.length;
  reached = false;
  await passMinutes(17);
  reached = true;
  await passMinutes(17);
  expect(beats(from).length).toBeGreaterThan(4);
  await client.catalog.createNamespace({ namespace: 'still_alive', transaction: tx });
  await tx.abort();
});

test('a transaction that is left alone for too long is over', async () => {
  const tx = await client.transaction();
  await client.catalog.createNamespace({ namespace: 'too_late', transaction: tx });
  clock.advanceSeconds(3_601);
  await expect(tx.commit()).rejects.toMatchObject({
    code: 'transaction_closed',
    message: expect.stringMatching(/EXPIRED.*heartbeat.*open a new one/),
  });
  expect(tx.status).toBe('EXPIRED');
  await expect(tx.heartbeat()).rejects.toMatchObject({ code: 'transaction_closed' });
});
