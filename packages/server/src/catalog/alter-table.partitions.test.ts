import {
  API,
  type PartitionScheme,
  type Predicate,
  stringifyJson,
  type WriteEntry,
  type WriteMode,
} from '@deltacat/contract';
import { executePlan, writeRows } from '@deltacat/io-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED, PLAIN } from '../testing/writing.ts';

let t: Transacting;

beforeEach(async () => {
  t = await startTransacting();
});
afterEach(() => t.close());

const at = (table: string) => `/v1/namespaces/n/tables/${table}`;
const BY_ID = { keys: [{ key: ['id'], transform: 'truncate(10)' }] };
const BY_V = { keys: [{ key: ['v'], transform: 'identity' }] };

type Row = { id: number; v: string };
const ROWS: Row[] = [
  { id: 1, v: 'a' },
  { id: 12, v: 'a' },
  { id: 25, v: 'b' },
];

const repartition = (table: string, partition_updates: object | null, more: object = {}) =>
  t.server.request('PUT', at(table), { partition_updates, ...more });

const describeTable = async (table: string, query = '') =>
  (await t.must(t.server.request('GET', at(table) + query))).body;

/** Writes rows as a writer does: split by the scheme that the session tells. */
async function stage(table: string, rows: Row[], mode: WriteMode = 'append') {
  const { body: session } = await t.must(t.post(`${at(table)}/write-sessions`, { mode }));
  const schema_id = { data_dir: session.data_dir, schema: session.schema, partition_scheme: session.partition_scheme };
  const entries = await writeRows(rows, { ...schema_id, merge_keys: session.merge_keys, mode });
  return { session, entries };
}

async function write(table: string, rows: Row[], mode?: WriteMode): Promise<WriteEntry[]> {
  const { session, entries } = await stage(table, rows, mode);
  await t.must(t.commit(session, entries));
  return entries;
}

async function planned(table: string, asked: { filter_predicate?: Predicate; partition_filter?: unknown } = {}) {
  const { body } = await t.must(t.post(`${at(table)}/plan`, asked));
  const plan = API.plan_read.output.parse(body);
  const rows = await executePlan(plan, { filter: asked.filter_predicate ?? null }).objects();
  const values = plan.scan_tasks.map(({ partition_values }) => JSON.stringify(partition_values));
  return { plan, values, ids: rows.map(({ id }) => Number(id)).sort((a, b) => a - b) };
}

describe('another partition scheme', () => {
  beforeEach(async () => {
    await t.createTable('t', { schema_def: PLAIN, partition_scheme: BY_ID });
    await write('t', ROWS);
  });

  test('is that of rows to come: partitions that are there keep theirs, and plans list both', async () => {
    const first = (await describeTable('t')).partition_scheme;
    const { body } = await t.must(repartition('t', BY_V));
    await write('t', [{ id: 2, v: 'b' }]);
    const { plan, values, ids } = await planned('t');
    expect(values).toEqual(['[0]', '[10]', '[20]', '["b"]']);
    expect(ids).toEqual([1, 2, 12, 25]);
    const second = (await describeTable('t')).partition_scheme;
    expect(plan.partition_scheme).toEqual(second);
    expect(plan.partition_schemes_by_id).toEqual({ [first.id]: first, [second.id]: second });
    expect((await describeTable('t', `?as_of=${body.committed_at_ns}`)).partition_scheme).toEqual(second);
    expect((await describeTable('t', `?as_of=${BigInt(body.committed_at_ns) - 1n}`)).partition_scheme).toEqual(first);
  });

  test('lets every partition be left out by the scheme that it was made by', async () => {
    await t.must(repartition('t', BY_V));
    await write('t', [
      { id: 2, v: 'b' },
      { id: 13, v: 'c' },
    ]);
    expect((await planned('t', { filter_predicate: { eq: ['v', 'b'] } })).ids).toEqual([2, 25]);
    expect((await planned('t', { filter_predicate: { eq: ['id', 12] } })).values).toEqual(['[10]']);
    const { values } = await planned('t', {
      filter_predicate: {
        and: [{ in: ['v', ['c', 'z']] }, { gte: ['id', 10] }],
      },
    });
    expect(values).toEqual(['["c"]']);
    await t.must(repartition('t', { keys: [] }));
    await write('t', [{ id: 30, v: 'a' }]);
    const unsplit = await planned('t', { filter_predicate: { lt: ['id', 10] } });
    expect([unsplit.values, unsplit.ids]).toEqual([
      ['[0]', '["b"]'],
      [1, 2],
    ]);
  });

  test('lets readers name partitions of every scheme', async () => {
    await t.must(repartition('t', BY_V));
    await write('t', [{ id: 2, v: 'b' }]);
    const by = async (...partition_filter: unknown[]) => (await planned('t', { partition_filter })).ids;
    expect(await by({ partition_values: [10] }, { partition_values: ['b'] })).toEqual([2, 12]);
    const { plan } = await planned('t');
    expect(await by(plan.scan_tasks[2]?.partition_id)).toEqual([25]);
  });

  test('refuses the files of a session that placed them by the one before, naming the change', async () => {
    const { session, entries } = await stage('t', [{ id: 3, v: 'c' }]);
    await t.must(repartition('t', BY_V));
    const before = await t.state();
    const unnamed = entries.map(({ partition_scheme_id: _, ...entry }) => entry);
    for (const sent of [entries, unnamed]) {
      const { status, body } = await t.commit(session, sent);
      expect([status, body.error.code]).toEqual([409, 'concurrent_modification']);
      expect(body.error.message).toContain('alter_table');
    }
    expect(await t.state()).toEqual(before);
  });

  test('has an id that no other scheme of the version had, and is no other when its keys are the same', async () => {
    const { partition_scheme } = await describeTable('t');
    await t.must(repartition('t', BY_ID));
    expect((await describeTable('t')).partition_scheme).toEqual(partition_scheme);
    await t.must(repartition('t', { ...BY_V, id: 'mine' }));
    for (const id of ['mine', partition_scheme.id]) {
      const { status, body } = await repartition('t', { ...BY_ID, id });
      expect([status, body.error.code]).toEqual([400, 'invalid_schema']);
      expect(body.error.message).toContain(id);
    }
    for (const keys of [[{ key: ['nope'] }], [{ key: ['v'], transform: 'day' }], [{ key: ['id', 'v'] }]]) {
      expect((await repartition('t', { keys })).body.error.code).toBe('invalid_schema');
    }
  });

  test('may name a column that comes with it; those of earlier schemes stay as they are', async () => {
    const add = { op: 'add', field: { name: 'day', type: 'date32[day]' } };
    const keys = [{ key: ['day'], transform: 'year' }];
    await t.must(repartition('t', { keys }, { schema_updates: [add] }));
    const remove = { operations: [{ op: 'remove', field_locator: 'id' }], allow_incompatible_changes: true };
    const { status, body } = await t.server.request('PUT', at('t'), { schema_updates: remove });
    expect([status, body.error.code]).toEqual([400, 'invalid_schema']);
    expect(body.error.message).toContain('was partitioned by it');
  });

  test('is in the log, in diffs, and gone and back with rollbacks and drops', async () => {
    const before = await describeTable('t');
    const { body: altered } = await t.must(repartition('t', BY_V));
    await write('t', [{ id: 2, v: 'b' }]);
    const { body: log } = await t.must(t.server.request('GET', `${at('t')}/history`));
    expect(stringifyJson(log)).toContain('"fields":["partition_scheme"]');
    const { body: diff } = await t.must(t.server.request('GET', `${at('t')}/diff?from_seq=${altered.seq - 1}`));
    expect(diff.changed).toMatchObject([{ from: before.partition_scheme, to: BY_V }]);
    expect(diff.partitions).toMatchObject([{ partition_values: ['b'], deltas_added: 1 }]);
    await t.must(t.server.request('DELETE', at('t')));
    await t.must(t.post(`${at('t')}/undrop`));
    expect((await describeTable('t')).partition_scheme.keys).toMatchObject(BY_V.keys);
    expect((await planned('t')).ids).toEqual([1, 2, 12, 25]);
    await t.must(t.post(`${at('t')}/rollback`, { as_of: BigInt(altered.committed_at_ns) - 1n }));
    expect((await describeTable('t')).partition_scheme).toEqual(before.partition_scheme);
    await write('t', [{ id: 14, v: 'd' }]);
    expect((await planned('t', { filter_predicate: { gte: ['id', 10] } })).values).toEqual(['[10]', '[20]', '[10]']);
    expect((await repartition('t', { ...BY_V, id: 'x' })).status).toBe(200);
  });
});

describe('where rows are merged', () => {
  beforeEach(() => t.createTable('k', { schema_def: KEYED, partition_scheme: BY_ID }));

  test('the scheme changes while the version is empty only, for an upsert would leave the row in the other', async () => {
    await write('k', ROWS, 'merge');
    const before = await t.state();
    const { status, body } = await repartition('k', BY_V);
    expect([status, body.error.code]).toEqual([400, 'not_supported']);
    expect(body.error.message).toContain('Truncate it first');
    expect(await t.state()).toEqual(before);
    await t.must(t.post(`${at('k')}/truncate`));
    await t.must(repartition('k', { keys: [{ key: ['id'], transform: 'bucket(4)' }] }));
    await write('k', ROWS, 'merge');
    await write('k', [{ id: 12, v: 'z' }], 'merge');
    expect(await t.rows('k')).toEqual(expect.arrayContaining([expect.stringContaining('z')]));
    expect((await planned('k')).ids).toEqual([1, 12, 25]);
  });

  test('a transaction that changes it loses to rows that came meanwhile', async () => {
    const transaction = await t.begin();
    const { status } = await transaction.call('PUT', at('k'), { partition_updates: BY_V });
    expect(status).toBe(200);
    await write('k', ROWS, 'merge');
    const { status: refused, body } = await transaction.commit();
    expect([refused, body.error.code]).toEqual([409, 'concurrent_modification']);
    expect((await describeTable('k')).partition_scheme.keys).toMatchObject(BY_ID.keys);
  });
});

describe('in a transaction', () => {
  beforeEach(async () => {
    await t.createTable('t', { schema_def: PLAIN, partition_scheme: BY_ID });
    await write('t', ROWS);
  });

  test('it is there for what the transaction writes, and for everyone with its commit', async () => {
    const transaction = await t.begin();
    await transaction.call('PUT', at('t'), { partition_updates: { keys: [] } });
    await transaction.write('t', [{ id: 2, v: 'b' }], 'append');
    expect(await transaction.rows('t')).toHaveLength(4);
    expect((await describeTable('t')).partition_scheme).not.toBeNull();
    expect((await transaction.commit()).status).toBe(200);
    expect((await describeTable('t')).partition_scheme).toBeNull();
    expect((await planned('t', { filter_predicate: { lt: ['id', 10] } })).values).toEqual(['[0]', 'null']);
  });

  test('one that wrote by the scheme before loses', async () => {
    const transaction = await t.begin();
    const { body: session } = await transaction.call('POST', `${at('t')}/write-sessions`, { mode: 'append' });
    const scheme: PartitionScheme = session.partition_scheme;
    const entries = await writeRows([{ id: 2, v: 'b' }], {
      ...{ data_dir: session.data_dir, schema: session.schema, partition_scheme: scheme },
    });
    const { session_version } = session;
    const path = `/v1/write-sessions/${session.session_id}/commit`;
    expect((await transaction.call('POST', path, { session_version, entries })).status).toBe(200);
    await t.must(repartition('t', BY_V));
    expect((await transaction.commit()).body.error.code).toBe('concurrent_modification');
    expect((await planned('t')).ids).toEqual([1, 12, 25]);
  });
});
