import { API, type Endpoint, type OperationName } from '@deltacat/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { Transaction } from './transaction.ts';

let server: TestServer;
let client: Client;
let other: Client;
let tx: Transaction;
let sent = 0;

beforeAll(async () => {
  server = await startTestServer();
  const fetch = (url: string, init: RequestInit) => {
    sent += 1;
    return server.fetch(url, init);
  };
  client = new Client('http://test', { fetch });
  other = new Client('http://test', { fetch });
  const schema_def = [{ name: 'id', type: 'int64' }];
  await client.catalog.createTable({ ...table, schema_def, auto_create_namespace: true });
});
afterAll(() => server.close());
beforeEach(async () => {
  tx = await client.transaction();
});

const table = { namespace: 'n', table: 't' };

/** A call is refused with a code and words that say what to do, and nothing was sent for it. */
async function refused(call: () => Promise<unknown>, code: string, words: string): Promise<void> {
  const before = sent;
  // A call may also throw at once.
  await expect((async () => call())()).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  expect(sent).toBe(before);
}

/** Inside of some work; a refusal there is looked at, and the work goes on. */
async function inside(work: (ambient: Transaction) => Promise<unknown>): Promise<void> {
  await client.transaction(async (ambient) => {
    await work(ambient);
    expect(ambient.status).toBe('RUNNING');
  });
}

type Call = (more: object) => Promise<unknown>;

/** Every kind of call that may be in a transaction. */
const CALLS: [string, Call][] = [
  ['read', (more) => client.catalog.read({ ...table, ...more })],
  ['plan', (more) => client.catalog.plan({ ...table, ...more })],
  ['preview', (more) => client.catalog.preview({ ...table, ...more })],
  ['stage', (more) => client.catalog.stage({ ...table, ...more })],
  ['write', (more) => client.catalog.write([{ id: 1 }], { ...table, ...more })],
  ['write of files', (more) => client.catalog.write('/nowhere/*.parquet', { ...table, ...more })],
  ['commit', (more) => client.catalog.commit({ ...table, entries: [], ...more })],
  ['createTable', (more) => client.catalog.createTable({ ...table, ...more })],
  ['tableExists', (more) => client.catalog.tableExists({ ...table, ...more })],
  ['listNamespaces', (more) => client.catalog.listNamespaces({ ...more })],
  ['a call by name', (more) => client.call('drop_table', { ...table, ...more })],
];

describe('a catalog', () => {
  test.each(CALLS)('is refused by %s with a transaction', async (_, call) => {
    const code = 'invalid_request';
    await refused(() => call({ catalog: 'default', transaction: tx }), code, 'catalog cannot be given inside');
    await inside(() => refused(() => call({ catalog: 'default' }), code, 'Leave it out'));
  });

  test('is refused beside a session of another', async () => {
    const session = await client.catalog.stage({ ...table, transaction: tx });
    const commit = (more: object) => () => client.catalog.commit({ session, entries: [], ...more });
    await refused(commit({ catalog: 'elsewhere' }), 'invalid_request', 'not to catalog "elsewhere"');
    const another = await client.transaction();
    await refused(commit({ transaction: another }), 'invalid_request', `not to transaction "${another.id}"`);
    expect(await commit({ catalog: 'default', transaction: tx })()).toMatchObject({ status: 'ATTACHED' });
  });

  test('of something that is found by its id is its own, and another is refused', async () => {
    const { session_id } = await client.catalog.stage({ ...table, transaction: tx });
    const elsewhere = new Client('http://test', { fetch: server.fetch as never, catalog: 'elsewhere' });
    expect((await elsewhere.getTransaction(tx.id)).catalog).toBe('default');
    expect((await elsewhere.catalog.getWriteSession({ session_id })).state.catalog).toBe('default');
    await expect(client.getTransaction(tx.id, { catalog: 'elsewhere' })).rejects.toMatchObject({
      code: 'catalog_not_found',
    });
  });
});

describe('a time', () => {
  const timed = CALLS.filter(([name]) => ['read', 'plan', 'preview', 'tableExists'].includes(name));
  test.each(timed)('is refused by %s in a transaction', async (_, call) => {
    const words = 'client.transaction({ as_of })';
    await refused(() => call({ as_of: 1n, transaction: tx }), 'invalid_request', words);
    await inside(() => refused(() => call({ as_of: 1n }), 'invalid_request', words));
  });
});

describe('a transaction', () => {
  test.each(CALLS)('of another client is refused by %s', async (_, call) => {
    const foreign = await other.transaction();
    await refused(() => call({ transaction: foreign }), 'invalid_request', 'client.getTransaction(id)');
    await inside(() => refused(() => call({ transaction: foreign }), 'invalid_request', 'another Client'));
  });

  test.each(CALLS)('that is over is refused by %s', async (_, call) => {
    await tx.abort('enough');
    await refused(() => call({ transaction: tx }), 'transaction_closed', 'open a new one');
    let late: () => Promise<unknown> = async () => {};
    await client.transaction(async (ambient) => {
      await ambient.commit();
      late = () => call({});
      await refused(late, 'transaction_closed', 'visible already');
    });
  });

  test('that is over refuses what is left of its work', async () => {
    let late: Promise<unknown> = Promise.resolve();
    const over = Promise.withResolvers<void>();
    await client.transaction(async () => {
      late = over.promise.then(() => client.catalog.read(table));
    });
    const before = sent;
    over.resolve();
    await expect(late).rejects.toMatchObject({ code: 'transaction_closed' });
    expect(sent).toBe(before);
  });

  test('is what answers one, and nothing else', async () => {
    // Plain JavaScript may give anything.
    for (const transaction of [tx.id, tx.state, {}, client.transaction()]) {
      const read = () => client.catalog.read({ ...table, transaction: transaction as Transaction });
      await expect(read()).rejects.toMatchObject({ code: 'invalid_input', message: /client.transaction\(\)/ });
    }
  });

  test('is named once', async () => {
    const both = { transaction: tx, transaction_id: tx.id };
    await refused(() => client.catalog.listNamespaces(both), 'invalid_input', 'Choose one');
  });

  test('can be named by its id, by whoever keeps its versions himself', async () => {
    await inside(async () => {
      const raw = { transaction_id: tx.id, transaction_version: tx.version };
      await client.catalog.createNamespace({ namespace: 'raw', ...raw });
      expect(await client.catalog.namespaceExists({ namespace: 'raw' })).toBe(false);
    });
    await tx.get();
    expect(await client.catalog.namespaceExists({ namespace: 'raw', transaction: tx })).toBe(true);
  });

  test('cannot be opened for work inside of the work of another', async () => {
    await inside(() => refused(() => client.transaction(async () => {}), 'invalid_request', 'transaction: tx'));
    const free = await client.transaction(async () => client.transaction());
    expect(free.status).toBe('RUNNING');
    await free.abort();
  });

  test('is opened with what is known of it', async () => {
    const options = { commit_mesage: 'x' };
    await refused(() => client.transaction(options as object), 'invalid_input', 'no field "commit_mesage"');
    for (const retries of [-1, 0.5, 1_000]) {
      await refused(() => client.transaction({ retries }, async () => {}), 'invalid_input', 'from 0 to 100');
    }
    await refused(() => client.transaction({ retries: 1 } as object), 'invalid_input', 'no field "retries"');
  });
});

/** Operations that take a transaction and cannot be in one, or change the content of a catalog without one. */
const ALONE = Object.values<Endpoint>(API).filter(
  ({ transactional, role, params, query, body }) =>
    !transactional &&
    ('transaction_id' in query || 'transaction_id' in body || ('namespace' in params && role !== 'READER')),
);

describe('what is done at once', () => {
  test('is known by the table', () => {
    const names = ALONE.map(({ op }) => op);
    expect(names).toEqual(expect.arrayContaining(['write_data', 'truncate_table', 'rollback_table']));
  });

  test.each(ALONE.map(({ op }) => op))('is refused in a transaction: %s', async (name) => {
    // The table has no other names.
    const call = (more: object) => () => client.call(name as OperationName, { ...table, ...more } as never);
    await refused(call({ transaction: tx }), 'not_transactional', 'Call it before the transaction or after it');
    await inside(() => refused(call({}), 'not_transactional', `${name} cannot be a part of transaction`));
  });

  test('is refused of its methods too', async () => {
    await inside(async () => {
      const methods = [
        () => client.catalog.writeData({ ...table, data: [{ id: 1 }] }),
        () => client.catalog.truncateTable(table),
        () => client.catalog.rollbackTable({ ...table, as_of: 1n }),
      ];
      for (const method of methods) await refused(method, 'not_transactional', 'at once');
    });
    expect((await client.catalog.read(table)).numRows).toBe(0);
  });

  test('is the commit of a session that was opened outside', async () => {
    await using session = await client.catalog.stage({ ...table, mode: 'append' });
    await inside(() => refused(() => session.commit([]), 'not_transactional', 'Stage it inside'));
    expect((await session.commit([])).status).toBe('COMMITTED');
  });
});

test('what was committed is told inside as outside', async () => {
  const before = await client.catalog.listTableHistory(table);
  await client.transaction(async (ambient) => {
    await client.catalog.write([{ id: 1 }], table);
    expect(await client.catalog.listTableHistory(table)).toEqual(before);
    await ambient.abort();
  });
});

test('what is about the server or the catalogs is called as ever', async () => {
  await inside(async () => {
    expect((await client.server.health()).status).toBe('ok');
    expect(await client.catalog.listCatalogs()).toHaveLength(1);
    expect((await client.catalog.describeCatalog({ catalog_name: 'default' })).name).toBe('default');
    expect((await client.catalog.listTransactions({ limit: 1 })).transactions).toHaveLength(1);
  });
});

test('calls of another client do not belong to the work of this one', async () => {
  await inside(async () => {
    await other.catalog.createNamespace({ namespace: 'others' });
    await expect(client.catalog.getNamespace({ namespace: 'others' })).rejects.toMatchObject({
      code: 'namespace_not_found',
    });
  });
});
