import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStore } from '../maintenance/fsck.ts';
import type { TestAnswer } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { inPartition, KEYED, type OpenedSession } from '../testing/writing.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
});
afterEach(async () => {
  const options = { files: true, history: true, orphans_older_than_ms: 86_400_000, progress: () => {} };
  const { found } = await checkStore(on.server.context.config, options);
  await on.close();
  expect(found).toEqual([]);
});

const TABLES = '/v1/namespaces/n/tables';
const TABLE = `${TABLES}/t`;
const addColumn = (name: string) => ({ schema_updates: [{ op: 'add', field: { name, type: 'string' } }] });

/** Opens a session in a transaction, at whatever version that is. */
async function openIn(transaction_id: string, more: object = {}): Promise<OpenedSession> {
  return (await on.must(on.post(`${TABLE}/write-sessions`, { transaction_id, ...more }))).body;
}

async function commitAtLatest(transaction_id: string): Promise<TestAnswer> {
  const { body } = await on.must(on.server.request('GET', `/v1/transactions/${transaction_id}`));
  const { transaction_version } = body;
  return on.must(on.post(`/v1/transactions/${transaction_id}/commit`, { transaction_version }));
}

test('a table that a transaction makes and alters has all its columns, for itself and for others', async () => {
  const tx = await on.begin();
  await on.must(tx.call('POST', TABLES, { table: 't', schema_def: KEYED }));
  await tx.write('t', [{ id: 1, v: 'a' }]);
  await on.must(tx.call('PUT', TABLE, addColumn('w')));
  await on.must(tx.call('PUT', TABLE, { table_version_properties: { k: 1 } }));
  await on.must(tx.call('PUT', TABLE, addColumn('x')));
  const names = async (described: Promise<TestAnswer>) =>
    (await on.must(described)).body.schema.map(({ name }: { name: string }) => name);
  expect(await names(tx.call('GET', TABLE))).toEqual(['id', 'v', 'w', 'x']);
  expect(await tx.rows('t')).toEqual(['1 a  ']);
  await on.must(tx.commit());
  expect(await names(on.server.request('GET', TABLE))).toEqual(['id', 'v', 'w', 'x']);
  expect(await on.rows('t')).toEqual(['1 a  ']);
});

test('a stream that replaces one of its own transaction follows the one that others saw, if any', async () => {
  await on.createTable('t');
  const { reader } = on.server.context.db;
  const streams = () => reader.selectFrom('streams').selectAll().orderBy('row_id').execute();
  const [first] = await streams();
  const tx = await on.begin();
  await tx.write('t', [{ id: 1, v: 'a' }], 'replace');
  await tx.write('t', [{ id: 2, v: 'b' }], 'replace');
  await on.must(tx.call('POST', TABLES, { table: 'u', schema_def: KEYED }));
  await tx.write('u', [{ id: 3, v: 'c' }], 'replace');
  await on.must(tx.commit());
  const followed = (await streams()).map(({ previous_stream_id }) => previous_stream_id);
  expect(followed).toEqual([null, first?.stream_id, null]);
  expect([await on.rows('t'), await on.rows('u')]).toEqual([['2 b'], ['3 c']]);
});

test('replacing all, merging and replacing partitions may follow each other, with the totals of what is left', async () => {
  const schema_def = KEYED.map((field) => ({ ...field, is_merge_key: true }));
  await on.createTable('t', { schema_def, partition_scheme: { keys: [{ key: ['v'] }] } });
  const write = async (id: number, v: string, how: { mode: string; transaction_id?: string }) => {
    const session = (await on.must(on.post(`${TABLE}/write-sessions`, how))).body;
    await on.must(on.commit(session, [inPartition(await on.put(session.data_dir, [{ id, v }]), v)]));
  };
  await write(1, 'a', { mode: 'merge' });
  await write(2, 'b', { mode: 'merge' });
  const { id: transaction_id, rows } = await on.begin();
  const replace = { mode: 'replace', transaction_id };
  const merge = { mode: 'merge', transaction_id };
  const replacePartition = { mode: 'replace_partition', transaction_id };
  await write(3, 'a', replacePartition);
  await write(4, 'a', merge);
  await write(5, 'a', replacePartition);
  expect(await rows('t')).toEqual(['2 b', '5 a']);
  await write(6, 'b', replace);
  await write(7, 'b', merge);
  await write(8, 'b', replacePartition);
  await write(9, 'a', replacePartition);
  const described = await on.must(on.server.request('GET', `${TABLE}?transaction_id=${transaction_id}`));
  expect(described.body).toMatchObject({ total_records: 2, delta_count: 2 });
  await commitAtLatest(transaction_id);
  expect(await on.rows('t')).toEqual(['8 b', '9 a']);
  expect(await on.totals('t')).toEqual({ records: 2, files: 2, deltas: 2 });
});

test('one name may be renamed away, taken, dropped and brought back', async () => {
  await on.createTable('t');
  await on.write('t', [{ id: 1, v: 'a' }]);
  const tx = await on.begin();
  await on.must(tx.call('POST', `${TABLE}/rename?new_name=u`));
  await on.must(tx.call('POST', TABLES, { table: 't', schema_def: KEYED }));
  await on.must(tx.call('DELETE', `${TABLES}/u`));
  await on.must(tx.call('POST', `${TABLE}/rename?new_name=u`));
  await tx.write('u', [{ id: 9, v: 'z' }]);
  await on.must(tx.call('POST', `${TABLE}/undrop`, {}));
  expect([await tx.rows('t'), await tx.rows('u')]).toEqual([['1 a'], ['9 z']]);
  await on.must(tx.call('DELETE', TABLE));
  await on.must(tx.commit());
  expect(await on.rows('u')).toEqual(['9 z']);
  expect((await on.server.request('GET', '/v1/dropped')).body).toMatchObject([{ kind: 'table', table: 't' }]);
});

test('a namespace that is dropped takes the tables with it that its transaction made, and brings them back', async () => {
  const tx = await on.begin();
  await on.must(tx.call('POST', TABLES, { table: 't', schema_def: KEYED }));
  await tx.write('t', [{ id: 1, v: 'a' }]);
  await on.must(tx.call('DELETE', '/v1/namespaces/n'));
  await on.must(tx.commit());
  expect((await on.server.request('GET', '/v1/namespaces')).body).toEqual([]);
  await on.must(on.post('/v1/namespaces/n/undrop', {}));
  expect(await on.rows('t')).toEqual(['1 a']);
});

test('two sessions that were opened on a missing table make it once', async () => {
  const { id } = await on.begin();
  const create_if_missing = { schema_def: KEYED };
  const sessions = [await openIn(id, { create_if_missing }), await openIn(id, { create_if_missing })];
  for (const [index, session] of sessions.entries()) {
    await on.must(on.commit(session, [await on.put(session.data_dir, [{ id: index, v: 'a' }])]));
  }
  await commitAtLatest(id);
  expect(await on.rows('t')).toEqual(['0 a', '1 a']);
});
