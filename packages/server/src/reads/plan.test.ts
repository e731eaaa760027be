import { API, type PartitionScheme, type ReadPlan, type SchemaField } from '@deltacat/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTable } from '../catalog/create-table.ts';
import type { RequestContext } from '../context.ts';
import { type MadeUpDelta, type MadeUpFile, publishMadeUp } from '../testing/made-up-files.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { planRead } from './plan.ts';

let server: TestServer;
let context: RequestContext;

beforeEach(async () => {
  server = await startTestServer();
  context = server.requestContext();
});

afterEach(() => server.close());

const FIELDS: Partial<SchemaField>[] = [
  { name: 'id', type: 'int64' },
  { name: 'v', type: 'string' },
];
const KEYED: Partial<SchemaField>[] = [{ name: 'id', type: 'int64', is_merge_key: true }, ...FIELDS.slice(1)];

async function makeTable(fields: unknown, more: { partition_scheme?: PartitionScheme } = {}) {
  const body = { namespace: 'test', table: 't', schema_def: fields, auto_create_namespace: true, ...more };
  await createTable(context, API.create_table.input.parse(body));
}

function publish(...deltas: MadeUpDelta[]) {
  return publishMadeUp(context, 't', { deltas });
}

async function plan(asked: object = {}): Promise<ReadPlan> {
  const answer = await planRead(context, API.plan_read.input.parse({ namespace: 'test', table: 't', ...asked }));
  return API.plan_read.output.parse(answer);
}

function namesOf({ scan_tasks }: ReadPlan): string[] {
  return scan_tasks.flatMap(({ files }) => files.map(({ path }) => path.replace('/made-up/', '')));
}

function file(name: string, min?: number, max = min): MadeUpFile {
  return min === undefined ? { name } : { name, stats: { id: { min, max, null_count: 0 } } };
}

test('a plan names its moment, and a further page as of it is of the same files whatever came since', async () => {
  await makeTable(FIELDS);
  await publish({ type: 'append', files: [file('a')] }, { type: 'append', files: [file('b')] });
  const first = await plan({ max_files: 1 });
  await publish({ type: 'append', files: [file('c')] });
  const rest = await plan({ file_offset: first.next_file_offset, as_of: first.as_of });
  expect([...namesOf(first), ...namesOf(rest)]).toEqual(['a', 'b']);
  expect(rest).toMatchObject({ total_files: 2, seq: first.seq, truncated: false });
});

test('no reader is told bounds by which it would drop a file that holds what it asks for', async () => {
  const types = { price: 'decimal128(9, 2)', day: 'date32[day]', at: 'timestamp[us]', x: 'double', n: 'int64' };
  await makeTable(Object.entries(types).map(([name, type]) => ({ name, type })));
  const stats = {
    price: { min: '9.50', max: '10.50', null_count: 0 },
    day: { min: '2026-01-01', max: '2026-01-02', null_count: 1 },
    at: { min: '2026-01-01T00:00:00', max: '2026-01-01T00:00:00', null_count: 0 },
    x: { min: 1, max: 1, null_count: 0 },
    n: { min: 1, max: 1, null_count: 0 },
  };
  await publish({ type: 'append', files: [{ name: 'a', stats }] });
  const told = async (filter_predicate: object) => {
    const { scan_tasks } = await plan({ filter_predicate, include_column_stats: true });
    return scan_tasks[0]?.files[0]?.column_stats;
  };
  const nothing = { min: null, max: null };
  expect(await told({ eq: ['n', 1] })).toEqual(stats);
  expect(await told({ lt: ['price', '10'] })).toEqual({ ...stats, price: { ...nothing, null_count: 0 } });
  expect(await told({ eq: ['at', '2026-01-01'] })).toEqual({ ...stats, at: { ...nothing, null_count: 0 } });
  expect(await told({ not: { and: [{ is_null: 'day' }, { neq: ['x', 1] }] } })).toEqual({
    ...stats,
    day: { ...nothing, null_count: 1 },
    x: { ...nothing, null_count: 0 },
  });
});

test('no reader is told bounds of a column whose nulls were not counted, which it would take for none', async () => {
  await makeTable(FIELDS);
  const stats = { id: { min: 1, max: 5, null_count: null }, v: { min: 'a', max: 'b', null_count: 0 } };
  await publish({ type: 'append', files: [{ name: 'a', stats }] });
  const asked = { filter_predicate: { is_null: 'id' }, include_column_stats: true };
  expect((await plan(asked)).scan_tasks[0]?.files[0]?.column_stats).toEqual({ v: stats.v });
});

test('a preferred root and a recipe are accepted, and change no file of the plan', async () => {
  await makeTable(FIELDS);
  await publish({ type: 'append', files: [file('a')] });
  const plain = await plan();
  const asked = await plan({ preferred_root: 'default', recipe_hash: 'abc123' });
  expect(asked).toMatchObject({ preferred_root_used: true, scan_tasks: plain.scan_tasks });
  expect(await plan({ preferred_root: 'elsewhere' })).toMatchObject({
    preferred_root_used: false,
    scan_tasks: plain.scan_tasks,
  });
});

describe('a table without upserts and deletes', () => {
  test('an empty table is planned as its schema and no tasks', async () => {
    await makeTable(FIELDS);
    const empty = await plan();
    expect(empty).toMatchObject({ total_files: 0, requires_mor: false, scan_tasks: [], truncated: false });
    expect(empty.snapshot_id).toBeNull();
    expect(empty.schema?.map(({ name }) => name)).toEqual(['id', 'v']);
    expect(empty.schema_serialized).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });

  test('files come in the order of their commits, with everything that a reader needs', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('b'), file('a')] });
    await publish({ type: 'add', files: [file('c')] });
    const whole = await plan();
    expect(namesOf(whole)).toEqual(['b', 'a', 'c']);
    expect(whole).toMatchObject({ total_files: 3, total_records: 30, total_bytes: 300, returned_files: 3 });
    expect(whole.scan_tasks.map((task) => [task.delta_type, task.stream_position])).toEqual([
      ['append', 1n],
      ['add', 2n],
    ]);
    const [first] = whole.scan_tasks[0]?.files ?? [];
    expect(first).toMatchObject({ content_type: 'parquet', record_count: 10, content_length: 100, schema_id: 0 });
    expect(first?.column_stats).toBeUndefined();
    expect(Object.keys(whole.schemas_by_id ?? {})).toEqual(['0']);
    expect(whole.schemas_serialized_by_id?.['0']).toBe(whole.schema_serialized);
    expect(whole.snapshot_id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('pages cover every file once and keep the totals of the whole plan', async () => {
    await makeTable(FIELDS);
    for (const name of ['a', 'b', 'c']) await publish({ type: 'append', files: [file(`${name}1`), file(`${name}2`)] });
    const seen: string[] = [];
    let next: number | null | undefined = 0;
    while (next !== null && next !== undefined) {
      const page = await plan({ file_offset: next, max_files: 4 });
      expect(page).toMatchObject({ total_files: 6, returned_files: namesOf(page).length });
      expect(page.truncated).toBe(page.next_file_offset !== null);
      seen.push(...namesOf(page));
      next = page.next_file_offset;
    }
    expect(seen).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  test('pages taken while others append stay what they were', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('a'), file('b')] });
    const first = await plan({ max_files: 1 });
    await publish({ type: 'add', files: [file('c')] });
    const second = await plan({ max_files: 1, file_offset: first.next_file_offset });
    expect([...namesOf(first), ...namesOf(second)]).toEqual(['a', 'b']);
    expect(second.next_file_offset).toBe(2);
  });

  test('an offset past the end gives an empty page', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('a')] });
    const beyond = await plan({ file_offset: 5 });
    expect(beyond).toMatchObject({ total_files: 1, returned_files: 0, truncated: false, next_file_offset: null });
    expect(beyond.snapshot_id).toBeNull();
  });

  test('a page of no files is refused', async () => {
    await makeTable(FIELDS);
    await expect(plan({ max_files: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('include_files=false gives totals and the fingerprint alone', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('a'), file('b')] });
    const totals = await plan({ include_files: false });
    expect(totals).toMatchObject({ total_files: 2, total_records: 20, scan_tasks: [], returned_files: 0 });
    expect(totals.snapshot_id).toBe((await plan()).snapshot_id);
  });

  test('the fingerprint stays with the files and changes with them', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('a')] });
    const before = await plan();
    expect((await plan({ max_files: 1 })).snapshot_id).toBe(before.snapshot_id);
    await publish({ type: 'append', files: [file('b')] });
    expect((await plan()).snapshot_id).not.toBe(before.snapshot_id);
  });

  test('as_of reads the files of that time', async () => {
    await makeTable(FIELDS);
    const { committed_at_ns, seq } = await publish({ type: 'append', files: [file('old')] });
    await publishMadeUp(context, 't', { deltas: [{ type: 'append', files: [file('new')] }], replacing: true });
    expect(namesOf(await plan())).toEqual(['new']);
    const then = await plan({ as_of: committed_at_ns });
    expect(namesOf(then)).toEqual(['old']);
    expect(then).toMatchObject({ seq, as_of: committed_at_ns });
  });

  test('statistics come when they are asked for', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('a', 1, 5), file('b')] });
    const [task] = (await plan({ include_column_stats: true })).scan_tasks;
    expect(task?.files.map((one) => one.column_stats)).toEqual([{ id: { min: 1, max: 5, null_count: 0 } }, {}]);
  });

  test('files whose statistics exclude the filter are left out of files and totals', async () => {
    await makeTable(FIELDS);
    await publish({ type: 'append', files: [file('low', 1, 5), file('high', 6, 9), file('unknown')] });
    await publish({ type: 'append', files: [file('lower', 0, 1)] });
    const pruned = await plan({ filter_predicate: { gte: ['id', 6] } });
    expect(namesOf(pruned)).toEqual(['high', 'unknown']);
    expect(pruned).toMatchObject({ total_files: 2, total_records: 20, total_bytes: 200 });
    expect(namesOf(await plan({ filter_predicate: '{"eq": ["id", 1]}' }))).toEqual(['low', 'unknown', 'lower']);
    // The same again, from what was kept in memory.
    expect(namesOf(await plan({ filter_predicate: { gte: ['id', 6] } }))).toEqual(['high', 'unknown']);
  });
});

describe('what a reader gets wrong', () => {
  const deep = (depth: number): unknown => (depth === 0 ? { eq: ['id', 1] } : { not: deep(depth - 1) });
  const refusals: [string, object, string][] = [
    ['a filter that is no object', { filter_predicate: [1, 2] }, 'invalid_predicate'],
    ['a filter that is no JSON', { filter_predicate: 'not json' }, 'invalid_predicate'],
    ['a filter with two operators', { filter_predicate: { eq: ['id', 1], gt: ['id', 0] } }, 'invalid_predicate'],
    ['an unknown operator', { filter_predicate: { like: ['v', 'a%'] } }, 'invalid_predicate'],
    ['a filter nested a hundred times', { filter_predicate: deep(100) }, 'invalid_predicate'],
    ['text compared with a number', { filter_predicate: { eq: ['id', 'one'] } }, 'invalid_predicate'],
    ['a number compared with text', { filter_predicate: { gt: ['v', 1] } }, 'invalid_predicate'],
    ['a filter over an unknown column', { filter_predicate: { eq: ['x', 1] } }, 'unknown_column'],
    ['an unknown column', { columns: ['id', 'x'] }, 'unknown_column'],
    ['a column named twice', { columns: ['id', 'id'] }, 'invalid_request'],
    ['a missing version', { table_version: '7' }, 'table_version_not_found'],
    ['a missing table', { table: 'missing' }, 'table_not_found'],
    ['a missing namespace', { namespace: 'missing' }, 'namespace_not_found'],
    ['a missing catalog', { catalog: 'missing' }, 'catalog_not_found'],
    ['a time in the future', { as_of: 2n ** 62n }, 'invalid_as_of'],
  ];

  test.each(refusals)('%s is refused', async (_what, asked, code) => {
    await makeTable(FIELDS);
    await expect(plan(asked)).rejects.toMatchObject({ code });
  });
});

describe('a table with upserts and deletes', () => {
  test('partitions come together, their deltas by position', async () => {
    await makeTable(KEYED, { partition_scheme: { keys: [{ key: ['v'] }] } });
    await publish({ type: 'append', partition: ['y'], files: [file('y1')] });
    await publish({ type: 'upsert', partition: ['x'], files: [file('x1')] });
    await publish(
      { type: 'upsert', partition: ['y'], files: [file('y2')] },
      { type: 'upsert', partition: [null], files: [file('null1')] },
    );
    const merged = await plan();
    expect(merged).toMatchObject({ requires_mor: true, merge_keys: ['id'] });
    expect(merged.mor_instructions).toContain('(id)');
    expect(namesOf(merged)).toEqual(['null1', 'x1', 'y1', 'y2']);
  });

  test('a page holds whole partitions, each once whatever the steps', async () => {
    await makeTable(KEYED, { partition_scheme: { keys: [{ key: ['v'] }] } });
    for (const v of ['a', 'b', 'c']) {
      await publish({ type: 'upsert', partition: [v], files: [file(`${v}1`), file(`${v}2`), file(`${v}3`)] });
    }
    const first = await plan({ max_files: 2 });
    expect(namesOf(first)).toEqual(['a1', 'a2', 'a3']);
    expect(first).toMatchObject({ returned_files: 3, next_file_offset: 3, truncated: true, total_files: 9 });
    const steps = await Promise.all([0, 2, 4, 6, 8].map((file_offset) => plan({ file_offset, max_files: 2 })));
    expect(steps.flatMap(namesOf).toSorted()).toEqual(namesOf(await plan()));
    expect(steps.at(-1)).toMatchObject({ truncated: false, next_file_offset: null });
  });

  test('a filter over other columns than the keys drops no file, so that no stale row comes back', async () => {
    await makeTable(KEYED);
    const stats = (id: number, v: string) => ({
      id: { min: id, max: id, null_count: 0 },
      v: { min: v, max: v, null_count: 0 },
    });
    await publish({ type: 'upsert', files: [{ name: 'old', stats: stats(1, 'stale') }] });
    await publish({ type: 'upsert', files: [{ name: 'new', stats: stats(1, 'fresh') }] });
    await publish({ type: 'upsert', files: [{ name: 'other', stats: stats(2, 'stale') }] });
    expect(namesOf(await plan({ filter_predicate: { eq: ['v', 'stale'] } }))).toEqual(['old', 'new', 'other']);
    const both = { and: [{ eq: ['v', 'stale'] }, { eq: ['id', 1] }] };
    expect(namesOf(await plan({ filter_predicate: both }))).toEqual(['old', 'new']);
    const either = { or: [{ eq: ['v', 'stale'] }, { eq: ['id', 1] }] };
    expect(namesOf(await plan({ filter_predicate: either }))).toEqual(['old', 'new', 'other']);
  });

  test('files of deletes are dropped by keys only when they delete by exactly the keys', async () => {
    await makeTable(KEYED);
    await publish({ type: 'upsert', files: [file('one', 1), file('two', 2)] });
    await publish({ type: 'delete', deletes_by: ['id'], files: [file('by-key', 2)] });
    await publish({ type: 'delete', deletes_by: ['v'], files: [file('by-value', 2)] });
    expect(namesOf(await plan({ filter_predicate: { eq: ['id', 1] } }))).toEqual(['one', 'by-value']);
  });

  test('deletes before any data are left out, and a partition of nothing else with them', async () => {
    await makeTable(KEYED, { partition_scheme: { keys: [{ key: ['v'] }] } });
    await publish({ type: 'delete', partition: ['a'], deletes_by: ['id'], files: [file('early')] });
    await publish({ type: 'delete', partition: ['b'], deletes_by: ['id'], files: [file('alone')] });
    await publish({ type: 'append', partition: ['a'], files: [file('data', 1)] });
    const appended = await plan();
    expect(appended).toMatchObject({ requires_mor: false, total_files: 1, merge_keys: ['id'] });
    await publish({ type: 'delete', partition: ['a'], deletes_by: ['id'], files: [file('late')] });
    expect(namesOf(await plan())).toEqual(['data', 'late']);
    const pruned = await plan({ filter_predicate: { eq: ['id', 7] } });
    expect(pruned).toMatchObject({ total_files: 0, scan_tasks: [], requires_mor: true });
  });

  test('a file of deletes goes by a schema of just the columns that it deletes by', async () => {
    await makeTable(KEYED);
    await publish({ type: 'append', files: [file('data')] });
    await publish({ type: 'delete', deletes_by: ['id'], files: [file('gone')] });
    const merged = await plan();
    const id = String(merged.scan_tasks[1]?.files[0]?.schema_id);
    expect(merged.schemas_by_id?.[id]?.map(({ name }) => name)).toEqual(['id']);
    expect(merged.schemas_serialized_by_id?.[id]).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(merged.scan_tasks[0]?.files[0]?.schema_id).toBe(0);
    expect(merged.scan_tasks[1]?.entry_params).toEqual({ equality_field_locators: ['id'] });
  });

  test('a merge order tells how rows of one key are ordered, the winner last', async () => {
    const order = { sort_order: 'descending', null_order: 'at_start' };
    await makeTable([...KEYED, { name: 'at', type: 'int64', merge_order: order }]);
    await publish({ type: 'upsert', files: [file('data')] });
    expect((await plan()).mor_plan?.sort_keys).toEqual([
      { key: ['at'], sort_order: 'ascending', null_order: 'at_start' },
    ]);
  });
});

describe('a partitioned table', () => {
  const scheme: PartitionScheme = { keys: [{ key: ['id'], transform: 'identity' }, { key: ['v'] }] };

  test('only the partitions that may match are planned', async () => {
    await makeTable(FIELDS, { partition_scheme: scheme });
    for (const id of [1, 2, 3]) {
      for (const v of ['x', 'y']) {
        await publish({ type: 'append', partition: [id, v], files: [file(`${id}${v}`)] });
      }
    }
    await publish({ type: 'append', partition: null, files: [file('somewhere')] });
    const kept = async (filter_predicate: object) => namesOf(await plan({ filter_predicate }));
    expect(await kept({ eq: ['id', 2] })).toEqual(['2x', '2y', 'somewhere']);
    expect(await kept({ and: [{ in: ['id', [1, 3]] }, { eq: ['v', 'y'] }] })).toEqual(['1y', '3y', 'somewhere']);
    expect(await kept({ gt: ['id', 2] })).toEqual(['3x', '3y', 'somewhere']);
    expect(await kept({ eq: ['id', 9] })).toEqual(['somewhere']);
    const both = { or: [{ eq: ['id', 1] }, { eq: ['v', 'y'] }] };
    expect(await kept(both)).toEqual(['1x', '1y', '2y', '3y', 'somewhere']);
    const { total_files } = await plan({ filter_predicate: { eq: ['v', 'x'] }, include_files: false });
    expect(total_files).toBe(4);
  });

  test('the partition scheme of the tasks is part of the plan', async () => {
    await makeTable(FIELDS, { partition_scheme: scheme });
    await publish({ type: 'append', partition: [1, 'x'], files: [file('a')] });
    const found = await plan();
    const [task] = found.scan_tasks;
    expect(task).toMatchObject({ partition_values: [1, 'x'], partition_scheme_id: found.partition_scheme?.id });
    expect(Object.keys(found.partition_schemes_by_id ?? {})).toEqual([found.partition_scheme?.id]);
  });
});

test('a schemaless table is planned as files, whatever its readers filter', async () => {
  await createTable(
    context,
    API.create_table.input.parse({ namespace: 'test', table: 't', auto_create_namespace: true }),
  );
  await publish({ type: 'add', files: [file('a')] });
  const files = await plan({ columns: ['path'], filter_predicate: { gt: ['meta_record_count', 1] } });
  expect(files).toMatchObject({ schema: null, schema_serialized: null, total_files: 1, merge_keys: null });
  await expect(plan({ filter_predicate: { like: ['path', 'a'] } })).rejects.toMatchObject({
    code: 'invalid_predicate',
  });
});
