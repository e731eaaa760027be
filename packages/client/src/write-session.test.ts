import { writeRows } from '@deltacat/io-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ManualClock, startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { Fetch } from './fetch.ts';
import type { WriteSession } from './write-session.ts';

const clock = new ManualClock();
const target = { namespace: 'n', table: 't', mode: 'append' } as const;
let server: TestServer;
let client: Client;
/** What the network does to a request; by default it is delivered. */
let network: (deliver: () => Promise<Response>, url: string) => Promise<Response>;
const sent: string[] = [];

const fetch: Fetch = async (url, init) => {
  sent.push(`${init.method} ${new URL(url).pathname.split('/').at(-1)}`);
  return network(() => server.fetch(url, init), url);
};

beforeAll(async () => {
  server = await startTestServer({ clock });
  network = (deliver) => deliver();
  client = new Client('http://test', { fetch });
  await client.catalog.createNamespace({ namespace: 'n' });
  await client.catalog.createTable({
    ...target,
    mode: undefined,
    schema_def: [{ name: 'id', type: 'int64' }],
  } as never);
});
afterAll(() => server.close());
afterEach(() => {
  network = (deliver) => deliver();
  vi.useRealTimers();
});

async function fill(session: WriteSession, ids: number[]) {
  return writeRows({ id: ids }, session.state);
}

async function rows(): Promise<number> {
  return (await client.catalog.describeTable({ namespace: 'n', table: 't' })).total_records ?? 0;
}

/** Loses the answers to the first requests of a kind, after the server has done what they ask. */
function loseAnswers(kind: string, times: number): void {
  network = async (deliver, url) => {
    const response = await deliver();
    if (!url.includes(kind) || times-- <= 0) return response;
    throw new TypeError('fetch failed');
  };
}

describe('committing', () => {
  test('makes the files visible and tells where the commit stands', async () => {
    const before = await rows();
    const session = await client.catalog.stage(target);
    const answer = await session.commit(await fill(session, [1, 2]));
    expect(answer).toMatchObject({ status: 'COMMITTED', total_records: 2, files_registered: 1 });
    expect(answer.committed_at_ns).toBeTypeOf('bigint');
    expect(session.status).toBe('COMMITTED');
    expect(await rows()).toBe(before + 2);
  });

  test('files are named by their place in the session', async () => {
    const session = await client.catalog.stage(target);
    expect(session.pathFor('a/b.parquet')).toBe(`${session.data_dir}/a/b.parquet`);
    expect(session.entryFor('/b.parquet', { record_count: 7 })).toEqual({
      path: `${session.data_dir}/b.parquet`,
      content_type: 'parquet',
      record_count: 7,
    });
    await session.abort();
  });

  test('an answer that is lost is asked for again, and the rows are there once', async () => {
    const before = await rows();
    const session = await client.catalog.stage(target);
    const entries = await fill(session, [1, 2, 3]);
    loseAnswers('/commit', 1);
    expect((await session.commit(entries)).status).toBe('COMMITTED');
    expect(await rows()).toBe(before + 3);
  });

  test('may be repeated by hand after the connection was gone for long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const before = await rows();
    const session = await client.catalog.stage(target);
    const entries = await fill(session, [1]);
    loseAnswers('/commit', 4);
    const lost = session.commit(entries).catch((error: unknown) => error);
    const waiting = { over: false };
    void lost.then(() => {
      waiting.over = true;
    });
    while (!waiting.over) await vi.advanceTimersByTimeAsync(1_000);
    expect(await lost).toMatchObject({ code: 'connection_failed', retryable: true });
    expect((await session.commit(entries)).status).toBe('COMMITTED');
    expect(await rows()).toBe(before + 1);
  });

  test('a file that is not there is refused, and the session goes on', async () => {
    const session = await client.catalog.stage(target);
    await expect(session.commit([session.entryFor('missing.parquet')])).rejects.toMatchObject({
      code: 'invalid_entry',
    });
    expect((await session.commit(await fill(session, [5]))).status).toBe('COMMITTED');
  });

  test('a file of another folder is refused, unless the session accepts it', async () => {
    const other = await client.catalog.stage(target);
    const entries = await fill(other, [1]);
    const session = await client.catalog.stage(target);
    await expect(session.commit(entries)).rejects.toMatchObject({ code: 'entry_outside_session' });
    const open = await client.catalog.stage({ ...target, allow_external_entries: true });
    expect((await open.commit(entries)).status).toBe('COMMITTED');
    await Promise.all([other.abort(), session.abort()]);
  });
});

describe('leaving', () => {
  test('without a commit aborts the session', async () => {
    let id = '';
    await expect(
      (async () => {
        await using session = await client.catalog.stage(target);
        id = session.session_id;
        throw new Error('the disk is full');
      })(),
    ).rejects.toThrow('the disk is full');
    expect((await client.catalog.getWriteSession({ session_id: id })).status).toBe('ABORTED');
  });

  test('tells why it was left, also when the server cannot be told of it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const entered = Promise.withResolvers<void>();
    const left = (async () => {
      await using session = await client.catalog.stage(target);
      const entries = await fill(session, [1]);
      network = () => Promise.reject(new TypeError('fetch failed'));
      entered.resolve();
      await session.commit(entries);
    })().catch((error: unknown) => error);
    await entered.promise;
    const waiting = { over: false };
    void left.then(() => {
      waiting.over = true;
    });
    while (!waiting.over) await vi.advanceTimersByTimeAsync(1_000);
    expect(await left).toMatchObject({ name: 'ConnectionError', code: 'connection_failed' });
  });

  test('after a commit leaves it committed', async () => {
    let id = '';
    {
      await using session = await client.catalog.stage(target);
      id = session.session_id;
      await session.commit(await fill(session, [1]));
    }
    expect(sent.at(-1)).toBe('POST commit');
    expect((await client.catalog.getWriteSession({ session_id: id })).status).toBe('COMMITTED');
  });

  test('a session that someone else closed is not an error', async () => {
    await using session = await client.catalog.stage(target);
    const other = await client.catalog.getWriteSession({ session_id: session.session_id });
    expect((await other.abort('enough')).abort_reason).toBe('enough');
  });
});

describe('staying alive', () => {
  test('heartbeats move the end of an open session, one version at a time', async () => {
    const session = await client.catalog.stage(target);
    const { expires_at, session_version } = session.state;
    clock.advanceSeconds(60);
    const [first, second] = await Promise.all([session.heartbeat(), session.heartbeat()]);
    expect(first.expires_at).toBeGreaterThan(expires_at);
    expect([first.session_version, second.session_version]).toEqual([session_version + 1, session_version + 2]);
    await session.abort();
  });

  test('happens in the background while the session is open and the client is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const beats = () => sent.filter((request) => request === 'POST heartbeat').length;
    const before = beats();
    const session = await client.catalog.stage(target);
    await vi.advanceTimersByTimeAsync(16 * 60_000);
    await vi.waitFor(() => expect(beats()).toBe(before + 1));
    await session.abort();
    await vi.advanceTimersByTimeAsync(16 * 60_000);
    expect(beats()).toBe(before + 1);

    const closing = new Client('http://test', { fetch });
    const left = await closing.catalog.stage(target);
    await closing[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(16 * 60_000);
    expect(beats()).toBe(before + 1);
    await left.abort();
  });

  test('a heartbeat whose answer was lost does not spoil the commit', async () => {
    const session = await client.catalog.stage(target);
    loseAnswers('/heartbeat', 1);
    await expect(session.heartbeat()).rejects.toMatchObject({ code: 'connection_failed', retryable: false });
    expect((await session.commit(await fill(session, [1]))).status).toBe('COMMITTED');
  });

  test('a session that was left alone expires', async () => {
    const session = await client.catalog.stage(target);
    const entries = await fill(session, [1]);
    clock.advanceSeconds(24 * 3_600);
    await expect(session.commit(entries)).rejects.toMatchObject({ code: 'write_session_closed' });
  });
});

describe('finding', () => {
  test('a write key finds the open session of the same worker again', async () => {
    const [one, same, other] = [
      new Client('http://test', { fetch, worker_id: 'a' }),
      new Client('http://test', { fetch, worker_id: 'a' }),
      new Client('http://test', { fetch, worker_id: 'b' }),
    ];
    const stage = { ...target, write_key: 'run-7' };
    const sessions = await Promise.all([one, same, other].map((worker) => worker.catalog.stage(stage)));
    expect(sessions[1]?.session_id).toBe(sessions[0]?.session_id);
    expect(sessions[2]?.session_id).not.toBe(sessions[0]?.session_id);
  });

  test('two holders of one session notice each other', async () => {
    const session = await client.catalog.stage(target);
    const found = await client.catalog.getWriteSession({ session_id: session.session_id });
    await session.heartbeat();
    await expect(found.abort()).rejects.toMatchObject({ code: 'session_version_mismatch', status: 409 });
    await session.abort();
  });

  test('an id that does not exist is refused', async () => {
    await expect(client.catalog.getWriteSession({ session_id: 'nope' })).rejects.toMatchObject({
      code: 'write_session_not_found',
    });
  });
});
