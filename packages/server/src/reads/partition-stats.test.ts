import { writeRows } from '@deltacat/io-core';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED } from '../testing/writing.ts';

let t: Transacting;

const SCHEME = { keys: [{ key: ['id'], transform: 'truncate(10)' }] };
const BASE = '/v1/namespaces/n/tables/t/partition-stats';

beforeEach(async () => {
  t = await startTransacting();
  await t.createTable('t', { schema_def: KEYED, partition_scheme: SCHEME });
});
afterEach(() => t.close());

async function write(
  rows: { id: number; v: string | null }[],
  mode: 'merge' | 'delete' | 'replace_partition' = 'merge',
) {
  const session = await t.open('t', { mode });
  const target = { data_dir: session.data_dir, schema: KEYED, partition_scheme: SCHEME, merge_keys: ['id'], mode };
  const entries = (await writeRows(rows, target)).map(({ partition_scheme_id: _, ...entry }) => entry);
  return t.must(t.commit(session, entries));
}

const query = (body: object = {}) => t.post(`${BASE}/query`, body);
const repair = (body: object) => t.post(`${BASE}/repair`, body);
const dirty = async () => (await t.must(t.server.request('GET', `${BASE}/dirty`))).body.dirty_partitions;

/** Values, rows, files and deltas of each partition. */
async function told(body: object = {}): Promise<string[]> {
  const { rows } = (await t.must(query(body))).body;
  return rows.map(
    (row: Record<string, unknown>) =>
      `${row.partition_values_json} ${row.record_count} ${row.file_count} ${row.delta_count}`,
  );
}

const damage = (set: string) =>
  t.server.context.db.unit('any', (queries) => sql`update partitions set ${sql.raw(set)}`.execute(queries));

describe('what each partition holds', () => {
  test('is told of the newest state, whatever became of it before', async () => {
    await write([
      { id: 1, v: 'a' },
      { id: 2, v: 'b' },
      { id: 11, v: 'c' },
    ]);
    await write([{ id: 1, v: 'd' }]);
    expect(await told()).toEqual(['[0] 3 2 2', '[10] 1 1 1']);
    await write([{ id: 12, v: null }], 'delete');
    await write([{ id: 5, v: 'e' }], 'replace_partition');
    expect(await told()).toEqual(['[0] 1 1 1', '[10] 2 2 2']);
    const { body } = await t.must(query());
    const { total_bytes } = (await t.must(t.server.request('GET', '/v1/namespaces/n/tables/t'))).body;
    const bytes = body.rows.map((row: { content_length: number }) => row.content_length);
    expect(bytes[0] + bytes[1]).toBe(total_bytes);
    expect(body).toMatchObject({ namespace: 'n', table: 't', limit: 100, next_token: null, best_effort: false });
    expect(body.rows[0]).toMatchObject({ partition_values: [0], is_current: true });
    const { committed_at_ns } = (await write([{ id: 21, v: 'f' }])).body;
    await t.must(t.post('/v1/namespaces/n/tables/t/truncate'));
    expect(await told()).toEqual([]);
    await t.must(t.post('/v1/namespaces/n/tables/t/rollback', { as_of: committed_at_ns }));
    expect(await told()).toEqual(['[0] 1 1 1', '[10] 2 2 2', '[20] 1 1 1']);
    expect(await dirty()).toEqual([]);
  });

  test('counts what a rewrite left, and what a transaction wrote once it is committed', async () => {
    await write([{ id: 1, v: 'a' }]);
    await write([{ id: 1, v: 'b' }]);
    await t.must(t.server.requestAs({})('POST', '/v1/namespaces/n/tables/t/plan'));
    expect(await told()).toEqual(['[0] 1 1 1']);
    const transaction = await t.begin();
    const { body: session } = await transaction.call('POST', '/v1/namespaces/n/tables/t/write-sessions', {
      mode: 'replace_partition',
    });
    const entries = await writeRows(
      [
        { id: 2, v: 'c' },
        { id: 13, v: 'd' },
      ],
      { data_dir: session.data_dir, schema: KEYED, partition_scheme: session.partition_scheme },
    );
    const { session_version } = session;
    const path = `/v1/write-sessions/${session.session_id}/commit`;
    expect((await transaction.call('POST', path, { session_version, entries })).status).toBe(200);
    expect(await told()).toEqual(['[0] 1 1 1']);
    expect((await transaction.commit()).status).toBe(200);
    expect(await told()).toEqual(['[0] 1 1 1', '[10] 1 1 1']);
    expect(await dirty()).toEqual([]);
  });

  test('comes in pages, and for the partitions that a filter leaves', async () => {
    await write(Array.from({ length: 25 }, (_, index) => ({ id: index * 10, v: 'x' })));
    await write([
      { id: 30, v: 'y' },
      { id: 31, v: 'y' },
    ]);
    const seen: unknown[] = [];
    for (let after_token: string | undefined; ; ) {
      const { body } = await t.must(query({ limit: 10, ...(after_token ? { after_token } : {}) }));
      seen.push(...body.rows.map((row: { partition_id: string }) => row.partition_id));
      after_token = body.next_token ?? undefined;
      if (!after_token) break;
    }
    expect([seen.length, new Set(seen).size]).toEqual([25, 25]);
    expect(await told({ filter_predicate: { gt: ['record_count', 1] } })).toEqual(['[30] 3 2 2']);
    const both = { and: [{ gte: ['delta_count', 1] }, { eq: ['partition_values_json', '[40]'] }] };
    expect(await told({ filter_predicate: both })).toEqual(['[40] 1 1 1']);
    expect((await told({ filter_predicate: { between: ['id', 40, 61] }, limit: 2 })).length).toBe(2);
    expect(await told({ filter_predicate: { eq: ['id', 55] } })).toEqual(['[50] 1 1 1']);
  });
});

describe('wrong numbers', () => {
  beforeEach(async () => {
    await write([
      { id: 1, v: 'a' },
      { id: 11, v: 'b' },
    ]);
    await damage(`record_count = 7, delta_count = 0 where values_key = '[10]'`);
  });

  test('are listed as dirty, with what is kept and what there is', async () => {
    expect(await dirty()).toMatchObject([
      {
        partition_values: [10],
        kept: { record_count: 7, file_count: 1, delta_count: 0 },
        counted: { record_count: 1, file_count: 1, delta_count: 1 },
      },
    ]);
  });

  test.each([
    ['values', async () => ({ partition_values: [10] })],
    ['id', async () => ({ partition_id: (await dirty())[0].partition_id })],
  ])('are right again once the partition is repaired by its %s, and no commit says so', async (_by, named) => {
    const { body: before } = await t.must(t.server.request('GET', '/v1/catalogs/default'));
    const { body } = await t.must(repair(await named()));
    expect(body).toMatchObject({
      repaired: true,
      stats: { record_count: 1, delta_count: 1, before: { record_count: 7, delta_count: 0 } },
    });
    expect(await dirty()).toEqual([]);
    expect(await told()).toEqual(['[0] 1 1 1', '[10] 1 1 1']);
    expect((await t.must(repair({ partition_id: body.partition_id }))).body.repaired).toBe(false);
    expect((await t.must(t.server.request('GET', '/v1/catalogs/default'))).body).toEqual(before);
  });
});

describe('is refused', () => {
  test.each([
    ['query', { filter_predicate: { eq: ['nope', 1] } }, 400, 'unknown_column'],
    ['query', { filter_predicate: { eq: 'x' } }, 400, 'invalid_predicate'],
    ['query', { filter_predicate: { eq: ['record_count', 'x'] } }, 400, 'invalid_predicate'],
    ['query', { limit: 0 }, 422, 'invalid_input'],
    ['query', { after_token: 'gone' }, 400, 'invalid_request'],
    ['query', { table_version: '9' }, 404, 'table_version_not_found'],
    ['repair', {}, 400, 'invalid_request'],
    ['repair', { partition_id: 'gone' }, 404, 'not_found'],
    ['repair', { partition_values: [90] }, 404, 'not_found'],
    ['repair', { partition_values: [1, 2] }, 400, 'invalid_request'],
  ])('%s of %j', async (...[operation, body, status, code]) => {
    await write([{ id: 1, v: 'a' }]);
    const answer = await t.post(`${BASE}/${operation}`, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });
});
