import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogNamed } from './roots/catalogs.ts';
import { endConnections, TEST_DATABASE_URL } from './testing/database.ts';
import { ManualClock, startTestServer, type TestAnswer } from './testing/server.ts';
import { startWriting, type Writing } from './testing/writing.ts';
import { expireWriteSessions } from './writes/expire.ts';

const WRITERS = 32;

const numbers = Array.from({ length: WRITERS }, (_, index) => index + 1);

const SKIPPED = 'skipped where DELTACAT_TEST_DATABASE_URL names no PostgreSQL: a SQLite folder has one server';

describe.skipIf(TEST_DATABASE_URL === null)(`two servers on one database (${SKIPPED})`, () => {
  let root: string;
  let one: Writing;
  let other: Writing;
  let servers: { close(): Promise<void> }[];

  /** Starts both over one folder. */
  async function start(clock?: ManualClock): Promise<void> {
    one = await startWriting(clock, root);
    servers.push(one);
    other = await startWriting(clock, root);
    servers.push(other);
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'deltacat-several-'));
    servers = [];
  });
  afterEach(async () => {
    for (const server of servers) await server.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** Every other one of many goes to the other server. */
  const serverOf = (index: number): Writing => (index % 2 === 0 ? one : other);

  /** Sends one request many times at once, to both servers in turn. */
  const together = (method: string, path: string, body?: unknown): Promise<TestAnswer[]> =>
    Promise.all(numbers.map((number) => serverOf(number).server.request(method, path, body)));

  const statuses = (answers: TestAnswer[]) => answers.map(({ status }) => status).sort((a, b) => a - b);

  test('started at the same time they serve the same catalog', async () => {
    const started = await Promise.all([1, 2, 3, 4].map(() => startTestServer({ root })));
    servers.push(...started);
    const ids = started.map(({ context }) => catalogNamed(context, null).catalog_id);
    expect(new Set(ids).size).toBe(1);
  });

  test('appends at the same time all land, at dense positions, and commits are numbered without a gap', async () => {
    await start();
    await one.createTable('t');
    const opened = await Promise.all(numbers.map((number) => serverOf(number).opened('t', { mode: 'append' })));
    // A session may be committed at another server than the one that opened it.
    const answers = await Promise.all(
      opened.map(({ session, entry }, index) => serverOf(index).commit(session, [entry])),
    );
    expect(statuses(answers)).toEqual(numbers.map(() => 200));
    expect(await one.positions()).toEqual(numbers.map(BigInt));
    expect(await other.totals('t')).toEqual({ records: WRITERS, files: WRITERS, deltas: WRITERS });
    const byNumber = answers.map(({ body }) => body).sort((a, b) => a.seq - b.seq);
    for (const [index, { seq, committed_at_ns }] of byNumber.entries()) {
      const before = byNumber[index - 1];
      if (before) expect([seq, committed_at_ns > before.committed_at_ns]).toEqual([before.seq + 1, true]);
    }
  });

  test('of equal creations exactly one wins', async () => {
    await start();
    const [won, ...lost] = statuses(await together('POST', '/v1/namespaces', { namespace: 'same' }));
    expect([won, new Set(lost)]).toEqual([201, new Set([409])]);
    const tables = statuses(await together('POST', '/v1/namespaces/n/tables', { table: 't' }));
    expect([tables[0], new Set(tables.slice(1))]).toEqual([201, new Set([409])]);
  });

  test('one operation id is done once and answered alike', async () => {
    await start();
    const answers = await together('POST', '/v1/namespaces?operation_id=op', { namespace: 'same' });
    expect(statuses(answers)).toEqual(numbers.map(() => 201));
    expect(new Set(answers.map(({ body }) => body.seq)).size).toBe(1);
  });

  test('writers of one missing table make it once, and all of them land', async () => {
    await start();
    const sessions = await Promise.all(
      numbers.map((number) => serverOf(number).opened('t', { create_if_missing: {} })),
    );
    const answers = await Promise.all(
      sessions.map(({ session, entry }, index) => serverOf(index + 1).commit(session, [entry])),
    );
    expect(statuses(answers)).toEqual(numbers.map(() => 200));
    expect(await one.positions()).toEqual(numbers.map(BigInt));
  });

  test('what one has answered the other shows at once, definitions included', async () => {
    await start();
    await one.createTable('t');
    for (let round = 0; round < 10; round += 1) {
      const [here, there] = [serverOf(round), serverOf(round + 1)];
      const { body } = await here.write('t', [{ id: round, v: 'a' }], 'merge');
      expect(await there.totals('t')).toMatchObject({ deltas: round + 1 });
      expect(await there.totals('t', body.committed_at_ns)).toMatchObject({ deltas: round + 1 });
      const path = '/v1/namespaces/n/tables/t';
      await there.server.request('PUT', path, { table_description: `round ${round}` });
      expect((await here.server.request('GET', path)).body).toMatchObject({ description: `round ${round}` });
    }
    await one.server.request('DELETE', '/v1/namespaces/n/tables/t');
    const late = await other.post('/v1/namespaces/n/tables/t/write-sessions', { mode: 'append' });
    expect([late.status, late.body.error.code]).toEqual([404, 'table_not_found']);
  });

  test('a session is kept, ended and committed at either', async () => {
    const clock = new ManualClock();
    await start(clock);
    await one.createTable('t');
    const { session, entry } = await one.opened();
    const beat = await other.post(`/v1/write-sessions/${session.session_id}/heartbeat`, { session_version: 1 });
    expect(beat.body).toMatchObject({ session_version: 2, status: 'OPEN' });
    const committed = { ...session, session_version: 2 };
    const answers = await Promise.all(
      numbers.map((number) => serverOf(number).commit(committed, [entry], { operation_id: 'op' })),
    );
    expect(statuses(answers)).toEqual(numbers.map(() => 200));
    expect(await one.totals('t')).toMatchObject({ records: 1, deltas: 1 });
    const forgotten = await other.opened();
    clock.advanceSeconds(7_200);
    const ended = await Promise.all([one, other].map(({ server }) => expireWriteSessions(server.context)));
    expect(ended.toSorted()).toEqual([0, 1]);
    const late = await one.commit(forgotten.session, [forgotten.entry]);
    expect([late.status, late.body.error.code]).toEqual([409, 'write_session_closed']);
  });

  test('while connections are ended, writes are done or refused with 503, and never half done', async () => {
    await start();
    await one.createTable('t');
    const opened = await Promise.all(
      [...numbers, ...numbers].map((number) => serverOf(number).opened('t', { mode: 'append' })),
    );
    let writing = true;
    const ending = (async () => {
      while (writing) await endConnections(root);
    })();
    const answers = await Promise.all(
      opened.map(({ session, entry }, index) => serverOf(index).commit(session, [entry], { operation_id: 'op' })),
    );
    writing = false;
    await ending;
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    const done = answers.filter(({ status }) => status === 200).length;
    const positions = await afterwards(() => one.positions());
    expect(positions).toEqual(positions.map((_, index) => BigInt(index + 1)));
    expect(positions.length).toBeGreaterThanOrEqual(done);
    expect(await other.totals('t')).toMatchObject({ records: positions.length, files: positions.length });
    // Repeated under its id, every one of them is visible once, whatever had become of it.
    for (const [index, { session, entry }] of opened.entries()) {
      const again = await serverOf(index + 1).commit(session, [entry], { operation_id: 'op' });
      expect([again.status, again.body.error]).toEqual([200, undefined]);
    }
    expect(await one.totals('t')).toMatchObject({ records: opened.length, deltas: opened.length });
  });

  /** What is asked once the last ended connection has been noticed. */
  async function afterwards<T>(ask: () => Promise<T>): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return ask();
  }
});
