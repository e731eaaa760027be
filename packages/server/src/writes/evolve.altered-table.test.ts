import type { SchemaField } from '@deltacat/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Evolving, startEvolving } from '../testing/evolving.ts';
import { PLAIN } from '../testing/writing.ts';

let e: Evolving;

beforeEach(async () => {
  e = await startEvolving();
  await e.createTable('t', { schema_def: PLAIN });
});
afterEach(() => e.close());

const TABLE = '/v1/namespaces/n/tables/t';
const field = (name: string, type: string, more: object = {}): SchemaField => ({ name, type, ...more });
const add = (name: string, type: string, more: object = {}) => ({ op: 'add' as const, field: { name, type, ...more } });
const forced = (...operations: object[]) => ({ operations, allow_incompatible_changes: true }) as never;

describe('a session that was opened before an alter', () => {
  test('lands when its files still fit', async () => {
    const { session, entry } = await e.opened();
    const plain = await e.put(session.data_dir, [{ id: 1, v: 'a' }], PLAIN);
    await e.altered([
      add('x', 'int64', { past_default: 7 }),
      { op: 'update', field_locator: 'v', field: { doc: 'd' } },
    ]);
    await e.must(e.commit(session, [entry, plain]));
    expect(await e.objects()).toEqual([
      { id: 1n, v: 'a', x: 7n },
      { id: 1n, v: 'a', x: 7n },
    ]);
  });

  test.each([
    ['lost a column of them', forced({ op: 'remove', field_locator: 'v' })],
    ['takes another type', forced({ op: 'update_type', field_locator: 'v', new_type: 'int64' })],
  ])('is told who was first when the table %s', async (_title, updates) => {
    await e.write('t', [{ id: 0, v: 'z' }]);
    const { session, entry } = await e.opened();
    const { body } = await e.altered(updates as never);
    const answer = await e.commit(session, [entry]);
    expect([answer.status, answer.body.error.code]).toEqual([409, 'concurrent_modification']);
    expect(answer.body.error.details).toMatchObject({ seq: body.seq });
    expect(answer.body.error.message).toContain('alter_table');
  });

  test('is told who was first when the table was rolled back to a schema that its files do not fit', async () => {
    const { committed_at_ns } = (await e.write('t', [{ id: 0, v: 'z' }])).body;
    await e.altered(forced({ op: 'update_type', field_locator: 'v', new_type: 'binary' }));
    await e.altered([add('x', 'int64')]);
    const session = await e.open('t');
    const fields = [field('id', 'int64'), field('v', 'binary')];
    const entry = await e.put(session.data_dir, [{ id: 1, v: new Uint8Array([1]) }], fields);
    await e.must(e.post(`${TABLE}/rollback`, { as_of: committed_at_ns }));
    expect(await e.kinds()).toEqual(expect.arrayContaining(['rollback', 'alter_incompatible']));
    const answer = await e.commit(session, [entry]);
    expect([answer.status, answer.body.error.code]).toEqual([409, 'concurrent_modification']);
    expect(answer.body.error.message).toContain('rollback_table');
  });

  const putText = async (content: string) => {
    const opened = await e.open('t', { mode: 'append', format: 'csv' });
    return { opened, commit: () => e.commitText(opened, { name: 'x.csv', content, record_count: 1 }) };
  };

  test('registers files that tell no columns under the schema it was opened with', async () => {
    const { commit } = await putText('1,a\n');
    await e.altered([add('x', 'int64', { past_default: 7 })]);
    await e.must(commit());
    expect(await e.objects()).toEqual([{ id: 1n, v: 'a', x: 7n }]);
  });

  test('is refused with files that tell no columns once the table takes less', async () => {
    const { commit } = await putText('1,a\n');
    await e.altered(forced({ op: 'remove', field_locator: 'v' }));
    const answer = await commit();
    expect([answer.status, answer.body.error.code]).toEqual([409, 'concurrent_modification']);
    expect(answer.body.error.message).toContain('alter_table');
  });
});

describe('in a transaction', () => {
  test('columns of a write are there for the transaction alone until it commits', async () => {
    const tx = await e.begin();
    const write = await tx.call('POST', `${TABLE}/write-sessions`, {});
    expect(write.status).toBe(200);
    await tx.call('PUT', TABLE, { schema_updates: [add('x', 'int64', { past_default: 7 })] });
    await tx.write('t', [{ id: 1, v: 'a' }]);
    expect(await tx.rows('t')).toEqual(['1 a 7']);
    expect(await e.columns()).toEqual(['id int64 0', 'v string 1']);
    await e.must(tx.commit());
    expect(await e.columns()).toEqual(['id int64 0', 'v string 1', 'x int64 2']);
    expect(await e.rows('t')).toEqual(['1 a 7']);
  });

  test.each([
    ['are rows of the schema that their session was opened with', [add('x', 'int64', { past_default: 7 })], ['1 a 7']],
    ['are refused once the table takes less', forced({ op: 'remove', field_locator: 'v' }), null],
  ])('files that tell no columns %s', async (_title, schema_updates, rows) => {
    const tx = await e.begin();
    const opened = await e.must(tx.call('POST', `${TABLE}/write-sessions`, { mode: 'append', format: 'csv' }));
    await e.must(tx.call('PUT', TABLE, { schema_updates }));
    const answer = await e.commitText(opened.body, { name: 'x.csv', content: '1,a\n', record_count: 1 });
    expect(answer.body.error?.code).toBe(rows ? undefined : 'concurrent_modification');
    expect(await tx.rows('t')).toEqual(rows ?? []);
  });

  test('what is aborted leaves no column behind, and no id of it is used again', async () => {
    const tx = await e.begin();
    await tx.call('PUT', TABLE, { schema_updates: [add('x', 'int64')] });
    await tx.abort();
    expect(await e.columns()).toEqual(['id int64 0', 'v string 1']);
    await e.altered([add('x', 'string')]);
    expect((await e.columns())[2]).toBe('x string 3');
    expect(await e.describe()).toMatchObject({ schema_id: 2 });
  });

  test('whole numbers that become floats lose to rows that came meanwhile, which may be too large for them', async () => {
    const toDouble = { schema_updates: [{ op: 'update_type', field_locator: 'id', new_type: 'double' }] };
    const tx = await e.begin();
    await e.must(tx.call('PUT', TABLE, toDouble));
    const { session } = await e.opened();
    await e.must(e.commit(session, [await e.put(session.data_dir, [{ id: 2n ** 53n + 1n, v: 'a' }], PLAIN)]));
    const lost = await tx.commit();
    expect([lost.status, lost.body.error?.code]).toEqual([409, 'concurrent_modification']);
    expect(await e.objects()).toEqual([{ id: 2n ** 53n + 1n, v: 'a' }]);
  });

  test('of two that change the columns of one table, the second is refused', async () => {
    const [one, other] = [await e.begin(), await e.begin()];
    await one.call('PUT', TABLE, { schema_updates: [add('x', 'int64')] });
    await other.call('PUT', TABLE, { schema_updates: [add('y', 'int64')] });
    await e.must(one.commit());
    const lost = await other.commit();
    expect([lost.status, lost.body.error.code]).toEqual([409, 'concurrent_modification']);
    expect((await e.columns()).slice(2)).toEqual(['x int64 2']);
  });
});
