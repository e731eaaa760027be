import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { findNamespace } from '../snapshots/namespaces.ts';
import { viewHead } from '../snapshots/view.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import type { Change } from './change.ts';
import { type CommitRequest, commit } from './commit.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(clock?: Clock): Promise<TestServer> {
  const server = await startTestServer(clock ? { clock } : {});
  servers.push(server);
  return server;
}

function commitOn<T extends object>(server: TestServer, request: Omit<CommitRequest<T>, 'catalog' | 'operation'>) {
  const context = server.requestContext();
  return commit(context, { catalog: catalogNamed(context, null), operation: 'test', ...request });
}

async function insertNamespace(change: Change, name: string): Promise<string> {
  const namespace_id = change.context.newId();
  const { catalog_id } = change.catalog;
  await change.insert('namespaces', [{ namespace_id, catalog_id, name, properties: {} }]);
  change.touch({ object_id: namespace_id, kind: 'alter' });
  return namespace_id;
}

const headOf = (server: TestServer) =>
  viewHead(server.context.db.reader, catalogNamed(server.context, null).catalog_id);

/** How many rows the tables hold that commits write to. */
async function rowCounts(server: TestServer): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['commits', 'touches', 'operations', 'outbox', 'namespaces'] as const) {
    counts[table] = (await server.context.db.reader.selectFrom(table).select('catalog_id').execute()).length;
  }
  return counts;
}

const create = (server: TestServer, namespace: string, query = '') =>
  server.request('POST', `/v1/namespaces${query}`, { namespace });

describe('an operation id', () => {
  test('is done once and answered alike', async () => {
    const server = await start();
    const first = await create(server, 'ns', '?operation_id=op_1');
    const again = await create(server, 'ns', '?operation_id=op_1');
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(201);
    expect((await headOf(server)).seq).toBe(1);
  });

  test('is done once when the repetition comes at the same time', async () => {
    const server = await start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(server, 'ns', '?operation_id=op_1')));
    expect(new Set(answers.map(({ body }) => body.seq))).toEqual(new Set([1]));
  });

  test('is refused with another payload or for another operation', async () => {
    const server = await start();
    await create(server, 'ns', '?operation_id=op_1');
    const reused = { status: 409, body: { error: { code: 'operation_id_reused', retryable: false } } };
    expect(await create(server, 'other', '?operation_id=op_1')).toMatchObject(reused);
    expect(await server.request('DELETE', '/v1/namespaces/ns?operation_id=op_1')).toMatchObject(reused);
  });

  test('of a refused operation stays free', async () => {
    const server = await start();
    const drop = () => server.request('DELETE', '/v1/namespaces/ns?operation_id=op_1');
    expect((await drop()).status).toBe(404);
    await create(server, 'ns');
    expect((await drop()).status).toBe(200);
  });

  test('is remembered when there was nothing to change', async () => {
    const server = await start();
    await create(server, 'ns');
    const alter = () => server.request('PUT', '/v1/namespaces/ns?operation_id=op_1', {});
    const first = await alter();
    expect(first.body).toMatchObject({ altered: false, seq: null, committed_at_ns: null });
    expect((await alter()).body).toEqual(first.body);
    expect((await headOf(server)).seq).toBe(1);
  });
});

describe('time', () => {
  const clocks: { title: string; clock: () => Clock }[] = [
    { title: 'stands still', clock: () => ({ nowNs: () => 1_000n }) },
    {
      title: 'runs backward',
      clock: () => {
        let now = 1_000_000n;
        return { nowNs: () => (now -= 10n) };
      },
    },
  ];
  test.each(clocks)('commits get later and later when the clock $title', async ({ clock }) => {
    const server = await start(clock());
    const times: bigint[] = [];
    for (const name of ['a', 'b', 'c']) times.push((await create(server, name)).body.committed_at_ns);
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0n))).toBe(true);
    const path = '/v1/namespaces/a/tables';
    const made = (await server.request('POST', path, { table: 't' })).body;
    await server.request('PUT', `${path}/t`, { table_description: 'later' });
    const then = await server.request('GET', `${path}/t?as_of=${made.committed_at_ns}`);
    expect(then.body.description).toBeNull();
  });
});

describe('a commit', () => {
  test('numbers many that come at once without a gap', async () => {
    const server = await start();
    const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => create(server, `ns${index}`)));
    const seqs = answers.map(({ body }) => body.seq).sort((a, b) => a - b);
    expect(seqs).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect((await server.request('GET', '/v1/namespaces')).body).toHaveLength(300);
  });

  test('that is refused while deciding leaves nothing', async () => {
    const server = await start();
    await create(server, 'before');
    const [head, rows] = [await headOf(server), await rowCounts(server)];
    const refused = commitOn(server, {
      idempotency: { operation_id: 'op', payload: {} },
      async decide(change) {
        await insertNamespace(change, 'half');
        change.event('purge', {});
        throw new Error('changed my mind');
      },
    });
    await expect(refused).rejects.toThrow('changed my mind');
    expect([await headOf(server), await rowCounts(server)]).toEqual([head, rows]);
  });

  test('without a change is none', async () => {
    const server = await start();
    const answer = await commitOn(server, { decide: async () => ({ fine: true }) });
    expect(answer).toEqual({ fine: true, seq: null, committed_at_ns: null });
    expect(await rowCounts(server)).toMatchObject({ commits: 0 });
  });

  test('that ends a row which is no longer there is refused', async () => {
    const server = await start();
    await create(server, 'ns');
    const { reader } = server.context.db;
    const row = await findNamespace(reader, await headOf(server), 'ns');
    const end = () =>
      commitOn(server, {
        async decide(change) {
          await change.end('namespaces', [row?.row_id ?? 0]);
          change.touch({ object_id: 'x', kind: 'drop' });
          return {};
        },
      });
    await end();
    const head = await headOf(server);
    await expect(end()).rejects.toMatchObject({ code: 'concurrent_modification', retryable: true });
    expect(await headOf(server)).toEqual(head);
  });

  test('records who did what, with its change-set and its events', async () => {
    const server = await start();
    const id = await commitOn(server, {
      message: 'why',
      async decide(change) {
        change.event('purge', { at: 2n ** 63n - 1n });
        return { id: await insertNamespace(change, 'ns') };
      },
    });
    const { reader } = server.context.db;
    const [commits, touches, outbox] = await Promise.all([
      reader.selectFrom('commits').selectAll().execute(),
      reader.selectFrom('touches').selectAll().execute(),
      reader.selectFrom('outbox').selectAll().execute(),
    ]);
    expect(commits).toMatchObject([{ seq: 1, operation: 'test', message: 'why', author: null }]);
    expect(touches).toMatchObject([{ object_id: id.id, kind: 'alter', seq: 1 }]);
    expect(outbox[0]).toMatchObject({ kind: 'commit', seq: commits[0]?.seq });
    expect(outbox.slice(1)).toMatchObject([{ kind: 'purge', payload: { at: 2n ** 63n - 1n } }]);
  });
});
