import type { Predicate } from '@deltacat/contract';
import { Table } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { PlanArguments } from './read.ts';

let server: TestServer;
let client: Client;
let plans = 0;
const runs = { namespace: 'n', table: 'runs' };
const parts = { namespace: 'n', table: 'parts' };
/** When the first rows of `runs` had been written. */
let first_ns: bigint;

beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', {
    fetch: (url, init) => {
      if (url.includes('/plan')) plans += 1;
      return server.fetch(url, init);
    },
  });
  await client.catalog.createNamespace({ namespace: 'n' });
  const schema_def = [
    { name: 'id', type: 'int64' },
    { name: 'task', type: 'string' },
    { name: 'score', type: 'double' },
  ];
  await client.catalog.createTable({ ...runs, schema_def });
  const first = await client.catalog.write({ id: [1, 2], task: ['pick', 'place'], score: [0.5, null] }, runs);
  first_ns = first.committed_at_ns ?? 0n;
  await client.catalog.write({ id: [3, 4], task: ['pick', null], score: [0.9, 0.1] }, runs);
  await client.catalog.createTable({
    ...parts,
    schema_def: schema_def.map((field) => (field.name === 'id' ? { ...field, is_merge_key: true } : field)),
    partition_scheme: { keys: [{ key: ['task'] }] },
  });
  await client.catalog.write({ id: [1, 2, 3], task: ['a', 'b', 'a'], score: [1, 2, 3] }, parts);
});
afterAll(() => server.close());

describe('a sorted table', () => {
  async function sorted(sort_order: 'ascending' | 'descending', writes: number[][]) {
    const table = { namespace: 'n', table: `sorted_${sort_order}_${writes.length}` };
    const sort_scheme = { keys: [{ key: ['id'], sort_order }] };
    await client.catalog.createTable({ ...table, schema_def: [{ name: 'id', type: 'int64' }], sort_scheme });
    for (const id of writes) await client.catalog.write({ id }, { ...table, mode: 'append' });
    return table;
  }
  const idsOf = async (input: PlanArguments) =>
    [...((await client.catalog.read(input)).getChild('id') ?? [])].map(Number);

  test('is read in its order where its files do not overlap, with a filter and without', async () => {
    const rising = await sorted('ascending', [[5, 6], [1, 2], [9]]);
    expect(await idsOf(rising)).toEqual([1, 2, 5, 6, 9]);
    expect(await idsOf({ ...rising, filter_predicate: { neq: ['id', 6] } })).toEqual([1, 2, 5, 9]);
    const falling = await sorted('descending', [[1, 2], [6, 5], [9]]);
    expect(await idsOf(falling)).toEqual([9, 6, 5, 2, 1]);
  });

  test('is read in the order of its commits where files overlap', async () => {
    const table = await sorted('ascending', [
      [1, 6],
      [2, 5],
    ]);
    expect(await idsOf(table)).toEqual([1, 6, 2, 5]);
  });

  test('of one file costs no second request', async () => {
    const table = await sorted('ascending', [[2, 1]]);
    const before = plans;
    expect(await idsOf(table)).toEqual([1, 2]);
    expect(plans - before).toBe(1);
  });
});

describe('rows come as', () => {
  test('an Arrow table of the schema by default', async () => {
    const table = await client.catalog.read(runs);
    expect(table).toBeInstanceOf(Table);
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id Int64',
      'task Utf8',
      'score Float64',
    ]);
    expect([...(table.getChild('id') ?? [])]).toEqual([1n, 2n, 3n, 4n]);
  });

  test('objects', async () => {
    const rows = await client.catalog.read({ ...runs, read_as: 'objects' });
    expect(rows[1]).toEqual({ id: 2n, task: 'place', score: null });
    expect(rows).toHaveLength(4);
  });

  test('objects, however many', async () => {
    const many = { namespace: 'n', table: 'many' };
    await client.catalog.write({ id: BigInt64Array.from({ length: 300_000 }, (_, index) => BigInt(index)) }, many);
    const rows = await client.catalog.read({ ...many, read_as: 'objects' });
    expect([rows.length, rows.at(-1)]).toEqual([300_000, { id: 299_999n }]);
  });

  test('batches, one after another', async () => {
    let rows = 0;
    for await (const batch of await client.catalog.read({ ...runs, read_as: 'batches' })) rows += batch.numRows;
    expect(rows).toBe(4);
  });

  test('columns, numbers in arrays of their type', async () => {
    const { id, task, score } = await client.catalog.read({ ...runs, read_as: 'columns' });
    expect(id?.values).toEqual(BigInt64Array.of(1n, 2n, 3n, 4n));
    expect(id?.validity).toBeNull();
    expect(task?.values).toEqual(['pick', 'place', 'pick', null]);
    expect(score?.values).toEqual(Float64Array.of(0.5, 0, 0.9, 0.1));
    expect(score?.validity).toEqual(Uint8Array.of(1, 0, 1, 1));
  });

  test('columns, which can be written as they are', async () => {
    const copy = { namespace: 'n', table: 'copied_columns' };
    await client.catalog.write(await client.catalog.read({ ...runs, read_as: 'columns' }), copy);
    const rows = (table: typeof copy) => client.catalog.read({ ...table, read_as: 'objects' });
    expect(await rows(copy)).toEqual(await rows(runs));
    const types = async (table: typeof copy) => (await client.catalog.read(table)).schema.fields.map(String);
    expect(await types(copy)).toEqual(await types(runs));
  });

  test('a relation in DuckDB, which can be written as it is', async () => {
    await using relation = await client.catalog.read({
      ...runs,
      read_as: 'duckdb',
      filter_predicate: { gt: ['id', 1] },
    });
    const query = await relation.query('SELECT count(*) AS n, max(score) AS best FROM rows');
    expect(await query.objects()).toEqual([{ n: 3n, best: 0.9 }]);
    const copy = { namespace: 'n', table: 'copied_relation' };
    expect((await client.catalog.write(relation, copy)).total_records).toBe(3);
    const names = await client.catalog.read({ ...runs, read_as: 'duckdb', relation_name: 'runs', rows_limit: 1 });
    expect(await (await names.query('SELECT id FROM runs')).objects()).toEqual([{ id: 1n }]);
    await names[Symbol.asyncDispose]();
  });

  test('handles of Parquet files, which can be written as they are', async () => {
    const [first, second, ...others] = await client.catalog.read({ ...runs, read_as: 'parquet' });
    if (first === undefined || second === undefined) expect.unreachable();
    expect(others).toEqual([]);
    expect((await first.describe()).record_count).toBe(2);
    expect(await (await second.read({ columns: ['task'] })).objects()).toEqual([{ task: 'pick' }, { task: null }]);
    const copy = { namespace: 'n', table: 'copied_file' };
    expect((await client.catalog.write(first, copy)).total_records).toBe(2);
    const none = await client.catalog.read({ ...runs, read_as: 'parquet', filter_predicate: { gt: ['id', 99] } });
    expect(none).toEqual([]);
  });

  test.each([
    [{ read_as: 'parquet' as const, rows_limit: 1 }],
    [{ read_as: 'parquet' as const, file_path_column: 'file' }],
    [{ read_as: 'arrow' as const, relation_name: 'runs' }],
  ])('no form with what it has no use for: %o', async (options) => {
    const asked = client.catalog.read({ ...runs, ...options });
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('nothing else', async () => {
    const asked = client.catalog.read({ ...runs, read_as: 'pandas' as 'arrow' }); // as a caller without types would
    await expect(asked).rejects.toThrow('Choose arrow, objects, columns, batches, duckdb, parquet');
  });

  test('a few that the server read', async () => {
    const preview = await client.catalog.preview({ ...runs, limit: 3 });
    expect(preview).toMatchObject({ sample_size: 3, total_rows: 4 });
    expect(preview.sample_rows[0]).toEqual({ id: 1, task: 'pick', score: 0.5 });
  });
});

describe('which rows', () => {
  const ids = async (filter_predicate: Predicate) => {
    const rows = await client.catalog.read({ ...runs, filter_predicate, columns: ['id'], read_as: 'objects' });
    return rows.map(({ id }) => Number(id));
  };

  test('a filter keeps what is true, null is neither', async () => {
    expect(await ids({ eq: ['task', 'pick'] })).toEqual([1, 3]);
    expect(await ids({ not: { eq: ['task', 'pick'] } })).toEqual([2]);
    expect(await ids({ or: [{ is_null: 'task' }, { gte: ['score', 0.9] }] })).toEqual([3, 4]);
    expect(await ids({ in: ['id', [1, 4n]] })).toEqual([1, 4]);
  });

  test('columns come as asked, in that order, also when the filter needs others', async () => {
    const filter_predicate: Predicate = { eq: ['id', 3] };
    const rows = await client.catalog.read({
      ...runs,
      columns: ['score', 'task'],
      filter_predicate,
      read_as: 'objects',
    });
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [
        ['score', 0.9],
        ['task', 'pick'],
      ],
    ]);
  });

  test('a column can tell the file of each row', async () => {
    const rows = await client.catalog.read({ ...runs, file_path_column: 'file', read_as: 'objects' });
    const paths = (await client.catalog.plan(runs)).filePaths();
    expect(rows.map(({ file }) => file)).toEqual([paths[0], paths[0], paths[1], paths[1]]);
  });

  test('as_of reads the state of an earlier time', async () => {
    expect((await client.catalog.read({ ...runs, as_of: first_ns })).numRows).toBe(2);
    const tomorrow = client.catalog.read({ ...runs, as_of: 2n ** 62n });
    await expect(tomorrow).rejects.toMatchObject({ code: 'invalid_as_of' });
  });

  test('what cannot be read is refused by name', async () => {
    const refused = (input: Parameters<Client['catalog']['plan']>[0]) =>
      client.catalog.read(input).catch(({ code }: { code: string }) => code);
    expect(await refused({ namespace: 'n', table: 'missing' })).toBe('table_not_found');
    expect(await refused({ ...runs, columns: ['colour'] })).toBe('unknown_column');
    expect(await refused({ ...runs, filter_predicate: { eq: ['colour', 1] } })).toBe('unknown_column');
    expect(await refused({ ...runs, filter_predicate: { gt: ['id', 'x'] } })).toBe('invalid_predicate');
    expect(await refused({ ...runs, table_version: '99' })).toBe('table_version_not_found');
  });
});

describe('plans', () => {
  test('tell what there is', async () => {
    const plan = await client.catalog.plan({ ...runs, include_stats: true });
    expect(plan).toMatchObject({ total_files: 2, total_records: 4, requires_mor: false, truncated: false });
    expect(plan.total_bytes).toBeGreaterThan(0);
    expect(plan.snapshot_id).toMatch(/^[0-9a-f]{32}$/);
    expect(plan.filesWithExtension('.PARQUET')).toEqual(plan.allFiles());
    expect(plan.filesWithExtension('jpg', '.png')).toEqual([]);
    expect(plan.allFiles()[0]?.column_stats).toMatchObject({ id: { min: 1, max: 2, null_count: 0 } });
    expect(plan.raw.schema?.map(({ name }) => name)).toEqual(['id', 'task', 'score']);
  });

  test('tell what each partition has', async () => {
    const summaries = (await client.catalog.plan(parts)).partitionSummaries();
    expect(summaries.toSorted((a, b) => b.total_records - a.total_records)).toMatchObject([
      { partition_values: ['a'], task_count: 1, file_count: 1, total_records: 2, content_types: ['parquet'] },
      { partition_values: ['b'], task_count: 1, file_count: 1, total_records: 1 },
    ]);
  });

  test('leave out what cannot match', async () => {
    const plan = await client.catalog.plan({ ...parts, filter_predicate: { eq: ['task', 'b'] } });
    expect(plan.total_files).toBe(1);
  });

  test('are of the partitions that are named, by value or id, and so are rows', async () => {
    const [{ partition_id } = {}] = (await client.catalog.plan({ ...parts, partition_filter: ['b'] })).raw.scan_tasks;
    const ids = async (partition_filter: PlanArguments['partition_filter']) =>
      (await client.catalog.read({ ...parts, partition_filter, read_as: 'objects' })).map(({ id }) => id);
    expect(await ids(['b'])).toEqual([2n]);
    expect(await ids([{ partition_id: partition_id ?? null }])).toEqual([2n]);
    expect(await ids([{ partition_values: ['a'] }])).toEqual([1n, 3n]);
    expect(await ids(['a', 'b', 'c'])).toHaveLength(3);
    const pages = await Array.fromAsync(
      (await client.catalog.plan({ ...parts, partition_filter: ['a', 'b'], limit: 1 })).pages(),
    );
    expect(pages.map((page) => page.allFiles().length)).toEqual([1, 1]);
    await expect(ids([])).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('are read as they were made, whatever is committed later', async () => {
    const table = { namespace: 'n', table: 'kept' };
    await client.catalog.write({ id: [1, 2, 3] }, table);
    const plan = await client.catalog.plan({ ...table, columns: ['id'], filter_predicate: { gt: ['id', 1] } });
    await client.catalog.write({ id: [4] }, table);
    const before = plans;
    const rows = await client.catalog.read({ plan, read_as: 'objects' });
    expect(rows).toEqual([{ id: 2n }, { id: 3n }]);
    const narrower = await client.catalog.read({ plan, filter_predicate: { lt: ['id', 3] } });
    expect([...(narrower.getChild('id') ?? [])]).toEqual([2n]);
    expect(plans).toBe(before);
  });

  test('come in pages of files, which together are the whole', async () => {
    const page = await client.catalog.plan({ ...runs, limit: 1 });
    expect(page).toMatchObject({ truncated: true, next_file_offset: 1, total_files: 2 });
    const pages = await Array.fromAsync(page.pages());
    expect(pages.map((each) => each.allFiles().length)).toEqual([1, 1]);
    const whole = await page.complete();
    expect(whole.filePaths()).toEqual((await client.catalog.plan(runs)).filePaths());
    expect((await client.catalog.read({ plan: whole })).numRows).toBe(4);
    expect(await whole.complete()).toBe(whole);
  });

  test('limit and offset of a read count files', async () => {
    expect((await client.catalog.read({ ...runs, limit: 1 })).numRows).toBe(2);
    const second = await client.catalog.read({ ...runs, offset: 1, limit: 1, read_as: 'objects' });
    expect(second.map(({ id }) => id)).toEqual([3n, 4n]);
  });

  test('rows_limit and rows_offset of a read count rows', async () => {
    const read = async (paging: { rows_limit?: number; rows_offset?: number; limit?: number }) =>
      (await client.catalog.read({ ...runs, ...paging, read_as: 'objects' })).map(({ id }) => Number(id));
    expect(await read({ rows_limit: 3 })).toEqual([1, 2, 3]);
    expect(await read({ rows_offset: 1, rows_limit: 2 })).toEqual([2, 3]);
    expect(await read({ rows_offset: 3 })).toEqual([4]);
    expect(await read({ limit: 1, rows_limit: 3 })).toEqual([1, 2]);
    await expect(read({ rows_limit: -1 })).rejects.toMatchObject({ code: 'invalid_request' });
    const plan = await client.catalog.plan({ ...runs, filter_predicate: { eq: ['task', 'pick'] } });
    const [row] = await client.catalog.read({ plan, rows_offset: 1, read_as: 'objects' });
    expect(row?.id).toBe(3n);
  });

  test('without files are for a look only', async () => {
    const plan = await client.catalog.plan({ ...runs, include_files: false });
    expect(plan).toMatchObject({ total_files: 2, total_records: 4 });
    await expect(client.catalog.read({ plan })).rejects.toThrow('include_files');
  });
});

describe('merging', () => {
  test('upserts and deletes are applied before the filter', async () => {
    const table = { namespace: 'n', table: 'merged' };
    const schema_def = [
      { name: 'id', type: 'int64', is_merge_key: true },
      { name: 'v', type: 'string' },
    ];
    await client.catalog.createTable({ ...table, schema_def });
    await client.catalog.write({ id: [1, 2, 3], v: ['x', 'x', 'x'] }, { ...table, mode: 'append' });
    const appended = await client.catalog.plan(table);
    await client.catalog.write({ id: [2, 4], v: ['y', 'x'] }, { ...table, mode: 'merge' });
    await client.catalog.write({ id: [3] }, { ...table, mode: 'delete' });
    expect(appended.requires_mor).toBe(false);
    expect((await client.catalog.plan(table)).requires_mor).toBe(true);
    const rows = await client.catalog.read({ ...table, filter_predicate: { eq: ['v', 'x'] }, read_as: 'objects' });
    expect(rows.map(({ id }) => id)).toEqual([1n, 4n]);
    expect((await client.catalog.read({ plan: appended })).numRows).toBe(3);
  });
});

describe('a table without a schema', () => {
  test('reads as its files, and their rows are a second step', async () => {
    const table = { namespace: 'n', table: 'loose' };
    await client.catalog.createTable(table);
    const entries = (await client.catalog.plan(runs)).allFiles().map(({ path }) => ({ path }));
    await client.catalog.commit({ ...table, entries, mode: 'add' });
    const manifest = await client.catalog.read(table);
    expect(manifest.numRows).toBe(2);
    expect(manifest.schema.names).toEqual(expect.arrayContaining(['path', 'meta_record_count', 'meta_content_type']));
    const rows = await client.catalog.fromManifestTable(manifest, { columns: ['id'], read_as: 'objects' });
    expect(rows).toEqual([{ id: 1n }, { id: 2n }, { id: 3n }, { id: 4n }]);
    const listed = await client.catalog.read({ ...table, read_as: 'objects', columns: ['path'] });
    expect(await client.catalog.fromManifestTable(listed, { columns: ['id'], read_as: 'objects' })).toEqual(rows);
    await using relation = await client.catalog.fromManifestTable(listed, { read_as: 'duckdb', rows_offset: 3 });
    expect(await (await relation.query('SELECT id FROM rows')).objects()).toEqual([{ id: 4n }]);
    const files = await client.catalog.fromManifestTable(listed, { read_as: 'parquet' });
    expect(files.map(({ path }) => path)).toEqual(entries.map(({ path }) => path));
    await using list = await client.catalog.read({ ...table, read_as: 'duckdb' });
    const counted = await list.query('SELECT sum(meta_record_count)::INTEGER AS n FROM rows');
    expect(await counted.objects()).toEqual([{ n: 4 }]);
    await expect(client.catalog.read({ ...table, read_as: 'parquet' })).rejects.toMatchObject({
      code: 'not_supported',
    });
    const one = await client.catalog.read({ ...table, filter_predicate: { eq: ['path', entries[0]?.path ?? ''] } });
    expect((await client.catalog.fromManifestTable(one)).numRows).toBe(2);
    const last = await client.catalog.read({ ...table, rows_offset: 1, rows_limit: 5, read_as: 'columns' });
    expect(last.path?.values).toEqual([entries[1]?.path]);
  });
});
