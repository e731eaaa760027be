import { readdirSync } from 'node:fs';
import { API, EMPTY_SCHEME_ID, type ReadPlan } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTable } from '../catalog/create-table.ts';
import { AnswerText, type RequestContext } from '../context.ts';
import { planRead, resolveRead } from '../reads/plan.ts';
import { viewHead } from '../snapshots/view.ts';
import { publishMadeUp } from '../testing/made-up-files.ts';
import { seededRandom } from '../testing/random.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { planMerged } from './plan-merged.ts';
import { rewritePartitions } from './rewrite.ts';
import { rollbackTable } from './rollback-table.ts';
import { truncateTable } from './truncate-table.ts';
import { writeData } from './write-data.ts';

let server: TestServer;
let context: RequestContext;

beforeEach(async () => {
  server = await startTestServer();
  context = server.requestContext();
});

afterEach(() => server.close());

const NAMES = { namespace: 'test', table: 't' };
const ID = { name: 'id', type: 'int64', is_merge_key: true };
const FIELDS = [ID, { name: 'v', type: 'string' }];
const BY_PART = { keys: [{ key: ['part'] }] };
const PARTED = [...FIELDS, { name: 'part', type: 'string' }];

async function makeTable(more: object = {}) {
  const body = { ...NAMES, schema_def: FIELDS, auto_create_namespace: true, ...more };
  await createTable(context, API.create_table.input.parse(body));
}

type Row = [id: number, v: string | null, part?: string];

function write(mode: string, rows: Row[]) {
  const data = rows.map(([id, v, part]) => (part === undefined ? { id, v } : { id, v, part }));
  return writeData(context, API.write_data.input.parse({ ...NAMES, mode, data }));
}

async function planFor(reader: 'new' | 'old', asked: object = {}): Promise<ReadPlan> {
  const input = API.plan_read.input.parse({ ...NAMES, ...asked });
  const handle = reader === 'new' ? planRead : planMerged;
  const answer = await handle({ ...context, client_version: reader === 'new' ? 'test' : null }, input);
  if (answer instanceof AnswerText) throw new Error('so few files are not told as text');
  return API.plan_read.output.parse(answer);
}

async function rowsOf(plan: ReadPlan): Promise<Row[]> {
  const rows = await executePlan(plan).objects();
  return rows.map((row) => [
    Number(row.id),
    row.v as string | null,
    ...(row.part === undefined ? [] : [row.part as string]),
  ]) as Row[];
}

function rewrites() {
  return context.db.reader.selectFrom('commits').select('seq').where('operation', '=', 'rewrite').execute();
}

function kindsOf(plan: ReadPlan): (string | null | undefined)[] {
  return plan.scan_tasks.map((task) => task.delta_type);
}

describe('a reader that cannot merge', () => {
  test('gets upserts merged, and everyone the same rows as before', async () => {
    await makeTable();
    await write('merge', [
      [1, 'a'],
      [2, 'b'],
      [1, 'A'],
    ]);
    await write('merge', [
      [2, 'B'],
      [3, null],
    ]);
    const before = await rowsOf(await planFor('new'));
    const plan = await planFor('old');
    expect(plan).toMatchObject({ requires_mor: false, mor_plan: null, total_records: 3 });
    expect(kindsOf(plan)).toEqual(['append']);
    expect(await rowsOf(plan)).toEqual(before);
    expect(before).toEqual([
      [1, 'A'],
      [2, 'B'],
      [3, null],
    ]);
    const after = await planFor('new');
    expect(after.requires_mor).toBe(false);
    expect(await rowsOf(after)).toEqual(before);
  });

  test('does not see deleted rows, and sees those written again', async () => {
    await makeTable();
    await write('merge', [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    await write('delete', [
      [1, null],
      [3, null],
    ]);
    await write('merge', [[3, 'again']]);
    const plan = await planFor('old');
    expect(kindsOf(plan)).toEqual(['append']);
    expect(await rowsOf(plan)).toEqual([
      [2, 'b'],
      [3, 'again'],
    ]);
  });

  test('gets no files of a table whose rows are all deleted', async () => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    await write('delete', [[1, null]]);
    expect(await planFor('old')).toMatchObject({ requires_mor: false, total_files: 0, scan_tasks: [] });
    await write('merge', [[1, 'b']]);
    expect(await rowsOf(await planFor('old'))).toEqual([[1, 'b']]);
  });

  test('has only the partitions rewritten that it selects', async () => {
    await makeTable({ schema_def: PARTED, partition_scheme: BY_PART });
    await write('merge', [
      [1, 'a', 'x'],
      [1, 'a', 'y'],
    ]);
    const plan = await planFor('old', { filter_predicate: { eq: ['part', 'x'] } });
    expect(await rowsOf(plan)).toEqual([[1, 'a', 'x']]);
    expect(kindsOf(await planFor('new')).toSorted()).toEqual(['append', 'upsert']);
    expect(await rewrites()).toHaveLength(1);
  });

  test('gets what merging would give of appended partitions too, once and not with every plan', async () => {
    await makeTable({ schema_def: PARTED, partition_scheme: BY_PART });
    await write('append', [
      [1, 'first', 'x'],
      [1, 'last', 'x'],
    ]);
    await write('merge', [[2, 'b', 'y']]);
    const merged = await rowsOf(await planFor('new'));
    expect((await rowsOf(await planFor('old'))).toSorted()).toEqual(merged);
    expect(merged).toEqual([
      [1, 'last', 'x'],
      [2, 'b', 'y'],
    ]);
    await write('merge', [[2, 'c', 'y']]);
    await planFor('old');
    expect(await rewrites()).toHaveLength(3);
  });

  test('reads a table of appends as it was written', async () => {
    await makeTable();
    await write('append', [
      [1, 'a'],
      [1, 'b'],
    ]);
    expect(await rowsOf(await planFor('old'))).toHaveLength(2);
    expect(await rewrites()).toHaveLength(0);
  });

  test.each([
    ['the past', () => ({ as_of: context.clock.nowNs() - 1n })],
    ['totals', () => ({ include_files: false })],
  ])('is left alone with %s', async (_what, asked) => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    expect((await planFor('old', asked())).requires_mor).toBe(true);
    expect(await rewrites()).toHaveLength(0);
  });

  test('is left alone with a table that is never rewritten', async () => {
    await makeTable({ table_properties: { read_optimization_level: 'none' } });
    await write('merge', [[1, 'a']]);
    expect((await planFor('old')).requires_mor).toBe(true);
    expect(await rewrites()).toHaveLength(0);
  });

  test('is told to get a newer client where rows cannot be rewritten unchanged', async () => {
    await makeTable({ schema_def: [...FIELDS, { name: 'at', type: 'timestamp[ns, tz=UTC]' }] });
    await write('merge', [[1, 'a']]);
    await expect(planFor('old')).rejects.toMatchObject({
      code: 'merge_unsupported_by_client',
      message: expect.stringContaining('0.1.67'),
    });
  });
});

test('a data file that is gone is named to a reader that cannot merge', async () => {
  await makeTable();
  await publishMadeUp(context, 't', { deltas: [{ type: 'upsert', files: [{ name: 'gone.parquet' }] }] });
  const answer = await server.requestAs({})('POST', '/v1/namespaces/test/tables/t/plan');
  expect(answer).toMatchObject({
    status: 409,
    body: { error: { code: 'data_missing', details: { path: '/made-up/gone.parquet' } } },
  });
});

describe('a rewrite', () => {
  const inputs = async () => {
    const read = await resolveRead(context, API.plan_read.input.parse(NAMES));
    return { read, partitions: [...Map.groupBy(read.deltas, (delta) => delta.partition_id).values()] };
  };

  test('puts as many rows into a file as the table says, sorted by key so that filters drop files', async () => {
    await makeTable({ table_properties: { records_per_compacted_file: 2 } });
    await write('merge', [
      [4, 'd'],
      [1, 'a'],
      [3, 'c'],
      [2, 'b'],
      [5, 'e'],
    ]);
    const plan = await planFor('old', { include_column_stats: true });
    const ranges = plan.scan_tasks.flatMap(({ files }) => files.map(({ column_stats }) => column_stats?.id));
    expect(ranges.map((stats) => [stats?.min, stats?.max])).toEqual([
      [1, 2],
      [3, 4],
      [5, 5],
    ]);
    expect((await planFor('old', { filter_predicate: { eq: ['id', 3] } })).total_files).toBe(1);
  });

  test('leaves the past as it was', async () => {
    await makeTable();
    const first = await write('merge', [[1, 'a']]);
    await write('merge', [[1, 'b']]);
    await planFor('old');
    await write('merge', [[1, 'c']]);
    await planFor('old');
    const then = await planFor('new', { as_of: first.committed_at_ns });
    expect(await rowsOf(then)).toEqual([[1, 'a']]);
    expect(kindsOf(then)).toEqual(['upsert']);
  });

  test('of some partitions, and appends on top of it, leave the rows as they would be without it', async () => {
    await makeTable({ schema_def: PARTED, partition_scheme: BY_PART });
    await write('append', [
      [1, 'first', 'x'],
      [1, 'last', 'x'],
    ]);
    await write('merge', [[2, 'b', 'y']]);
    await planFor('old', { filter_predicate: { eq: ['part', 'y'] } });
    const rows: Row[] = [
      [1, 'last', 'x'],
      [2, 'b', 'y'],
    ];
    expect(await rowsOf(await planFor('new'))).toEqual(rows);
    expect((await rowsOf(await planFor('old'))).toSorted()).toEqual(rows);
    await write('append', [[2, 'c', 'y']]);
    const appended = [rows[0], [2, 'c', 'y']];
    expect(await rowsOf(await planFor('new'))).toEqual(appended);
    expect((await rowsOf(await planFor('old'))).toSorted()).toEqual(appended);
  });

  test('takes the place of its deltas, below what was appended meanwhile', async () => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    await write('merge', [[2, 'b']]);
    const { read, partitions } = await inputs();
    await write('merge', [[1, 'later']]);
    const [rewritten] = await rewritePartitions(context, read, partitions);
    expect(rewritten?.delta).toMatchObject({ position: 2n, previous_position: null, delta_type: 'append', records: 2 });
    const plan = await planFor('new');
    expect(plan.scan_tasks.map((task) => task.stream_position)).toEqual([2n, 3n]);
    expect(await rowsOf(plan)).toEqual([
      [2, 'b'],
      [1, 'later'],
    ]);
  });

  test('stays below what was appended meanwhile when the table is rolled back', async () => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    const { read, partitions } = await inputs();
    await write('merge', [[1, 'later']]);
    await rewritePartitions(context, read, partitions);
    const as_of = (await viewHead(context.db.reader, read.catalog.catalog_id)).committed_at_ns;
    await rollbackTable(context, API.rollback_table.input.parse({ ...NAMES, as_of }));
    expect(await rowsOf(await planFor('new'))).toEqual([[1, 'later']]);
  });

  test('gives way to a truncation and leaves no files behind', async () => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    const { read, partitions } = await inputs();
    await truncateTable(context, API.truncate_table.input.parse(NAMES));
    expect(await rewritePartitions(context, read, partitions)).toEqual([]);
    expect((await planFor('old')).total_files).toBe(0);
    const files = readdirSync(server.root, { recursive: true }).map(String);
    expect(files.filter((name) => name.includes('rewrite-'))).toEqual([]);
  });

  test('gives way to another of the same partition', async () => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    const [one, other] = [await inputs(), await inputs()];
    expect(await rewritePartitions(context, one.read, one.partitions)).toHaveLength(1);
    expect(await rewritePartitions(context, other.read, other.partitions)).toEqual([]);
    expect(await rowsOf(await planFor('old'))).toEqual([[1, 'a']]);
  });

  test('is shared by readers that ask at the same time', async () => {
    await makeTable();
    await write('merge', [[1, 'a']]);
    await write('merge', [[1, 'b']]);
    const plans = await Promise.all([1, 2, 3, 4].map(() => planFor('old')));
    for (const plan of plans) expect(await rowsOf(plan)).toEqual([[1, 'b']]);
    expect(await rewrites()).toHaveLength(1);
  });
});

test('every plan of an old reader holds the rows of its moment, whatever is written meanwhile', async () => {
  const { seed, below, pick } = seededRandom();
  await makeTable({ schema_def: PARTED, partition_scheme: BY_PART });
  const randomRows = (): Row[] =>
    Array.from({ length: 1 + below(4) }, () => {
      const id = below(6);
      return [id, `v${below(1000)}`, id % 2 === 0 ? 'even' : 'odd'];
    });
  const writing = (async () => {
    for (let turn = 0; turn < 25; turn += 1) {
      await write(pick(['merge', 'merge', 'append', 'delete']), randomRows());
    }
  })();
  const plans: ReadPlan[] = [];
  const reading = [1, 2].map(async () => {
    for (let turn = 0; turn < 6; turn += 1) plans.push(await planFor('old'));
  });
  await Promise.all([writing, ...reading]);
  plans.push(await planFor('old'));
  for (const plan of plans) {
    expect(plan.requires_mor, `SEED=${seed}`).toBe(false);
    const commit = await context.db.reader
      .selectFrom('commits')
      .select('committed_at_ns')
      .where('seq', '=', Number(plan.seq))
      .executeTakeFirstOrThrow();
    const merged = await planFor('new', { as_of: commit.committed_at_ns });
    const sorted = (rows: Row[]) => rows.map(String).toSorted();
    expect(sorted(await rowsOf(plan)), `SEED=${seed}`).toEqual(sorted(await rowsOf(merged)));
  }
});

test('an unpartitioned table keeps its one partition', async () => {
  await makeTable();
  await write('merge', [[1, 'a']]);
  const [task] = (await planFor('old')).scan_tasks;
  expect(task).toMatchObject({ partition_values: null, partition_scheme_id: EMPTY_SCHEME_ID });
});
