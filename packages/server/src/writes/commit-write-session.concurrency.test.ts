import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEYED, startWriting, type Writing } from '../testing/writing.ts';

const WRITERS = 32;

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
});
afterEach(() => w.close());

async function prepared(body: object) {
  const session = await w.open('t', body);
  return { session, entry: await w.put(session.data_dir, [{ id: 1, v: 'a' }]) };
}

const dense = Array.from({ length: WRITERS }, (_, index) => BigInt(index + 1));

test('appends at the same time all land, at dense positions', async () => {
  await w.createTable('t');
  const sessions = await Promise.all(dense.map(() => prepared({ mode: 'append' })));
  const answers = await Promise.all(sessions.map(({ session, entry }) => w.commit(session, [entry])));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await w.positions()).toEqual(dense);
  expect(new Set(answers.map(({ body }) => body.seq)).size).toBe(WRITERS);
  expect(await w.totals('t')).toEqual({ records: WRITERS, files: WRITERS, deltas: WRITERS });
});

test('automatic sessions on one missing table make it once, and all of them land', async () => {
  const create_if_missing = { schema_def: KEYED };
  const sessions = await Promise.all(dense.map(() => prepared({ create_if_missing })));
  const answers = await Promise.all(sessions.map(({ session, entry }) => w.commit(session, [entry])));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await w.positions()).toEqual(dense);
});

/** A session for each writer on the missing table, with a column of its own. */
function withOwnColumns(table_properties: object) {
  return Promise.all(
    dense.map(async (number) => {
      const fields = [{ name: `c${number}`, type: 'int64' }];
      const session = await w.open('t', { create_if_missing: { schema_def: fields, table_properties } });
      return { session, entry: await w.put(session.data_dir, [{ [`c${number}`]: 1 }], fields) };
    }),
  );
}

test('automatic sessions that bring columns of their own to a missing table all land, and it has all the columns', async () => {
  const sessions = await withOwnColumns({});
  const answers = await Promise.all(sessions.map(({ session, entry }) => w.commit(session, [entry])));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const { body } = await w.server.request('GET', '/v1/namespaces/n/tables/t');
  const names: string[] = body.schema.map(({ name }: { name: string }) => name);
  expect(new Set(names)).toEqual(new Set(dense.map((number) => `c${number}`)));
  expect(body.schema.map(({ field_id }: { field_id: number }) => field_id)).toEqual(names.map((_, index) => index));
  expect(body.schema_id).toBe(WRITERS - 1);
});

test('automatic sessions that disagree on a table that does not evolve: one makes it, and no file of the others gets in', async () => {
  const sessions = await withOwnColumns({ schema_evolution_mode: 'manual' });
  const answers = await Promise.all(sessions.map(({ session, entry }) => w.commit(session, [entry])));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused).toHaveLength(WRITERS - 1);
  for (const { body } of refused) expect(body.error.code).toBe('concurrent_modification');
  expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
});

test('of sessions that create one table, exactly one wins', async () => {
  const create_if_missing = { schema_def: KEYED };
  const sessions = await Promise.all(dense.map(() => prepared({ mode: 'create', create_if_missing })));
  const answers = await Promise.all(sessions.map(({ session, entry }) => w.commit(session, [entry])));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused).toHaveLength(WRITERS - 1);
  for (const { body } of refused) expect(body.error.code).toBe('name_taken');
  expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
});

test('appends and truncations at the same time leave totals that agree with what is visible', async () => {
  await w.createTable('t');
  const sessions = await Promise.all(dense.map(() => prepared({ mode: 'append' })));
  const answers = await Promise.all(
    sessions.map(({ session, entry }, index) =>
      index % 8 === 7 ? w.post('/v1/namespaces/n/tables/t/truncate') : w.commit(session, [entry]),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const { deltas } = await w.totals('t');
  expect(await w.positions()).toEqual(dense.slice(0, deltas));
});

test('a commit and an abort at the same time: one wins, and the session says which', async () => {
  await w.createTable('t');
  const { session, entry } = await prepared({});
  const { session_id } = session;
  const [committed, aborted] = await Promise.all([
    w.commit(session, [entry]),
    w.post(`/v1/write-sessions/${session_id}/abort`, { session_version: 1 }),
  ]);
  expect([committed.status, aborted.status].sort()).toEqual([200, 409]);
  const { body } = await w.server.request('GET', `/v1/write-sessions/${session_id}`);
  expect(body.status).toBe(committed.status === 200 ? 'COMMITTED' : 'ABORTED');
  expect((await w.totals('t')).records).toBe(committed.status === 200 ? 1 : 0);
});
