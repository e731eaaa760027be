import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../testing/server.ts';
import { KEYED, PLAIN, startWriting, type Writing } from '../testing/writing.ts';
import { expireWriteSessions } from './expire.ts';

let clock: ManualClock;
let w: Writing;

beforeEach(async () => {
  clock = new ManualClock();
  w = await startWriting(clock);
  await w.createTable('t');
});
afterEach(() => w.close());

const openAt = (table: string, body: object) => w.post(`/v1/namespaces/n/tables/${table}/write-sessions`, body);
const get = (session_id: string) => w.server.request('GET', `/v1/write-sessions/${session_id}`);
const heartbeat = (id: string, session_version: number) =>
  w.post(`/v1/write-sessions/${id}/heartbeat`, { session_version });
const abort = (id: string, session_version: number) =>
  w.post(`/v1/write-sessions/${id}/abort`, { session_version, reason: 'not needed' });

test('a session tells where files go and what they must look like', async () => {
  const session = (await openAt('t', { mode: 'merge', format: 'parquet' })).body;
  expect(session).toMatchObject({
    ...{
      session_version: 1,
      status: 'OPEN',
      mode: 'merge',
      format: 'parquet',
      layout: null,
      namespace: 'n',
      table: 't',
    },
    ...{ table_exists: true, table_version: '1', merge_keys: ['id'], target_records_per_file: 4_000_000 },
  });
  expect(session.schema.map((field: { name: string }) => field.name)).toEqual(['id', 'v']);
  expect(session.schema_serialized).toBeTypeOf('string');
  expect(session.data_dir.startsWith(`${w.server.root}/data/`)).toBe(true);
  expect(session.data_dir.endsWith(session.session_id)).toBe(true);
});

test('the rows of one file are limited by the property of the table', async () => {
  await w.createTable('small', { schema_def: PLAIN, table_properties: { records_per_compacted_file: 10 } });
  expect((await openAt('small', {})).body.target_records_per_file).toBe(10);
});

test('a partitioned table that is missing keeps the scheme id that its session told', async () => {
  const create_if_missing = { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } };
  const session = (await openAt('fresh', { create_if_missing })).body;
  expect(session).toMatchObject({ table_exists: false, schema: [{ name: 'id' }, { name: 'v' }] });
  const entry = await w.put(session.data_dir, [{ id: 1, v: 'x' }], PLAIN);
  const partition = { partition_values: ['x'], partition_scheme_id: session.partition_scheme.id };
  const committed = await w.commit(session, [{ ...entry, ...partition }]);
  expect(committed.body).toMatchObject({ status: 'COMMITTED', deltas_written: 1 });
});

describe('a session is refused', () => {
  test.each<[string, string, object, number, string]>([
    ['on a missing table in a mode that makes none', 'nope', { mode: 'append' }, 404, 'table_not_found'],
    ['on a missing version', 't', { mode: 'append', table_version: '7' }, 404, 'table_version_not_found'],
    ['to create what is there', 't', { mode: 'create' }, 409, 'name_taken'],
    ['to merge without merge keys', 'plain', { mode: 'merge' }, 400, 'merge_keys_required'],
    ['to delete without merge keys', 'plain', { mode: 'delete' }, 400, 'merge_keys_required'],
    ['to replace partitions of an unpartitioned table', 't', { mode: 'replace_partition' }, 400, 'invalid_request'],
    ['on an unknown data root', 't', { root: 'moon' }, 400, 'invalid_request'],
    ['with a schema that cannot be', 'x', { create_if_missing: { schema_def: [] } }, 400, 'invalid_schema'],
    ['with a mode that is none', 't', { mode: 'upside_down' }, 422, 'invalid_input'],
  ])('%s', async (_title, ...[table, body, status, code]) => {
    await w.createTable('plain', { schema_def: PLAIN });
    const before = await w.state();
    const answer = await openAt(table, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(await w.state()).toEqual(before);
  });
});

test('every change of a session raises its version, and a stale version is refused', async () => {
  const { session_id } = await w.open('t');
  expect((await heartbeat(session_id, 1)).body).toMatchObject({ session_version: 2, status: 'OPEN' });
  const stale = await heartbeat(session_id, 1);
  expect([stale.status, stale.body.error.code]).toEqual([409, 'session_version_mismatch']);
  expect((await abort(session_id, 1)).body.error.code).toBe('session_version_mismatch');
  expect((await abort(session_id, 2)).body).toMatchObject({
    session_version: 3,
    status: 'ABORTED',
    abort_reason: 'not needed',
  });
});

test('an aborted session takes no heartbeat, no second abort and no commit', async () => {
  const session = await w.open('t');
  const entry = await w.put(session.data_dir, [{ id: 1, v: 'a' }]);
  await abort(session.session_id, 1);
  const before = await w.state();
  const refusals = [
    await heartbeat(session.session_id, 2),
    await abort(session.session_id, 2),
    await w.commit({ ...session, session_version: 2 }, [entry]),
  ];
  for (const { status, body } of refusals) expect([status, body.error.code]).toEqual([409, 'write_session_closed']);
  expect(refusals[2]?.body.error.message).toContain('ABORTED');
  expect(await w.state()).toEqual(before);
});

test('a session without a heartbeat in time expires at the next look, and nothing of it becomes visible', async () => {
  const session = await w.open('t');
  const entry = await w.put(session.data_dir, [{ id: 1, v: 'a' }]);
  clock.advanceSeconds(3_601);
  const before = await w.state();
  const refused = await w.commit(session, [entry]);
  expect([refused.status, refused.body.error.code]).toEqual([409, 'write_session_closed']);
  expect(refused.body.error.message).toContain('EXPIRED');
  expect((await get(session.session_id)).body).toMatchObject({ status: 'EXPIRED', session_version: 2 });
  expect(await w.state()).toEqual(before);
});

test('heartbeats keep a session alive beyond its first time to live', async () => {
  const session = await w.open('t');
  clock.advanceSeconds(3_000);
  await heartbeat(session.session_id, 1);
  clock.advanceSeconds(3_000);
  expect((await get(session.session_id)).body.status).toBe('OPEN');
});

test('the sweep ends exactly the sessions whose time has run out', async () => {
  const old = await w.open('t');
  clock.advanceSeconds(3_000);
  const young = await w.open('t');
  clock.advanceSeconds(700);
  expect(await expireWriteSessions(w.server.context)).toBe(1);
  expect(await expireWriteSessions(w.server.context)).toBe(0);
  expect((await get(old.session_id)).body.status).toBe('EXPIRED');
  expect((await get(young.session_id)).body.status).toBe('OPEN');
});

test('a session that does not exist is not found, in every call', async () => {
  const answers = [
    await get('nope'),
    await heartbeat('nope', 1),
    await abort('nope', 1),
    await w.commit({ session_id: 'nope', session_version: 1, data_dir: '', format: 'parquet' }, []),
  ];
  for (const { status, body } of answers) expect([status, body.error.code]).toEqual([404, 'write_session_not_found']);
});

describe('a write key', () => {
  const keyed = { write_key: 'k', owner_key: 'me', mode: 'merge' };

  test('finds the open session of its owner again', async () => {
    const first = await w.open('t', keyed);
    expect((await w.open('t', keyed)).session_id).toBe(first.session_id);
  });

  test('of another owner, table or mode opens another session', async () => {
    await w.createTable('other');
    const ids = [
      await w.open('t', keyed),
      await w.open('t', { ...keyed, owner_key: 'you' }),
      await w.open('t', { ...keyed, owner_key: null }),
      await w.open('t', { ...keyed, mode: 'append' }),
      await w.open('other', keyed),
    ].map(({ session_id }) => session_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('does not find a session that is closed or has expired', async () => {
    const first = await w.open('t', keyed);
    await w.commit(first, []);
    const second = await w.open('t', keyed);
    expect(second.session_id).not.toBe(first.session_id);
    clock.advanceSeconds(3_601);
    expect((await w.open('t', keyed)).session_id).not.toBe(second.session_id);
  });

  test('that a writer derived from its arguments never finds an open session', async () => {
    const derived = { ...keyed, write_key: 'auto:0123' };
    expect((await w.open('t', derived)).session_id).not.toBe((await w.open('t', derived)).session_id);
  });
});

test('a repeated opening with its operation id is the same session; with another payload it is refused', async () => {
  const first = await w.open('t', { operation_id: 'o' });
  expect((await w.open('t', { operation_id: 'o' })).session_id).toBe(first.session_id);
  const other = await openAt('t', { operation_id: 'o', mode: 'append' });
  expect([other.status, other.body.error.code]).toEqual([409, 'operation_id_reused']);
});

test('opening, keeping and giving up a session leave the catalog at the same commit', async () => {
  const before = await w.state();
  const { session_id } = await w.open('t', { create_if_missing: { schema_def: KEYED } });
  await heartbeat(session_id, 1);
  await abort(session_id, 2);
  expect(await w.state()).toEqual(before);
});
