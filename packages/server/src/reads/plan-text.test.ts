import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API, type ColumnStats, parseJson, type ReadPlan } from '@deltacat/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RequestContext } from '../context.ts';
import { type RunningServer, startServer } from '../main.ts';
import { environmentFor } from '../testing/database.ts';
import { type MadeUpDelta, publishMadeUp } from '../testing/made-up-files.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { planDeltas, resolveRead } from './plan.ts';

const FIELDS = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'string' },
];

const stats = (index: number): Record<string, ColumnStats> => ({ id: { min: index, max: index, null_count: 0 } });

/** So many files, numbered on from the first. */
function files(count: number, first = 0) {
  return Array.from({ length: count }, (_, index) => ({ name: `f${first + index}`, stats: stats(first + index) }));
}

const appends = (...counts: number[]): MadeUpDelta[] =>
  counts.map((count, index) => ({ type: 'append', files: files(count, index * 10_000) }));

const singles = (count: number): MadeUpDelta[] =>
  Array.from({ length: count }, (_, index) => ({ type: 'append', files: files(1, index) }));

describe('a plan of many files says what one made at once says', () => {
  let server: TestServer;
  let context: RequestContext;
  beforeAll(async () => {
    server = await startTestServer();
    context = server.requestContext();
  });
  afterAll(() => server.close());

  async function publish(table: string, deltas: MadeUpDelta[]): Promise<void> {
    const body = { table, schema_def: FIELDS, auto_create_namespace: true };
    expect((await server.request('POST', '/v1/namespaces/test/tables', body)).status).toBe(201);
    await publishMadeUp(context, table, { deltas });
  }

  async function told(table: string, asked: object): Promise<ReadPlan> {
    const { status, body } = await server.request('POST', `/v1/namespaces/test/tables/${table}/plan`, asked);
    expect([status, body.error?.message]).toEqual([200, undefined]);
    return API.plan_read.output.parse(body);
  }

  async function made(table: string, asked: object): Promise<ReadPlan> {
    const input = API.plan_read.input.parse({ namespace: 'test', table, ...asked });
    return API.plan_read.output.parse(await planDeltas(context, await resolveRead(context, input), input));
  }

  const upserts: MadeUpDelta[] = [
    { type: 'upsert', files: files(2_100) },
    { type: 'delete', deletes_by: ['id'], files: files(1_200, 500) },
    { type: 'upsert', files: files(3, 5_000) },
  ];

  test.each([
    ['one delta', appends(2_500)],
    ['one more than is told at once', appends(1_001)],
    ['deltas of many sizes', appends(3, 1_200, 998, 2, 1, 0, 1_000, 2_003)],
    ['deltas of one file', singles(1_300)],
    ['rows to be merged', upserts],
  ])('%s', async (title, deltas) => {
    const table = title.replaceAll(' ', '_');
    await publish(table, deltas);
    const questions = [
      {},
      { include_column_stats: true },
      { filter_predicate: { gte: ['id', 400] }, include_column_stats: true },
      { filter_predicate: { not: { between: ['id', 100, 110] } } },
      { file_offset: 700, max_files: 1_100 },
    ];
    for (const asked of questions) {
      const plan = await told(table, asked);
      expect(plan).toEqual(await made(table, asked));
      expect(plan.scan_tasks.reduce((sum, task) => sum + task.files.length, 0)).toBe(plan.returned_files);
    }
  });

  test('in pages that together are the whole, and in a transaction', async () => {
    await publish('paged', appends(900, 900, 900));
    const paths: string[] = [];
    for (let file_offset: number | null | undefined = 0; typeof file_offset === 'number'; ) {
      const page: ReadPlan = await told('paged', { file_offset, max_files: 1_300 });
      paths.push(...page.scan_tasks.flatMap((task) => task.files.map(({ path }) => path)));
      file_offset = page.next_file_offset;
    }
    expect([paths.length, new Set(paths).size]).toEqual([2_700, 2_700]);
    const { body } = await server.request('POST', '/v1/transactions', {});
    const within = await told('paged', { transaction_id: body.transaction_id });
    expect(within.scan_tasks).toEqual((await told('paged', {})).scan_tasks);
  });
});

describe('over HTTP', () => {
  const COUNT = 100_000;
  const PATH = '/v1/namespaces/test/tables/t/plan';
  let folder: string;
  let server: RunningServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltacat-plan-'));
    vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
    for (const [name, value] of Object.entries(await environmentFor(folder))) vi.stubEnv(name, value);
    server = await startServer({ catalog_root: folder, port: 0 });
    // The files are made up, so nothing may read them.
    const table_properties = { read_optimization_level: 'none' };
    const body = JSON.stringify({ table: 't', schema_def: FIELDS, auto_create_namespace: true, table_properties });
    await fetch(`${server.url}/v1/namespaces/test/tables`, { method: 'POST', body });
    const context = { ...server.context, request_id: 'test', user: null, client_version: 'test' };
    await publishMadeUp(context, 't', { deltas: appends(...Array.from({ length: 10 }, () => COUNT / 10)) });
  }, 120_000);
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const plan = (query = '') =>
    fetch(`${server.url}${PATH}${query}`, { method: 'POST', headers: { 'X-DeltaCAT-Client-Version': 'ts-test' } });
  const isHealthy = async () => (await fetch(`${server.url}/health`)).ok;

  test('others are answered while 100,000 files are told, and each file is told once', {
    timeout: 120_000,
  }, async () => {
    let isOver = false;
    let answered = 0;
    const asking = (async () => {
      while (!isOver) if (await isHealthy()) answered += 1;
    })();
    const text = await (await plan('?include_column_stats=true')).text();
    isOver = true;
    await asking;
    // Two of each thousand files would do; one that waits for the whole plan gets one answer, or two.
    expect(answered).toBeGreaterThan(COUNT / 1_000 / 5);
    const { scan_tasks, total_files } = parseJson(text) as ReadPlan;
    expect(total_files).toBe(COUNT);
    expect(new Set(scan_tasks.flatMap((task) => task.files.map(({ path }) => path))).size).toBe(COUNT);
  });

  test('a reader that goes away ends the work, and one that waits holds up nobody', async () => {
    const { reader } = server.context.db;
    const read = vi.spyOn(reader, 'selectFrom');
    const response = await plan();
    const body = response.body?.getReader();
    await body?.read();
    // The rest waits in this process and in the sockets between; all of it would be a hundred reads.
    expect(await isHealthy()).toBe(true);
    await body?.cancel();
    while (await isHealthy()) {
      const before = read.mock.calls.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (read.mock.calls.length === before) break;
    }
    expect(read.mock.calls.filter(([table]) => (table as string) === 'files').length).toBeLessThan(90);
    expect(await isHealthy()).toBe(true);
  });

  test('what fails on the way breaks the connection and is logged, so that no part passes for the whole', async () => {
    const { db, log } = server.context;
    const logged = vi.spyOn(log, 'error').mockImplementation(() => undefined);
    // The adapter of the HTTP server says it, too.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const last = await db.reader
      .selectFrom('deltas')
      .select('manifest_id')
      .orderBy('row_id', 'desc')
      .executeTakeFirst();
    const row = db.reader
      .selectFrom('files')
      .selectAll()
      .where('manifest_id', '=', last?.manifest_id ?? '');
    const file = await row.where('ordinal', '=', 9_999).executeTakeFirstOrThrow();
    await db.unit('any', (queries) =>
      queries.deleteFrom('files').where('manifest_id', '=', file.manifest_id).where('ordinal', '=', 9_999).execute(),
    );
    const response = await plan();
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(logged.mock.calls.map(([, message]) => message)).toEqual(['answer broken off']);
    const first = await plan(`?file_offset=${COUNT - 2_000}`);
    expect(first.status).toBe(200);
    await expect(first.text()).rejects.toThrow();
    await db.unit('any', (queries) => queries.insertInto('files').values(file).execute());
    expect((await (await plan()).text()).endsWith('}')).toBe(true);
  });
});
