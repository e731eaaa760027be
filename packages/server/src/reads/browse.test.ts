import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publishMadeUp } from '../testing/made-up-files.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  await server.request('POST', '/v1/namespaces', { namespace: 'test' });
  await create('t', { partition_scheme: { keys: [{ key: ['day'] }] } });
});
afterEach(() => server.close());

const TOKEN = 'x-deltacat-next-token';
const FIELDS = [
  { name: 'id', type: 'int64' },
  { name: 'day', type: 'date32[day]' },
];

async function create(table: string, more: object = {}): Promise<void> {
  const body = { table, schema_def: FIELDS, ...more };
  expect((await server.request('POST', '/v1/namespaces/test/tables', body)).status).toBe(201);
}

const get = (path: string) => server.request('GET', path);
const streamsOf = (table = 't') => `/v1/namespaces/test/tables/${table}/versions/1/streams`;

/** Appends one file with ten rows to each of these days, in one commit. */
const append = (...days: (string | null)[]) =>
  publishMadeUp(server.requestContext(), 't', {
    deltas: days.map((day) => ({
      type: 'append' as const,
      partition: day === null ? null : [day],
      files: [{ name: `${day}`, stats: { id: { min: 1, max: 9, null_count: 0 } } }],
    })),
  });

async function streamPath(table = 't'): Promise<string> {
  const { body } = await get(streamsOf(table));
  return `${streamsOf(table)}/${body[0].stream_id}`;
}

async function partitionPath(day: string): Promise<string> {
  const stream = await streamPath();
  const { body } = await get(`${stream}/partitions?partition_values=${encodeURIComponent(JSON.stringify([day]))}`);
  return `${stream}/partitions/${body[0].partition_id}`;
}

/** One field of the items of every page. */
async function pages(path: string, field: string, between: () => Promise<unknown> = async () => {}) {
  const found: unknown[][] = [];
  let answer: TestAnswer = await get(path);
  for (;;) {
    expect(answer.status).toBe(200);
    found.push(answer.body.map((item: Record<string, unknown>) => item[field]));
    const next = answer.headers.get(TOKEN);
    if (next === null) return found;
    await between();
    answer = await get(`${path}&next_token=${next}`);
  }
}

describe('streams', () => {
  test('a version has one stream, which names its place, its scheme and the stream before it', async () => {
    await append('2026-01-01');
    const first = (await get(streamsOf())).body;
    expect(first).toMatchObject([
      { namespace: 'test', table_name: 't', table_version: '1', stream_format: 'deltacat', state: 'committed' },
    ]);
    expect(first[0].previous_stream_id).toBeNull();
    await server.request('POST', '/v1/namespaces/test/tables/t/truncate', {});
    const second = (await get(streamsOf())).body;
    expect(second).toMatchObject([{ previous_stream_id: first[0].stream_id, state: 'committed' }]);
    const detail = (await get(await streamPath())).body;
    expect(detail).toMatchObject({ partition_scheme: { id: second[0].partition_scheme_id, keys: [{ key: ['day'] }] } });
    const replaced = await get(`${streamsOf()}/${first[0].stream_id}`);
    expect(replaced.body).toMatchObject({ stream_id: first[0].stream_id, state: 'deprecated' });
  });

  test('an unpartitioned table has the scheme of no partitions, and other formats have no streams', async () => {
    await create('plain');
    const [stream] = (await get(streamsOf('plain'))).body;
    expect(stream.partition_scheme_id).toBe('deadbeef-7277-49a4-a195-fdc8ed235d42');
    expect((await get(`${streamsOf('plain')}?stream_format=iceberg`)).body).toEqual([]);
    expect((await get(`${streamsOf('plain')}?stream_format=deltacat`)).body).toHaveLength(1);
  });

  test('as_of shows the stream of that time, with what it held', async () => {
    const { committed_at_ns } = await append('2026-01-01');
    const before = (await get(streamsOf())).body[0].stream_id;
    await server.request('POST', '/v1/namespaces/test/tables/t/truncate', {});
    const then = `as_of=${committed_at_ns}`;
    expect((await get(`${streamsOf()}?${then}`)).body).toMatchObject([{ stream_id: before, state: 'committed' }]);
    expect((await get(`${streamsOf()}/${before}/partitions?${then}`)).body).toHaveLength(1);
    expect((await get(`${streamsOf()}/${before}/partitions`)).body).toEqual([]);
  });
});

describe('partitions', () => {
  test('partitions that hold something are listed by their values, in pages of one moment', async () => {
    await append('2026-01-02', '2026-01-01', '2026-01-03');
    await append('2026-01-02');
    const path = `${await streamPath()}/partitions?limit=1`;
    const more = () => append('2026-01-01', '2026-01-04');
    expect(await pages(path, 'partition_values', more)).toEqual([[['2026-01-01']], [['2026-01-02']], [['2026-01-03']]]);
    const { body } = await get(path.replace('limit=1', 'limit=10'));
    expect(body).toMatchObject([
      { partition_values: ['2026-01-01'], state: 'committed', content_types: ['parquet'], initial_delta_count: 0 },
      { partition_values: ['2026-01-02'], stream_position: 2, previous_stream_position: 1 },
      { partition_values: ['2026-01-03'], stream_position: 1, previous_stream_position: null },
      { partition_values: ['2026-01-04'] },
    ]);
  });

  test('a page of partitions may begin after one with values as long as a path may be', async () => {
    const days = Array.from({ length: 3 }, (_, index) => `${index}${'x'.repeat(20_000)}`);
    await append(...days);
    const found = await pages(`${await streamPath()}/partitions?limit=1`, 'partition_values');
    expect(found).toEqual(days.map((day) => [[day]]));
  });

  test('a partition is found by its values, which compare as values, and by its scheme', async () => {
    await append('2026-01-01', '2026-01-02', null);
    const path = `${await streamPath()}/partitions`;
    const values = async (query: string) => {
      const { body } = await get(`${path}?${query}`);
      return body.map(({ partition_values }: { partition_values: unknown }) => partition_values);
    };
    expect(await values('partition_values=["2026-01-02"]')).toEqual([['2026-01-02']]);
    expect(await values('partition_values=["2027-01-01"]')).toEqual([]);
    expect(await values('partition_values=[]')).toEqual([null]);
    expect(await values('partition_values=null')).toEqual([null]);
    const scheme = (await get(streamsOf())).body[0].partition_scheme_id;
    expect(await values(`partition_scheme_id=${scheme}`)).toHaveLength(3);
    expect(await values('partition_scheme_id=other')).toEqual([]);
  });

  test('one partition tells its last position as of a time', async () => {
    const first = await append('2026-01-01');
    await append('2026-01-01');
    const path = await partitionPath('2026-01-01');
    const { body } = await get(`${path}?include_initial_deltas=true`);
    expect(body).toMatchObject({ stream_position: 2, previous_stream_position: 1, initial_deltas: [] });
    expect((await get(`${path}?as_of=${first.committed_at_ns}`)).body).toMatchObject({ stream_position: 1 });
  });
});

describe('deltas', () => {
  test('the deltas of a partition come by position, in pages of one moment', async () => {
    for (let commit = 0; commit < 5; commit += 1) await append('2026-01-01', '2026-01-02');
    const path = `${await partitionPath('2026-01-01')}/deltas?limit=2`;
    expect(await pages(path, 'stream_position', () => append('2026-01-01'))).toEqual([[1, 2], [3, 4], [5]]);
    expect(await pages(path.replace('/deltas', '/delta-pages'), 'stream_position')).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7],
    ]);
  });

  test('a listing goes on through a truncation: its pages are of the moment before', async () => {
    for (let commit = 0; commit < 3; commit += 1) await append('2026-01-01');
    const path = `${await partitionPath('2026-01-01')}/deltas?limit=1`;
    const truncate = () => server.request('POST', '/v1/namespaces/test/tables/t/truncate', {});
    expect(await pages(path, 'stream_position', truncate)).toEqual([[1], [2], [3]]);
    expect((await get(path)).body).toEqual([]);
  });

  test('a range of positions bounds them, on both sides', async () => {
    for (let commit = 0; commit < 5; commit += 1) await append('2026-01-01');
    const path = `${await partitionPath('2026-01-01')}/deltas?limit=1`;
    const range = '&first_stream_position=2&last_stream_position=3';
    expect(await pages(`${path}${range}`, 'stream_position')).toEqual([[2], [3]]);
    expect(await pages(`${path}&first_stream_position=9223372036854775807`, 'stream_position')).toEqual([[]]);
  });

  test('a delta tells its size, and with its manifest every file and its statistics', async () => {
    await append('2026-01-01');
    const path = await partitionPath('2026-01-01');
    const [told] = (await get(`${path}/deltas`)).body;
    expect(told).toMatchObject({ delta_type: 'append', stream_position: 1, record_count: 10, content_length: 100 });
    expect(told).toMatchObject({ content_type: 'parquet', embedded_in_partition: false, manifest: null });
    const whole = (await get(`${path}/deltas/1`)).body;
    expect(whole.manifest).toMatchObject({
      entry_count: 1,
      entries: [{ url: '/made-up/2026-01-01', record_count: 10, entry_type: 'data', column_stats: { id: { max: 9 } } }],
    });
    expect((await get(`${path}/deltas?include_manifest=true`)).body).toEqual([whole]);
  });

  test('a delete says that its files hold the keys of removed rows', async () => {
    const deltas = [{ type: 'delete' as const, partition: ['2026-01-01'], deletes_by: ['id'], files: [{ name: 'd' }] }];
    await publishMadeUp(server.requestContext(), 't', { deltas });
    const { body } = await get(`${await partitionPath('2026-01-01')}/deltas/1`);
    expect(body).toMatchObject({ delta_type: 'delete', manifest: { entries: [{ entry_type: 'equality_delete' }] } });
  });
});

describe('refusals', () => {
  test('what is not on the path is not found', async () => {
    await append('2026-01-01');
    await create('other');
    const stream = await streamPath();
    const partition = await partitionPath('2026-01-01');
    const elsewhere = partition.replace(stream, await streamPath('other'));
    const asked: [string, string][] = [
      [`${streamsOf('nowhere')}`, 'table_not_found'],
      [`/v1/namespaces/test/tables/t/versions/2/streams`, 'table_version_not_found'],
      [`${streamsOf()}/x`, 'not_found'],
      [`${streamsOf()}/x/partitions`, 'not_found'],
      [stream.replace('/t/', '/other/'), 'not_found'],
      [`${stream}/partitions/x`, 'not_found'],
      [elsewhere, 'not_found'],
      [`${elsewhere}/deltas`, 'not_found'],
      [`${partition}/deltas/2`, 'not_found'],
      [`${partition}/deltas/-9223372036854775808`, 'not_found'],
    ];
    for (const [path, code] of asked) {
      const { status, body } = await get(path);
      expect([path, status, body.error?.code]).toEqual([path, 404, code]);
    }
  });

  test('values that no partition can have, and positions that are none, are refused', async () => {
    await append('2026-01-01');
    const partition = await partitionPath('2026-01-01');
    const asked: [string, number][] = [
      [`${await streamPath()}/partitions?partition_values=[1,2]`, 400],
      [`${await streamPath()}/partitions?partition_values={}`, 422],
      [`${partition}/deltas/x`, 422],
      [`${partition}/deltas?first_stream_position=9223372036854775808`, 422],
      [`${partition}/deltas?limit=0`, 422],
      [`${partition}/deltas?next_token=x`, 400],
    ];
    for (const [path, status] of asked) expect([path, (await get(path)).status]).toEqual([path, status]);
  });

  test('a token that points beyond the last position there can be is refused', async () => {
    await append('2026-01-01');
    await append('2026-01-01');
    const path = `${await partitionPath('2026-01-01')}/deltas?limit=1`;
    const token = (await get(path)).headers.get(TOKEN) ?? '';
    const forged = Buffer.from(token, 'base64url')
      .toString()
      .replace(/1]$/, `${2n ** 63n - 1n}]`);
    const answer = await get(`${path}&next_token=${Buffer.from(forged).toString('base64url')}`);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_request']);
  });
});
