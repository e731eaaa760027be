import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogNamed } from '../roots/catalogs.ts';
import { ManualClock } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED, PLAIN } from '../testing/writing.ts';
import { cleanTransactions } from './clean.ts';
import { expireTransactions } from './expire.ts';

/** What went wrong in other catalogs, each by the name under which their users reported it. */

let on: Transacting;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  on = await startTransacting(clock);
});
afterEach(() => on.close());

const TABLE = '/v1/namespaces/n/tables/t';
const TABLES = '/v1/namespaces/n/tables';
const many = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

test('duplicate create: of many creates of one name exactly one makes the table, whatever way it is made', async () => {
  const opened = await many(4, () => on.opened('t', { mode: 'create', create_if_missing: { schema_def: KEYED } }));
  const transactions = await many(4, () => on.begin());
  const create = () => on.post(TABLES, { table: 't', schema_def: KEYED });
  const answers = await Promise.all([
    ...opened.map(({ session, entry }) => on.commit(session, [entry])),
    ...transactions.map(async (tx) => {
      await on.must(tx.call('POST', TABLES, { table: 't', schema_def: KEYED }));
      return tx.commit();
    }),
    ...transactions.map(create),
  ]);
  const won = answers.filter(({ status }) => status < 300);
  expect(won).toHaveLength(1);
  for (const { status, body } of answers.filter((answer) => !won.includes(answer))) {
    expect([status, body.error.code]).toEqual([409, expect.toBeOneOf(['name_taken', 'concurrent_modification'])]);
  }
  const { body } = await on.server.request('GET', TABLES);
  expect(body).toHaveLength(1);
});

test('create and drop race: every call is answered as if they came one after another, never by 5xx', async () => {
  const answers = await many(40, (index) =>
    index % 2 === 0 ? on.post(TABLES, { table: 't', schema_def: KEYED }) : on.server.request('DELETE', TABLE),
  );
  const outcomes = answers.map(({ status }) => status);
  for (const status of outcomes) expect([200, 201, 404, 409]).toContain(status);
  const created = outcomes.filter((status) => status === 201).length;
  const dropped = outcomes.filter((status) => status === 200).length;
  const { exists } = (await on.server.request('GET', `${TABLE}/exists`)).body;
  expect(created - dropped).toBe(exists ? 1 : 0);
});

test('stale version: it is a conflict, 409, and not a bad request', async () => {
  await on.createTable('t');
  const tx = await on.begin();
  await on.must(tx.call('PUT', TABLE, { table_properties: { a: 1 } }));
  const stale = { transaction_version: 1 };
  const { session, entry } = await on.opened();
  const answers = [
    await on.server.request('POST', `/v1/transactions/${tx.id}/commit`, stale),
    await on.server.request('PUT', `${TABLE}?transaction_id=${tx.id}&transaction_version=1`, { table_properties: {} }),
    await on.commit({ ...session, session_version: 7 }, [entry]),
    await on.server.request('PUT', TABLE, {
      schema_updates: { operations: [{ op: 'add', field: { name: 'x', type: 'int64' } }], base_schema_id: 9 },
    }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([409, 409, 409, 409]);
});

test('unknown outcome: a commit that could not be made durable is 503, and may be sent again', async () => {
  await on.createTable('t', { schema_def: PLAIN });
  const { db } = on.server.context;
  const { catalog_id } = catalogNamed(on.server.context, null);
  // A reference that is checked only at COMMIT, and then found broken, makes the COMMIT itself fail.
  await db.unit(catalog_id, async (queries) => {
    await sql`create table parents (id integer primary key)`.execute(queries);
    await sql`create table children (p integer references parents (id) deferrable initially deferred)`.execute(queries);
  });
  const tx = await on.begin();
  await tx.write('t', [{ id: 1, v: 'a' }], 'append');
  const [answer] = await Promise.all([
    tx.commit(),
    db.unit(catalog_id, (queries) => sql`insert into children values (1)`.execute(queries)).catch(() => null),
  ]);
  // Whether the two share a group is up to time; where they do, nobody's change is durable.
  expect([200, 503]).toContain(answer.status);
  if (answer.status === 503) expect(answer.body.error).toMatchObject({ code: 'service_unavailable', retryable: true });
  expect((await tx.commit()).status).toBe(200);
  expect(await on.rows('t')).toEqual(['1 a']);
});

test('double-applied retry: a change that is sent again by its operation id is there once', async () => {
  await on.createTable('t', { schema_def: PLAIN });
  const data = { data: { id: [1], v: ['a'] } };
  const again = () => on.post(`${TABLE}/write?mode=append&operation_id=op-1`, data);
  const answers = await many(6, again);
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.seq}`)).size).toBe(1);
  const tx = await on.begin();
  const opening = { mode: 'append', transaction_id: tx.id, operation_id: 'op-2' };
  const sessions = await many(3, () => on.open('t', opening));
  expect(new Set(sessions.map(({ session_id }) => session_id)).size).toBe(1);
  const [session] = sessions;
  if (!session) throw new Error('no session was opened');
  const entry = await on.put(session.data_dir, [{ id: 2, v: 'b' }], PLAIN);
  const attached = await many(3, () => on.commit(session, [entry], { operation_id: 'op-3' }));
  expect(attached.map(({ status }) => status)).toEqual([200, 200, 200]);
  const transaction_version = attached[0]?.body.transaction_version;
  const committed = await many(3, () => on.post(`/v1/transactions/${tx.id}/commit`, { transaction_version }));
  expect(new Set(committed.map(({ status, body }) => `${status} ${body.seq}`)).size).toBe(1);
  expect(await on.rows('t')).toEqual(['1 a', '2 b']);
});

test('compaction after expiry: merging rows goes on, with nothing of what expired, before and after it is removed', async () => {
  await on.createTable('t');
  await on.write('t', [{ id: 1, v: 'a' }]);
  const tx = await on.begin();
  await tx.write('t', [{ id: 1, v: 'never' }]);
  const { session, entry } = await on.opened('t', { mode: 'merge' });
  const rewrite = async () => {
    const { body } = await on.must(on.server.requestAs({})('POST', `${TABLE}/plan`));
    expect(body.requires_mor).toBe(false);
  };
  clock.advanceSeconds(4_000);
  await rewrite();
  await expireTransactions(on.server.context);
  await on.write('t', [{ id: 1, v: 'b' }]);
  await rewrite();
  await cleanTransactions(on.server.context);
  await on.write('t', [{ id: 1, v: 'c' }]);
  await rewrite();
  expect(await on.commit(session, [entry])).toMatchObject({ status: 409 });
  expect(await on.rows('t')).toEqual(['1 c']);
  expect(await on.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
});

test('dropped name that comes back: what was meant for the old table never gets into the new one', async () => {
  await on.createTable('t');
  const { session, entry } = await on.opened('t', { mode: 'append' });
  const tx = await on.begin();
  await tx.write('t', [{ id: 1, v: 'old' }]);
  const plan = await on.must(on.post(`${TABLE}/plan`));
  await on.must(on.server.request('DELETE', TABLE));
  await on.createTable('t');
  await on.write('t', [{ id: 2, v: 'new' }]);
  const conflict = { status: 409, body: { error: { code: 'concurrent_modification' } } };
  expect(await on.commit(session, [entry])).toMatchObject(conflict);
  expect(await tx.commit()).toMatchObject(conflict);
  expect(await on.rows('t')).toEqual(['2 new']);
  expect(await on.rows('t', `?as_of=${plan.body.as_of}`)).toEqual([]);
});

test('append conflicts: 32 that append to one table at once all succeed', async () => {
  await on.createTable('t', { schema_def: PLAIN });
  const opened = await many(32, async (id) => {
    const session = await on.open('t', { mode: 'append' });
    return { session, entry: await on.put(session.data_dir, [{ id, v: 'x' }], PLAIN) };
  });
  const answers = await Promise.all(opened.map(({ session, entry }) => on.commit(session, [entry])));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const transactions = await many(8, async (id) => {
    const tx = await on.begin();
    await tx.write('t', [{ id: 100 + id, v: 'y' }], 'append');
    return tx;
  });
  const committed = await Promise.all(transactions.map((tx) => tx.commit()));
  expect(new Set(committed.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await on.positions()).toEqual(Array.from({ length: 40 }, (_, index) => BigInt(index + 1)));
});
