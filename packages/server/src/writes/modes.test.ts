import { afterEach, beforeEach, expect, test } from 'vitest';
import { inPartition, KEYED, PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('keyed');
  await w.createTable('plain', { schema_def: PLAIN });
});
afterEach(() => w.close());

const ROWS = [{ id: 1, v: 'a' }];

async function kinds() {
  const { reader } = w.server.context.db;
  const deltas = await reader.selectFrom('deltas').select('delta_type').where('to_seq', 'is', null).execute();
  return deltas.map(({ delta_type }) => delta_type);
}

test.each([
  ['auto', 'keyed', 'upsert'],
  ['auto', 'plain', 'append'],
  ['add', 'keyed', 'add'],
  ['append', 'keyed', 'append'],
  ['append', 'plain', 'append'],
  ['merge', 'keyed', 'upsert'],
  ['delete', 'keyed', 'delete'],
  ['replace', 'keyed', 'upsert'],
  ['replace', 'plain', 'append'],
])('mode %s on a %s table writes a delta of type %s', async (mode, table, type) => {
  await w.write(table, ROWS, mode);
  expect(await kinds()).toEqual([type]);
});

test('replace hides what was there, gives the table a new stream, and keeps earlier times', async () => {
  const first = await w.write('plain', [
    { id: 1, v: 'a' },
    { id: 2, v: 'b' },
  ]);
  const stream = async () => (await w.server.request('GET', '/v1/namespaces/n/tables/plain')).body.stream_id;
  const before = await stream();
  const { body } = await w.write('plain', [{ id: 9, v: 'only' }], 'replace');
  expect(body.committed_delta_locators).toMatchObject([{ stream_position: 1 }]);
  expect(await w.totals('plain')).toEqual({ records: 1, files: 1, deltas: 1 });
  expect(await w.totals('plain', first.body.committed_at_ns)).toEqual({ records: 2, files: 1, deltas: 1 });
  expect(await stream()).not.toBe(before);
});

test('replacing by nothing leaves nothing', async () => {
  await w.write('plain', ROWS);
  const { body } = await w.commit(await w.open('plain', { mode: 'replace' }), []);
  expect(body).toMatchObject({ status: 'COMMITTED', deltas_written: 0 });
  expect(await w.totals('plain')).toEqual({ records: 0, files: 0, deltas: 0 });
});

test('replace_partition replaces the partitions that it writes and no other', async () => {
  await w.createTable('parts', { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } });
  const write = async (mode: string, ...values: string[]) => {
    const session = await w.open('parts', { mode });
    const entries = values.map(async (v) => inPartition(await w.put(session.data_dir, [{ id: 1, v }], PLAIN), v));
    return (await w.commit(session, await Promise.all(entries))).body;
  };
  await write('append', 'x', 'y');
  const { committed_at_ns } = await write('append', 'x', 'z');
  expect(await w.totals('parts')).toEqual({ records: 4, files: 4, deltas: 4 });
  const replaced = await write('replace_partition', 'x');
  expect(replaced).toMatchObject({ deltas_written: 1, committed_delta_locators: [{ stream_position: 3 }] });
  expect(await w.totals('parts')).toEqual({ records: 3, files: 3, deltas: 3 });
  expect(await w.totals('parts', committed_at_ns)).toEqual({ records: 4, files: 4, deltas: 4 });
});

test('deleted rows are told by their merge keys, or by the columns that the entry names', async () => {
  await w.write('keyed', ROWS, 'merge');
  const entryParams = async () => {
    const { reader } = w.server.context.db;
    const row = await reader.selectFrom('manifests').select('entry_params').orderBy('created_at_ns', 'desc').limit(1);
    return (await row.executeTakeFirstOrThrow()).entry_params;
  };
  const remove = async (more: object, fields = KEYED.slice(0, 1)) => {
    const session = await w.open('keyed', { mode: 'delete' });
    const row = Object.fromEntries(fields.map(({ name, type }) => [name, type === 'int64' ? 1 : 'a']));
    return w.commit(session, [{ ...(await w.put(session.data_dir, [row], fields)), ...more }]);
  };
  expect((await remove({})).status).toBe(200);
  expect(await entryParams()).toEqual({ equality_field_locators: ['id'] });
  const byValue = { entry_params: { equality_field_locators: ['v'] }, entry_type: 'equality_delete' };
  expect((await remove(byValue, PLAIN.slice(1))).status).toBe(200);
  expect(await entryParams()).toEqual({ equality_field_locators: ['v'] });
  const unknown = await remove({ entry_params: { equality_field_locators: ['nope'] } });
  expect([unknown.status, unknown.body.error.code]).toEqual([400, 'invalid_entry']);
  const lacking = await remove(byValue);
  expect([lacking.status, lacking.body.error.code]).toEqual([400, 'schema_mismatch']);
});
