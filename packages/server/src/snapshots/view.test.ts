import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogNamed } from '../roots/catalogs.ts';
import { ManualClock, startTestServer, type TestServer } from '../testing/server.ts';
import { viewOf } from './transactions.ts';
import { viewAt, viewHead } from './view.ts';

const clock = new ManualClock();
let server: TestServer;
let catalog_id: string;
beforeAll(async () => {
  server = await startTestServer({ clock });
  catalog_id = catalogNamed(server.context, null).catalog_id;
});
afterAll(() => server.close());

interface Committed {
  seq: number;
  committed_at_ns: bigint;
}

async function change(method: string, path: string, body?: object): Promise<Committed> {
  clock.advanceSeconds(1);
  const answer = await server.request(method, path, body);
  expect(answer.body.error).toBeUndefined();
  return answer.body;
}

const createNamespace = (namespace: string) => change('POST', '/v1/namespaces', { namespace });
const createTable = (namespace: string, table: string) =>
  change('POST', `/v1/namespaces/${namespace}/tables`, { table });
const describeAt = (name: string, as_of: bigint) => {
  const [namespace, table] = name.split('.');
  return server.request('GET', `/v1/namespaces/${namespace}/tables/${table}?as_of=${as_of}`);
};

describe('a time', () => {
  test('is the newest commit not later', async () => {
    const first = await createNamespace('first');
    const second = await createNamespace('second');
    const seqAt = async (as_of: bigint) => (await viewAt(server.context, catalog_id, as_of)).seq;
    expect(await seqAt(first.committed_at_ns)).toBe(first.seq);
    expect(await seqAt(second.committed_at_ns - 1n)).toBe(first.seq);
    expect(await seqAt(second.committed_at_ns)).toBe(second.seq);
    expect(await seqAt(first.committed_at_ns - 1n)).toBe(first.seq - 1);
    expect(await seqAt(await madeAt())).toBe(0);
  });

  test('before the catalog was made is refused: it is in another unit, most often', async () => {
    const newest = await createNamespace('young');
    const refused = { code: 'invalid_as_of', message: expect.stringContaining('Times are nanoseconds since 1970') };
    const milliseconds = newest.committed_at_ns / 1_000_000n;
    for (const as_of of [(await madeAt()) - 1n, milliseconds, 0n, -1n]) {
      await expect(viewAt(server.context, catalog_id, as_of)).rejects.toMatchObject(refused);
    }
  });

  const madeAt = async () => {
    const catalog = server.context.db.reader.selectFrom('catalogs').select('created_at_ns');
    return (await catalog.executeTakeFirstOrThrow()).created_at_ns;
  };

  test('between the newest commit and now is the newest commit', async () => {
    const newest = await createNamespace('newest');
    clock.advanceSeconds(60);
    const view = await viewAt(server.context, catalog_id, newest.committed_at_ns + 30_000_000_000n);
    expect(view.seq).toBe(newest.seq);
  });

  test('in the future is refused, because commits to come would change the answer', async () => {
    const future = clock.nowNs() + 1_000_000_000n;
    await expect(viewOf(server.context, { as_of: future })).rejects.toMatchObject({ code: 'invalid_as_of' });
  });

  test('is in the future by the clock of the store, whatever the clock of the server says', async () => {
    const ahead = { ...server.context, clock: new ManualClock(clock.nowNs() + 60_000_000_000n) };
    const refused = viewAt(ahead, catalog_id, clock.nowNs() + 1_000_000_000n);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_as_of' });
  });

  test('left out is the newest state', async () => {
    const head = await viewHead(server.context.db.reader, catalog_id);
    expect((await viewOf(server.context, {})).view.seq).toBe(head.seq);
  });

  test('taken before a commit keeps its answer after it', async () => {
    const as_of = clock.nowNs();
    const before = await viewAt(server.context, catalog_id, as_of);
    await createNamespace('later');
    expect(await viewAt(server.context, catalog_id, as_of)).toEqual(before);
  });
});

describe('a table read back in time', () => {
  test('is found under the name it had and under the name it has', async () => {
    await createNamespace('renames');
    const made = await createTable('renames', 'old');
    await change('POST', '/v1/namespaces/renames/tables/old/rename?new_name=new');
    const then = made.committed_at_ns;
    const [asOld, asNew] = await Promise.all([describeAt('renames.old', then), describeAt('renames.new', then)]);
    expect(asOld.body).toMatchObject({ table_name: 'old', seq: made.seq });
    expect(asNew.body).toEqual(asOld.body);
  });

  test('is the one that had the name then, even when another has it now', async () => {
    await createNamespace('swaps');
    const a = await createTable('swaps', 'a');
    const b = await createTable('swaps', 'b');
    await change('POST', '/v1/namespaces/swaps/tables/a/rename?new_name=c');
    const swapped = await change('POST', '/v1/namespaces/swaps/tables/b/rename?new_name=a');
    const ids = async (as_of: bigint) => (await describeAt('swaps.a', as_of)).body.table_id;
    const first = await ids(a.committed_at_ns);
    expect(await ids(b.committed_at_ns)).toBe(first);
    expect(await ids(swapped.committed_at_ns)).not.toBe(first);
  });

  test('is found through the old and the new name of its namespace', async () => {
    await createNamespace('house');
    const made = await createTable('house', 't');
    await change('PUT', '/v1/namespaces/house', { new_name: 'home' });
    for (const name of ['house.t', 'home.t']) {
      const answer = await describeAt(name, made.committed_at_ns);
      expect(answer.body).toMatchObject({ table_name: 't', namespace: 'house' });
    }
  });

  test('is there before it was dropped and not before it was made', async () => {
    const before = await createNamespace('drops');
    const made = await createTable('drops', 't');
    const dropped = await change('DELETE', '/v1/namespaces/drops/tables/t');
    expect((await describeAt('drops.t', made.committed_at_ns)).status).toBe(200);
    expect((await describeAt('drops.t', dropped.committed_at_ns)).status).toBe(404);
    expect((await describeAt('drops.t', before.committed_at_ns)).status).toBe(404);
    await change('DELETE', '/v1/namespaces/drops');
    expect((await describeAt('drops.t', made.committed_at_ns)).status).toBe(200);
  });
});
