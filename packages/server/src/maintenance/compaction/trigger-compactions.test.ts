import { renameSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CompactingServer, startCompacting } from '../../testing/compacting.ts';
import { ManualClock } from '../../testing/server.ts';
import { KEYED, PLAIN } from '../../testing/writing.ts';

let on: CompactingServer;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  on = await startCompacting(clock);
});
afterEach(() => on.close());

describe('the server compacts by itself', () => {
  const triggers = (more: object) => ({ appended_delta_count_compaction_trigger: 3, ...more });

  test('a partition that has gathered enough, once, and no other', async () => {
    await on.createTable('t', { schema_def: KEYED, table_properties: triggers({}) });
    await on.createTable('other');
    for (const id of [1, 2]) for (const table of ['t', 'other']) await on.insert(table, [{ id, v: 'a' }]);
    expect(await on.trigger()).toBe(0);
    await on.insert('t', [{ id: 3, v: 'a' }]);
    expect([await on.trigger(), await on.trigger()]).toEqual([1, 0]);
    expect(await on.work()).toBe(1);
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1 });
    expect(await on.plan('other')).toMatchObject({ requires_mor: true, total_files: 2 });
    expect(await on.trigger()).toBe(0);
  });

  test('what was written by a transaction, too', async () => {
    await on.createTable('t', { schema_def: KEYED, table_properties: triggers({}) });
    const transaction = await on.begin();
    for (const id of [1, 2, 3]) await transaction.write('t', [{ id, v: 'a' }]);
    expect(await on.trigger()).toBe(0);
    await transaction.commit();
    expect(await on.trigger()).toBe(1);
  });

  test.each([
    ['none', 3, 0],
    ['moderate', 1, 1],
  ])('at level %s after %i deltas: %i times', async (read_optimization_level, deltas, times) => {
    await on.createTable('t', { schema_def: KEYED, table_properties: triggers({ read_optimization_level }) });
    for (let id = 0; id < deltas; id += 1) await on.insert('t', [{ id, v: 'a' }]);
    expect(await on.trigger()).toBe(times);
  });

  test.each([
    ['appended_file_count_compaction_trigger', 2],
    ['appended_record_count_compaction_trigger', 6],
    ['appended_delta_count_compaction_trigger', 2],
  ])('once %s is reached', async (property, limit) => {
    const off = { appended_delta_count_compaction_trigger: 0, appended_file_count_compaction_trigger: 0 };
    await on.createTable('t', { schema_def: PLAIN, table_properties: { ...off, [property]: limit } });
    const rows = [1, 2, 3].map((id) => ({ id, v: 'a' }));
    await on.insert('t', rows);
    expect(await on.trigger()).toBe(0);
    await on.insert('t', rows);
    expect(await on.trigger()).toBe(1);
  });

  test('by the property of the version before that of its table', async () => {
    await on.createTable('t', {
      schema_def: KEYED,
      table_properties: triggers({}),
      table_version_properties: { appended_delta_count_compaction_trigger: 0 },
    });
    for (const id of [1, 2, 3]) await on.insert('t', [{ id, v: 'a' }]);
    expect(await on.trigger()).toBe(0);
  });

  test('what came during a compaction', async () => {
    await on.createTable('t', { schema_def: KEYED, table_properties: triggers({}) });
    for (const id of [1, 2, 3]) await on.insert('t', [{ id, v: 'a' }]);
    await on.trigger();
    for (const id of [4, 5, 6]) await on.insert('t', [{ id, v: 'a' }]);
    // Their compaction is active already, so they bring about no other.
    expect(await on.trigger()).toBe(0);
    await on.work();
    expect(await on.plan('t')).toMatchObject({ total_files: 1 });
  });

  test('and keeps no event that it has acted on, but those that others act on', async () => {
    await on.createTable('t', { schema_def: KEYED });
    await on.insert('t', [{ id: 1, v: 'a' }]);
    await on.must(on.server.request('DELETE', '/v1/namespaces/n/tables/t?purge=true'));
    const kinds = async () => {
      const events = await on.server.context.db.reader.selectFrom('outbox').select('kind').execute();
      return [...new Set(events.map(({ kind }) => kind))].sort();
    };
    expect(await kinds()).toEqual(['commit', 'purge']);
    await on.trigger();
    expect(await kinds()).toEqual(['purge']);
  });

  test('not again and again what it cannot compact', async () => {
    const fields = [
      { name: 'id', type: 'int64' },
      { name: 'at', type: 'timestamp[ns, tz=UTC]' },
    ];
    await on.createTable('t', { schema_def: fields, table_properties: triggers({}) });
    const add = () => on.insert('t', [{ id: 1, at: '2026-01-01T00:00:00Z' }]);
    for (const _ of [1, 2, 3]) await add();
    expect([await on.trigger(), await on.work()]).toEqual([1, 1]);
    await add();
    expect(await on.trigger()).toBe(0);
    clock.advanceSeconds(3_601);
    await add();
    expect(await on.trigger()).toBe(1);
  });
});

describe('at level max', () => {
  const table_properties = { read_optimization_level: 'max' };

  test('upserts and deletes are compacted before their commit is answered, and appends are not', async () => {
    await on.createTable('t', { schema_def: KEYED, table_properties });
    await on.insert('t', [
      { id: 1, v: 'a' },
      { id: 2, v: 'b' },
    ]);
    await on.insert('t', [{ id: 1, v: 'A' }]);
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1 });
    await on.insert('t', [{ id: 2 }], 'delete');
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1, total_records: 1 });
    await on.write('t', [{ id: 3, v: 'c' }]);
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1, total_records: 2 });
    expect(await on.rows('t')).toEqual(['1 A', '3 c']);
    await on.createTable('plain', { schema_def: PLAIN, table_properties });
    for (const id of [1, 2]) await on.insert('plain', [{ id, v: 'a' }]);
    expect(await on.plan('plain')).toMatchObject({ total_files: 2 });
  });

  test('so is what a transaction wrote, with its commit', async () => {
    await on.createTable('t', { schema_def: KEYED, table_properties });
    const transaction = await on.begin();
    for (const v of ['a', 'b']) await transaction.write('t', [{ id: 1, v }]);
    expect((await transaction.commit()).status).toBe(200);
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1, total_records: 1 });
  });

  test('a commit is answered all the same when that fails, and the background tries again', async () => {
    await on.createTable('t', {
      schema_def: KEYED,
      table_properties: { ...table_properties, read_optimization_level: 'none' },
    });
    await on.insert('t', [{ id: 1, v: 'a' }]);
    const [{ files }] = (await on.plan('t')).scan_tasks;
    await on.server.request('PUT', '/v1/namespaces/n/tables/t', { table_properties });
    renameSync(files[0].path, `${files[0].path}.away`);
    expect(await on.insert('t', [{ id: 2, v: 'b' }])).toMatchObject({ status: 200, body: { records: 1 } });
    expect(await on.plan('t')).toMatchObject({ requires_mor: true, total_files: 2 });
    renameSync(`${files[0].path}.away`, files[0].path);
    expect([await on.trigger(), await on.work()]).toEqual([1, 1]);
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1 });
    expect(await on.rows('t')).toEqual(['1 a', '2 b']);
  });
});
