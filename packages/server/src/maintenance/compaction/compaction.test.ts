import { readdirSync, rmSync } from 'node:fs';
import { API } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CompactingServer, startCompacting } from '../../testing/compacting.ts';
import { KEYED, PLAIN } from '../../testing/writing.ts';

let on: CompactingServer;
beforeEach(async () => {
  on = await startCompacting();
});
afterEach(() => on.close());

const path = (table: string, rest = '') => `/v1/namespaces/n/tables/${table}${rest}`;
const submit = (body: object) => on.post('/v1/jobs/submit/compaction', { namespace: 'n', table: 't', ...body });
const rewritten = () =>
  readdirSync(on.server.root, { recursive: true })
    .map(String)
    .filter((name) => /rewrite-.*\.parquet$/.test(name));

async function makeUpserts(table = 't', count = 4): Promise<void> {
  await on.createTable(table);
  for (let id = 0; id < count; id += 1) await on.insert(table, [{ id: id % 2, v: `v${id}` }]);
}

describe('a submitted compaction', () => {
  test('makes one file of upserts, in the background, and changes no row', async () => {
    await makeUpserts();
    const job_id = await on.submit('t');
    const waiting = await on.server.request('GET', `/v1/jobs/${job_id}`);
    expect(waiting.body).toMatchObject({ state: 'pending', progress: 0, job_type: 'compaction', result: {} });
    expect((await on.plan('t')).requires_mor).toBe(true);
    expect(await on.work()).toBe(1);
    const done = (await on.server.request('GET', `/v1/jobs/${job_id}`)).body;
    expect(done).toMatchObject({ state: 'completed', progress: 1, error: null });
    expect(done.progress_message).toBe('1 partition compacted: 4 files became 1');
    expect(done.result).toMatchObject({ partitions_compacted: 1, files_before: 4, files_after: 1 });
    expect(await on.plan('t')).toMatchObject({ requires_mor: false, total_files: 1, total_records: 2 });
    expect(await on.rows('t')).toEqual(['0 v2', '1 v3']);
    expect(await on.status('t')).toMatchObject({ current_delta_count: 0, active_job_id: null });
  });

  test('tells its progress by partitions', async () => {
    await on.createTable('t', { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } });
    for (const id of [1, 2])
      await on.insert(
        't',
        ['x', 'y', 'z'].map((v) => ({ id, v })),
      );
    const { job_id } = await on.compact('t');
    expect((await on.server.request('GET', `/v1/jobs/${job_id}/progress`)).body).toMatchObject({
      ...{ job_id, state: 'completed', progress_fraction: 1 },
      progress_events: { partitions: { completed: 3, expected: 3 } },
    });
    expect(await on.plan('t')).toMatchObject({ total_files: 3, total_records: 6 });
  });

  test('of one partition leaves the others', async () => {
    await on.createTable('t', { schema_def: PLAIN, partition_scheme: { keys: [{ key: ['v'] }] } });
    for (const id of [1, 2])
      await on.insert(
        't',
        ['x', 'y'].map((v) => ({ id, v })),
      );
    const [task] = (await on.plan('t')).scan_tasks;
    await on.compact('t', { partition_id: task.partition_id });
    expect(await on.plan('t')).toMatchObject({ total_files: 3 });
  });

  test('is done once: what is active already is answered, with its job', async () => {
    await makeUpserts();
    const first = await submit({});
    expect(first).toMatchObject({
      status: 200,
      body: { submitted: true, namespace: 'n', table: 't', table_version: '1' },
    });
    const second = await submit({});
    expect(second.body).toMatchObject({ submitted: false, job_id: first.body.job_id });
    expect(second.body.message).toContain('pending already');
    expect((await submit({ table_version: '1' })).body.submitted).toBe(false);
    await on.work();
    expect((await submit({})).body.submitted).toBe(true);
  });

  test('with nothing new does nothing, and says so', async () => {
    await makeUpserts();
    await on.compact('t');
    const before = await on.plan('t');
    const again = await on.compact('t');
    expect(again).toMatchObject({ state: 'completed', result: { partitions_compacted: 0, partitions_unchanged: 1 } });
    expect((await on.plan('t')).snapshot_id).toBe(before.snapshot_id);
  });

  test.each([
    ['merge keys', undefined, ['0 d', '1 c', '2 b', '3 a', '4 z']],
    ['the sort scheme', { keys: [{ key: ['v'] }] }, ['3 a', '2 b', '1 c', '0 d', '4 z']],
  ])('sorts merged rows by %s, into files of as many as the table wants', async (_, sort_scheme, sorted) => {
    const table_properties = { records_per_compacted_file: 2 };
    await on.createTable('t', { schema_def: KEYED, table_properties, ...(sort_scheme ? { sort_scheme } : {}) });
    for (const row of ['4 z', '1 x', '3 a', '0 d', '2 b', '1 c']) {
      const [id, v] = row.split(' ');
      await on.insert('t', [{ id: Number(id), v }]);
    }
    await on.compact('t');
    const plan = API.plan_read.output.parse(await on.plan('t'));
    const [task, ...others] = plan.scan_tasks;
    expect([task?.files.map(({ record_count }) => record_count), others]).toEqual([[2, 2, 1], []]);
    const rows = await executePlan(plan, {}).objects();
    expect(rows.map(({ id, v }) => `${id} ${v}`)).toEqual(sorted);
  });

  test('leaves large files where they are, and puts small ones together', async () => {
    const table_properties = { records_per_compacted_file: 4 };
    await on.createTable('t', { schema_def: PLAIN, table_properties });
    await on.insert(
      't',
      [1, 2, 3, 4].map((id) => ({ id, v: 'large' })),
    );
    for (const id of [5, 6]) await on.insert('t', [{ id, v: 'small' }]);
    const large = (await on.plan('t')).scan_tasks[0].files[0].path;
    await on.compact('t');
    const [task, ...others] = (await on.plan('t')).scan_tasks;
    expect(others).toEqual([]);
    expect(task.files).toMatchObject([{ path: large, record_count: 4 }, { record_count: 2 }]);
    expect(await on.rows('t')).toEqual(['1 large', '2 large', '3 large', '4 large', '5 small', '6 small']);
  });

  test('keeps every appended row of a keyed table, in the order that decides once keys are merged', async () => {
    await on.createTable('t', { schema_def: KEYED, sort_scheme: { keys: [{ key: ['v'] }] } });
    await on.insert('t', [{ id: 1, v: 'z' }], 'append');
    await on.insert('t', [{ id: 1, v: 'a' }], 'append');
    await on.compact('t');
    expect(await on.rows('t')).toEqual(['1 a', '1 z']);
    await on.insert('t', [{ id: 2, v: 'm' }], 'merge');
    expect(await on.rows('t')).toEqual(['1 a', '2 m']);
  });

  test('leaves rows whose order across deltas decides, and says why', async () => {
    const rank = { name: 'rank', type: 'int32', merge_order: { sort_order: 'descending', null_order: 'at_end' } };
    await on.createTable('t', { schema_def: [{ name: 'id', type: 'int64', is_merge_key: true }, rank] });
    for (const value of [9, 1]) await on.insert('t', [{ id: 1, rank: value }], 'append');
    const job = await on.compact('t');
    expect(job).toMatchObject({ state: 'completed', result: { partitions_left: 1 } });
    expect(job.progress_message).toContain('merge order');
    await on.insert('t', [{ id: 2, rank: 0 }], 'merge');
    expect(await on.rows('t')).toEqual(['1 1', '2 0']);
  });

  test('of rows that are all deleted brings back no rows of other partitions', async () => {
    const part = { name: 'part', type: 'string' };
    const partition_scheme = { keys: [{ key: ['part'] }] };
    await on.createTable('t', { schema_def: [...KEYED, part], partition_scheme });
    const old = { id: 1, v: 'old', part: 'x' };
    await on.insert('t', [old, { ...old, v: 'new' }], 'append');
    await on.insert('t', [{ id: 2, v: 'gone', part: 'y' }], 'merge');
    await on.insert('t', [{ id: 2, part: 'y' }], 'delete');
    expect(await on.rows('t')).toEqual(['1 new x']);
    await on.compact('t');
    expect(await on.rows('t')).toEqual(['1 new x']);
    await on.insert('t', [{ id: 3, part: 'y' }], 'delete');
    expect(await on.rows('t')).toEqual(['1 new x']);
    expect((await on.plan('t')).scan_tasks.map((task: { delta_type: string }) => task.delta_type)).toEqual(['append']);
    await on.compact('t');
    expect(await on.rows('t')).toEqual(['1 new x']);
  });

  test('lists the files of a table without a schema in one delta, and touches none of them', async () => {
    await on.createTable('t', { schema_def: null });
    for (const id of [1, 2, 3]) await on.write('t', [{ id, v: 'a' }], 'append');
    const paths = async () => {
      const { scan_tasks } = await on.plan('t');
      return scan_tasks.map(({ files }: { files: { path: string }[] }) => files.map((file) => file.path));
    };
    const before = await paths();
    expect(before).toHaveLength(3);
    expect(await on.compact('t')).toMatchObject({
      state: 'completed',
      result: { files_before: 3, files_after: 3 },
    });
    expect(await paths()).toEqual([before.flat()]);
    expect(rewritten()).toEqual([]);
    expect((await on.compact('t')).result).toMatchObject({ partitions_unchanged: 1 });
  });

  test('ends completed, saying why, where the values cannot be written again unchanged', async () => {
    const fields = [
      { name: 'id', type: 'int64' },
      { name: 'at', type: 'timestamp[ns, tz=UTC]' },
    ];
    await on.createTable('t', { schema_def: fields });
    for (const id of [1, 2]) await on.insert('t', [{ id, at: '2026-01-01T00:00:00Z' }]);
    const job = await on.compact('t');
    expect(job).toMatchObject({ state: 'completed', result: { partitions_left: 1, partitions_compacted: 0 } });
    expect(job.progress_message).toContain('"at"');
    expect(await on.plan('t')).toMatchObject({ total_files: 2 });
  });

  test('fails, naming it, when a file is gone, and removes what it wrote', async () => {
    await makeUpserts();
    const { scan_tasks } = await on.plan('t');
    rmSync(scan_tasks[0].files[0].path);
    const job = await on.compact('t');
    expect(job).toMatchObject({ state: 'failed', error: expect.stringContaining(scan_tasks[0].files[0].path) });
    expect(rewritten()).toEqual([]);
  });

  test('of a table that was dropped meanwhile has nothing to do', async () => {
    await makeUpserts();
    const job_id = await on.submit('t');
    await on.server.request('DELETE', path('t'));
    await on.work();
    const job = (await on.server.request('GET', `/v1/jobs/${job_id}`)).body;
    expect(job).toMatchObject({ state: 'completed', progress_message: expect.stringContaining('gone') });
  });

  test('goes by what a table is, whatever it is called by then', async () => {
    await makeUpserts();
    const job_id = await on.submit('t');
    await on.must(on.post(path('t', '/rename?new_name=renamed')));
    await on.work();
    expect((await on.server.request('GET', `/v1/jobs/${job_id}`)).body.result.partitions_compacted).toBe(1);
    expect(await on.plan('renamed')).toMatchObject({ total_files: 1 });
  });

  test('leaves earlier times as they were', async () => {
    await makeUpserts();
    const { body } = await on.server.request('GET', '/v1/catalogs/default');
    await on.compact('t');
    const then = (await on.must(on.post(path('t', `/plan?as_of=${body.committed_at_ns}`)))).body;
    expect(then).toMatchObject({ requires_mor: true, total_files: 4 });
  });

  test('of appended rows is no rival of a transaction that writes some of their keys', async () => {
    await on.createTable('t');
    for (const id of [1, 2]) await on.insert('t', [{ id, v: 'a' }], 'append');
    const transaction = await on.begin();
    await transaction.write('t', [{ id: 1, v: 'mine' }], 'merge');
    await on.insert('t', [{ id: 100, v: 'other key' }], 'append');
    expect(await on.compact('t')).toMatchObject({ result: { partitions_compacted: 1, files_after: 1 } });
    expect(await transaction.commit()).toMatchObject({ status: 200 });
    expect(await on.rows('t')).toEqual(['1 mine', '100 other key', '2 a']);
  });

  test.each(['append', 'merge', 'delete', 'replace', 'replace_partition'])(
    'refuses nobody who began to write before (mode %s)',
    async (mode) => {
      const partition_scheme = { keys: [{ key: ['id'], transform: 'truncate(10)' }] };
      await on.createTable('t', { schema_def: KEYED, partition_scheme });
      for (const v of ['a', 'b']) await on.insert('t', [{ id: 1, v }]);
      const alone = await on.open('t', { mode });
      const transaction = await on.begin();
      const inside = (await on.must(transaction.call('POST', path('t', '/write-sessions'), { mode }))).body;
      const entry = async ({ data_dir }: { data_dir: string }) => {
        return { ...(await on.put(data_dir, [{ id: 1, v: 'mine' }])), partition_values: [0] };
      };
      const { session_id, session_version } = inside;
      const commit = { session_version, entries: [await entry(inside)] };
      await on.must(transaction.call('POST', `/v1/write-sessions/${session_id}/commit`, commit));
      expect(await on.compact('t')).toMatchObject({ result: { partitions_compacted: 1 } });
      expect(await transaction.commit()).toMatchObject({ status: 200 });
      for (const v of ['c', 'd']) await on.insert('t', [{ id: 1, v }]);
      expect(await on.compact('t')).toMatchObject({ result: { partitions_compacted: 1 } });
      expect(await on.commit(alone, [await entry(alone)])).toMatchObject({ status: 200 });
    },
  );

  test('has another read its own base in a transaction that was open, and commit', async () => {
    await makeUpserts();
    const transaction = await on.begin();
    await transaction.write('t', [{ id: 7, v: 'mine' }]);
    await on.compact('t');
    expect(await transaction.rows('t')).toEqual(['0 v2', '1 v3', '7 mine']);
    expect(await transaction.commit()).toMatchObject({ status: 200 });
    expect(await on.rows('t')).toEqual(['0 v2', '1 v3', '7 mine']);
  });
});

describe('a compaction is refused', () => {
  test.each([
    ['an unknown catalog', { catalog: 'none' }, 404, 'catalog_not_found'],
    ['an unknown namespace', { namespace: 'none' }, 404, 'namespace_not_found'],
    ['an unknown table', { table: 'none' }, 404, 'table_not_found'],
    ['an unknown version', { table_version: '9' }, 404, 'table_version_not_found'],
    ['an unknown partition', { partition_id: 'none' }, 404, 'not_found'],
    ['tags of workers', { dispatch_config: { required_worker_tags: ['gpu'] } }, 400, 'not_supported'],
    ['names of workers', { dispatch_config: { allowed_worker_ids: ['w'] } }, 400, 'not_supported'],
    ['unknown dispatch', { dispatch_config: { dispatch_mode: 'ray' } }, 400, 'not_supported'],
    ['a number for a table', { table: 5 }, 422, 'invalid_input'],
  ])('for %s', async (...[, asked, httpStatus, code]: [string, Record<string, unknown>, number, string]) => {
    const { catalog, ...body } = asked;
    await on.createTable('t');
    const query = catalog ? `?catalog=${catalog}` : '';
    const answer = await on.post(`/v1/jobs/submit/compaction${query}`, { namespace: 'n', table: 't', ...body });
    expect(answer).toMatchObject({ status: httpStatus, body: { error: { code } } });
    expect(await on.server.context.db.reader.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  test('and so is a job that is not there', async () => {
    for (const rest of ['', '/progress', '?catalog=default']) {
      const answer = await on.server.request('GET', `/v1/jobs/none${rest}`);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'job_not_found' } } });
    }
  });
});

describe('compaction_status', () => {
  test('tells what gathered since the last compaction, what brings the next about, and when the last was', async () => {
    const table_properties = { appended_delta_count_compaction_trigger: 3, appended_file_count_compaction_trigger: 0 };
    await on.createTable('t', { schema_def: KEYED, table_properties });
    await on.insert('t', [
      { id: 1, v: 'a' },
      { id: 2, v: 'b' },
    ]);
    expect(await on.status('t')).toEqual({
      ...{ namespace: 'n', table: 't', table_version: '1', read_optimization_level: 'balanced' },
      ...{ appended_record_count_trigger: 64_000_000, appended_file_count_trigger: null },
      ...{ appended_delta_count_trigger: 3, records_per_compacted_file: 4_000_000 },
      ...{ current_delta_count: 1, current_file_count: 1, current_record_count: 2, partitions_due: 0 },
      ...{ last_compacted_at: null, active_job_id: null },
    });
    const job_id = await on.submit('t');
    expect((await on.status('t')).active_job_id).toBe(job_id);
    await on.work();
    const { body } = await on.server.request('GET', '/v1/catalogs/default');
    expect(await on.status('t')).toMatchObject({ current_delta_count: 0, last_compacted_at: body.committed_at_ns });
    for (const id of [1, 2, 3]) await on.insert('t', [{ id, v: 'c' }]);
    expect(await on.status('t')).toMatchObject({ current_delta_count: 3, partitions_due: 1 });
  });

  test('is no part of a transaction, and is refused for what is not there', async () => {
    await on.createTable('t');
    const { id } = await on.begin();
    const inside = await on.server.request('GET', path('t', `/compact?transaction_id=${id}`));
    expect(inside).toMatchObject({ status: 400, body: { error: { code: 'not_transactional' } } });
    expect((await on.server.request('GET', path('none', '/compact'))).status).toBe(404);
  });
});
