import type { PartitionValue } from '@deltacat/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishMadeUp } from '../testing/made-up-files.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await makeTable('one', [{ key: ['n'] }], [[53], ['54'], [54], [null], null]);
  await makeTable(
    'two',
    [{ key: ['s'] }, { key: ['n'] }],
    [
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['1', 1],
    ],
  );
  await makeTable('none', null, [null]);
});
afterAll(() => server.close());

async function makeTable(table: string, keys: { key: string[] }[] | null, partitions: (PartitionValue[] | null)[]) {
  const schema_def = [
    { name: 'n', type: 'int64' },
    { name: 's', type: 'string' },
  ];
  const scheme = keys ? { partition_scheme: { keys } } : {};
  const body = { table, schema_def, auto_create_namespace: true, ...scheme };
  const created = await server.request('POST', '/v1/namespaces/test/tables', body);
  expect(created.status).toBe(201);
  const deltas = partitions.map((partition) => ({
    type: 'append' as const,
    partition,
    files: [{ name: JSON.stringify(partition), stats: {} }],
  }));
  await publishMadeUp(server.requestContext(), table, { deltas });
}

async function plan(table: string, partition_filter: unknown, more = '') {
  const text = typeof partition_filter === 'string' ? partition_filter : JSON.stringify(partition_filter);
  const query = `partition_filter=${encodeURIComponent(text)}${more}`;
  return server.request('POST', `/v1/namespaces/test/tables/${table}/plan?${query}`);
}

interface Task {
  partition_id: string;
  files: { path: string }[];
}

async function chosen(table: string, partition_filter: unknown, more = ''): Promise<string[]> {
  const { status, body } = await plan(table, partition_filter, more);
  expect([status, body.error?.message]).toEqual([200, undefined]);
  const tasks: Task[] = body.scan_tasks;
  return tasks.flatMap(({ files }) => files.map(({ path }) => path.replace('/made-up/', '')));
}

async function idOf(table: string, values: string): Promise<string | undefined> {
  const { body } = await server.request('POST', `/v1/namespaces/test/tables/${table}/plan`);
  const tasks: Task[] = body.scan_tasks;
  return tasks.find(({ files }) => files.some(({ path }) => path === `/made-up/${values}`))?.partition_id;
}

describe('a reader who names partitions gets these and no others', () => {
  test('by a value, as the client spells it', async () => {
    expect(await chosen('one', ['54'])).toEqual(['["54"]', '[54]']);
    expect(await chosen('one', [53])).toEqual(['[53]']);
    expect(await chosen('one', ['None'])).toEqual(['[null]']);
    expect(await chosen('one', ['53', '54'])).toEqual(['[53]', '["54"]', '[54]']);
    expect(await chosen('one', ['99'])).toEqual([]);
  });

  test('by the id of a partition', async () => {
    expect(await chosen('one', [await idOf('one', '[53]')])).toEqual(['[53]']);
    expect(await chosen('two', [await idOf('two', '["a",2]')])).toEqual(['["a",2]']);
    expect(await chosen('none', [await idOf('none', 'null')])).toEqual(['null']);
    expect(await chosen('two', [{ partition_id: await idOf('two', '["b",1]') }])).toEqual(['["b",1]']);
  });

  test('by all values of a partition', async () => {
    expect(await chosen('two', [{ partition_values: ['a', 2] }])).toEqual(['["a",2]']);
    expect(await chosen('two', [{ partition_values: ['1', '1'] }])).toEqual(['["1",1]']);
    expect(await chosen('one', [{ partition_values: [null] }])).toEqual(['[null]']);
    expect(await chosen('none', [{ partition_values: [] }])).toEqual(['null']);
  });

  test('by both, of which both must hold; of several, any', async () => {
    const partition_id = await idOf('two', '["a",1]');
    expect(await chosen('two', [{ partition_id, partition_values: ['a', 2] }])).toEqual([]);
    const unsaid = await idOf('one', 'null');
    expect(await chosen('one', [{ partition_id: unsaid, partition_values: [1, 2] }])).toEqual([]);
    expect(await chosen('two', [{ partition_id, partition_values: null }, { partition_values: ['b', 1] }])).toEqual([
      '["a",1]',
      '["b",1]',
    ]);
  });

  test('and of those, what a filter leaves', async () => {
    const filter = `&filter_predicate=${encodeURIComponent('{"eq":["n",1]}')}`;
    const both = [{ partition_values: ['a', 1] }, { partition_values: ['a', 2] }];
    expect(await chosen('two', both, filter)).toEqual(['["a",1]']);
  });

  test('and totals of these alone', async () => {
    const { body } = await plan('two', [{ partition_values: ['a', 2] }], '&include_files=false');
    expect(body).toMatchObject({ total_files: 1, total_records: 10 });
  });
});

test.each([
  ['no JSON', 'one', '[54'],
  ['no list', 'one', { partition_id: 'x' }],
  ['an empty list', 'one', []],
  ['a list of lists', 'one', [[54]]],
  ['an object that names nothing', 'one', [{ partition_id: null, files: [] }]],
  ['too many values', 'one', [{ partition_values: [1, 2] }]],
  ['too few values', 'two', [{ partition_values: ['a'] }]],
  ['one value where there are two keys', 'two', ['a']],
  ['a value where there are no keys', 'none', ['a']],
])('%s is refused as a partition filter, with what it should be', async (_what, table, partition_filter) => {
  const { status, body } = await plan(table, partition_filter);
  expect([status, body.error?.code]).toEqual([400, 'invalid_request']);
  expect(body.error.message).toMatch(/^The partition filter cannot be used: .*(partition_values|partition_id)/);
});
