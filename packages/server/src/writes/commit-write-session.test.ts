import { pathToFileURL } from 'node:url';
import type { WriteEntry } from '@deltacat/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inPartition, KEYED, PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t');
});
afterEach(() => w.close());

test('a commit makes its files visible and says where they are in history', async () => {
  const { session, entry } = await w.opened();
  const answer = await w.commit(session, [entry], { operation_id: 'o', commit_message: 'first' });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    ...{
      status: 'COMMITTED',
      session_version: 2,
      committed: true,
      commit_status: 'COMMITTED',
      commit_operation_id: 'o',
    },
    ...{ files_registered: 1, deltas_written: 1, total_records: 1, total_bytes: entry.content_length, seq: 3 },
    committed_delta_locators: [{ stream_position: 1 }],
  });
  expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  expect(await w.totals('t', answer.body.committed_at_ns)).toEqual({ records: 1, files: 1, deltas: 1 });
  expect(await w.totals('t', answer.body.committed_at_ns - 1n)).toEqual({ records: 0, files: 0, deltas: 0 });
});

test('a commit of no files closes the session and changes nothing else', async () => {
  const session = await w.open('t');
  const before = await w.state();
  const { body } = await w.commit(session, []);
  expect(body).toMatchObject({ status: 'COMMITTED', deltas_written: 0, files_registered: 0, seq: null });
  expect(await w.state()).toEqual(before);
});

test('what the footer tells fills what the entry leaves out', async () => {
  const { session, entry } = await w.opened();
  const { body } = await w.commit(session, [{ path: pathToFileURL(entry.path).href }]);
  expect(body).toMatchObject({ total_records: 1, total_bytes: entry.content_length });
  const file = await w.server.context.db.reader.selectFrom('files').selectAll().executeTakeFirstOrThrow();
  expect(file).toMatchObject({ path: entry.path, schema_id: 0, content_encoding: 'identity', mandatory: true });
  const { stats } = await w.server.context.db.reader.selectFrom('file_stats').selectAll().executeTakeFirstOrThrow();
  expect(stats).toMatchObject({ id: { min: [1], max: [1], null_count: [0] }, v: { min: ['a'], max: ['a'] } });
});

describe('a repeated commit', () => {
  test('with its operation id and entries is answered alike and changes nothing', async () => {
    const { session, entry } = await w.opened();
    const first = await w.commit(session, [entry], { operation_id: 'o' });
    const before = await w.state();
    const second = await w.commit(session, [entry], { operation_id: 'o' });
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(await w.state()).toEqual(before);
  });

  test('arriving at the same time is done once', async () => {
    const { session, entry } = await w.opened();
    const answers = await Promise.all([1, 2, 3, 4].map(() => w.commit(session, [entry], { operation_id: 'o' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  });

  test('with the same operation id and other entries is refused', async () => {
    const { session, entry } = await w.opened();
    await w.commit(session, [entry], { operation_id: 'o' });
    const before = await w.state();
    const other = await w.commit(session, [], { operation_id: 'o' });
    expect([other.status, other.body.error.code]).toEqual([409, 'operation_id_reused']);
    expect(await w.state()).toEqual(before);
  });

  test('without an operation id finds the session closed', async () => {
    const { session, entry } = await w.opened();
    await w.commit(session, [entry]);
    const again = await w.commit({ ...session, session_version: 2 }, [entry]);
    expect([again.status, again.body.error.code]).toEqual([409, 'write_session_closed']);
    expect(again.body.error.message).toContain('COMMITTED');
  });

  test('of another session may use an operation id that one has used', async () => {
    for (const { session, entry } of [await w.opened(), await w.opened()]) {
      expect((await w.commit(session, [entry], { operation_id: 'o' })).status).toBe(200);
    }
  });
});

test('a stale session version is refused, and nothing changes', async () => {
  const { session, entry } = await w.opened();
  const before = await w.state();
  const answer = await w.commit({ ...session, session_version: 9 }, [entry]);
  expect([answer.status, answer.body.error.code]).toEqual([409, 'session_version_mismatch']);
  expect(await w.state()).toEqual(before);
});

const KEYLESS = [{ name: 'v', type: 'string' }];

test('a file of some columns has a schema of just these, shared by all that have the same', async () => {
  await w.createTable('wide', { schema_def: [...PLAIN, { name: 'x', type: 'double' }] });
  for (let round = 0; round < 2; round += 1) {
    const session = await w.open('wide');
    const entries = [
      await w.put(session.data_dir, [{ id: 1, v: 'a' }], PLAIN),
      await w.put(session.data_dir, [{ v: 'a' }], KEYLESS),
    ];
    expect((await w.commit(session, entries)).status).toBe(200);
  }
  const { reader } = w.server.context.db;
  const files = await reader
    .selectFrom('files')
    .select('schema_id')
    .orderBy('manifest_id')
    .orderBy('ordinal')
    .execute();
  expect(files.map(({ schema_id }) => schema_id)).toEqual([1_000_000, 1_000_001, 1_000_000, 1_000_001]);
  const schemas = await reader.selectFrom('schemas').selectAll().where('schema_id', '>=', 1_000_000).execute();
  expect(schemas.map(({ fields }) => fields.map(({ name }) => name))).toEqual([['id', 'v'], ['v']]);
});

test('files are grouped into one delta for each partition', async () => {
  await w.createTable('p', { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } });
  const session = await w.open('p');
  const entries: WriteEntry[] = [];
  for (const v of ['x', 'y', 'x', 'y', 'z']) {
    entries.push(inPartition(await w.put(session.data_dir, [{ id: 1, v }], PLAIN), v));
  }
  const { body } = await w.commit(session, entries);
  expect(body).toMatchObject({ deltas_written: 3, files_registered: 5 });
  const partitions = await w.server.context.db.reader.selectFrom('partitions').selectAll().execute();
  expect(partitions.map(({ partition_values }) => partition_values)).toEqual([['x'], ['y'], ['z']]);
  const next = await w.open('p');
  const entry = await w.put(next.data_dir, [{ id: 1, v: 'x' }], PLAIN);
  const wrong = await w.commit(next, [inPartition(entry, 'x', 'y')]);
  expect([wrong.status, wrong.body.error.code]).toEqual([400, 'invalid_entry']);
});

test('a file that names no partition is in the one that its statistics prove, else in one of its own', async () => {
  await w.createTable('p', { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } });
  const session = await w.open('p');
  const mixed = [
    { id: 1, v: 'x' },
    { id: 2, v: 'y' },
  ];
  const entries = [
    await w.put(session.data_dir, [{ id: 1, v: 'x' }], PLAIN),
    await w.put(session.data_dir, mixed, PLAIN),
  ];
  expect((await w.commit(session, entries)).body).toMatchObject({ deltas_written: 2 });
  const partitions = await w.server.context.db.reader.selectFrom('partitions').selectAll().execute();
  expect(partitions.map(({ partition_values }) => partition_values)).toEqual([['x'], null]);
});

test('rows that are merged by key must be in a partition that is known', async () => {
  await w.createTable('k', { schema_def: KEYED, partition_scheme: { keys: [{ key: ['v'] }] } });
  const session = await w.open('k', { mode: 'merge' });
  const mixed = [
    { id: 1, v: 'x' },
    { id: 2, v: 'y' },
  ];
  const answer = await w.commit(session, [await w.put(session.data_dir, mixed)]);
  expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_entry']);
  expect(answer.body.error.message).toContain('partition_values');
  expect((await w.commit(session, [await w.put(session.data_dir, mixed.slice(1))])).body.status).toBe('COMMITTED');
});

test('deleted keys find their partition when they tell it', async () => {
  const schema_def = [KEYED[0], { ...KEYED[1], is_merge_key: true }];
  await w.createTable('both', { schema_def, partition_scheme: { keys: [{ key: ['v'] }] } });
  const session = await w.open('both', { mode: 'delete' });
  expect((await w.commit(session, [await w.put(session.data_dir, [{ id: 1, v: 'x' }])])).body.status).toBe('COMMITTED');
  await w.createTable('one', { partition_scheme: { keys: [{ key: ['v'] }] }, schema_def: KEYED });
  const other = await w.open('one', { mode: 'delete' });
  const refused = await w.commit(other, [await w.put(other.data_dir, [{ id: 1, v: 'x' }])]);
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_entry' } } });
});
