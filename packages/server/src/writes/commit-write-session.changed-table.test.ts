import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEYED, PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t');
});
afterEach(() => w.close());

describe('a table that changed under its session', () => {
  test('dropped: the files are refused, also when another table has its name now', async () => {
    const { session, entry } = await w.opened();
    await w.server.request('DELETE', '/v1/namespaces/n/tables/t');
    for (const recreate of [false, true]) {
      if (recreate) await w.createTable('t');
      const before = await w.state();
      const answer = await w.commit(session, [entry]);
      expect([answer.status, answer.body.error.code]).toEqual([409, 'concurrent_modification']);
      expect(answer.body.error.message).toContain('drop_table');
      expect(await w.state()).toEqual(before);
    }
  });

  test('renamed: the files become rows of it under its new name', async () => {
    const { session, entry } = await w.opened();
    const renamed = await w.post('/v1/namespaces/n/tables/t/rename', { new_name: 'u', new_table: 'u' });
    expect(renamed.status).toBe(200);
    expect((await w.commit(session, [entry])).status).toBe(200);
    expect(await w.totals('u')).toMatchObject({ records: 1 });
  });

  test('truncated: the files become its only rows', async () => {
    await w.write('t', [{ id: 5, v: 'x' }]);
    const { session, entry } = await w.opened();
    await w.post('/v1/namespaces/n/tables/t/truncate');
    expect((await w.commit(session, [entry])).status).toBe(200);
    expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  });

  test('created by another writer meanwhile: an automatic session writes to it, one that creates is refused', async () => {
    const create_if_missing = { schema_def: KEYED };
    const sessions = [await w.opened('fresh', { create_if_missing }), await w.opened('fresh', { create_if_missing })];
    const creating = await w.opened('fresh', { mode: 'create', create_if_missing });
    for (const { session, entry } of sessions) expect((await w.commit(session, [entry])).status).toBe(200);
    expect(await w.totals('fresh')).toEqual({ records: 2, files: 2, deltas: 2 });
    const before = await w.state();
    const late = await w.commit(creating.session, [creating.entry]);
    expect([late.status, late.body.error.code]).toEqual([409, 'name_taken']);
    expect(await w.state()).toEqual(before);
  });

  test('created with a column of another type meanwhile: the refusal names the other commit', async () => {
    const { session, entry } = await w.opened('fresh', { create_if_missing: { schema_def: KEYED } });
    await w.createTable('fresh', { schema_def: [{ name: 'v', type: 'int64' }] });
    const answer = await w.commit(session, [entry]);
    expect([answer.status, answer.body.error.code]).toEqual([409, 'concurrent_modification']);
    expect(answer.body.error.message).toContain('create_table');
  });
});

describe('a session on a missing table', () => {
  test('of a writer that says nothing takes the columns of the first file', async () => {
    const session = await w.open('fresh');
    const entry = await w.put(session.data_dir, [{ id: 1, v: 'a' }], PLAIN);
    expect((await w.commit(session, [entry])).body).toMatchObject({ status: 'COMMITTED', table_exists: true });
    const { body } = await w.server.request('GET', '/v1/namespaces/n/tables/fresh');
    expect(body.schema).toMatchObject([
      { name: 'id', type: 'int64' },
      { name: 'v', type: 'string' },
    ]);
    expect(body.total_records).toBe(1);
  });

  test('becomes a list of files when its files tell no columns', async () => {
    const session = await w.open('fresh', { format: 'csv' });
    mkdirSync(session.data_dir, { recursive: true });
    writeFileSync(`${session.data_dir}/x.csv`, 'id,v\n1,a\n');
    const { body } = await w.commit(session, [{ path: `${session.data_dir}/x.csv`, record_count: 1 }]);
    expect(body.status).toBe('COMMITTED');
    const about = await w.server.request('GET', '/v1/namespaces/n/tables/fresh');
    expect(about.body).toMatchObject({ schema: null, content_types: ['csv'], total_records: 1 });
  });

  test('makes nothing when nothing is written and nobody says what the table is', async () => {
    const session = await w.open('fresh');
    expect((await w.commit(session, [])).body).toMatchObject({ status: 'COMMITTED', table_exists: false });
    expect((await w.server.request('GET', '/v1/namespaces/n/tables/fresh')).status).toBe(404);
  });
});
