import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t', { schema_def: PLAIN });
  await w.write('t', [{ id: 1, v: 'a' }], 'append');
});
afterEach(() => w.close());

const SPACE = '/v1/namespaces/n';
const TABLE = `${SPACE}/tables/t`;

const get = (path: string) => w.server.request('GET', path);
const remove = (path: string) => w.server.request('DELETE', path);
const undrop = (path: string, body: object = {}) => w.post(`${path}/undrop`, body);
const rows = async (path: string) => (await get(`${path}/preview`)).body.sample_rows;
const dropped = async (query = '') => (await get(`/v1/dropped${query}`)).body;

async function code(asked: ReturnType<typeof undrop>) {
  const { status, body } = await asked;
  return [status, body.error?.code];
}

describe('tables', () => {
  test('a dropped table comes back with its identity, rows, properties and history', async () => {
    await w.server.request('PUT', TABLE, { table_properties: { color: 'red' }, table_description: 'about' });
    const before = (await get(TABLE)).body;
    await remove(TABLE);
    const back = await undrop(TABLE);
    expect(back).toMatchObject({ status: 200, body: { table: 't', namespace: 'n', undropped: true } });
    expect(back.body).toMatchObject({ table_id: before.table_id, committed_at_ns: expect.any(BigInt) });
    expect((await get(TABLE)).body).toEqual({ ...before, seq: expect.any(Number) });
    expect(await rows(TABLE)).toEqual([{ id: 1, v: 'a' }]);
    await w.write('t', [{ id: 2, v: 'b' }], 'append');
    expect(await w.positions()).toEqual([1n, 2n]);
  });

  test('between its drop and its return a table is not there, whatever time it is read from', async () => {
    const gone = (await remove(TABLE)).body.committed_at_ns;
    await undrop(TABLE);
    expect((await get(`${TABLE}/exists?as_of=${gone}`)).body.exists).toBe(false);
    expect((await get(`${TABLE}?as_of=${gone}`)).body.error.code).toBe('invalid_as_of');
    expect((await get(`${TABLE}?as_of=${gone - 1n}`)).status).toBe(200);
  });

  test('a name that was taken meanwhile stays with its taker; the dropped table takes another', async () => {
    const { table_id } = (await get(TABLE)).body;
    await remove(TABLE);
    await w.createTable('t', { schema_def: PLAIN });
    expect(await code(undrop(TABLE))).toEqual([409, 'name_taken']);
    const back = await undrop(TABLE, { new_name: 'u' });
    expect(back.body).toMatchObject({ table: 'u', table_id });
    expect(await w.totals('u')).toMatchObject({ records: 1 });
    expect(await w.totals('t')).toMatchObject({ records: 0 });
  });

  test('of several tables dropped under one name the last comes back, or the one that is named by its id', async () => {
    const first = (await get(TABLE)).body.table_id;
    await remove(TABLE);
    await w.createTable('t', { schema_def: PLAIN });
    const second = (await get(TABLE)).body.table_id;
    await remove(TABLE);
    expect((await undrop(TABLE)).body.table_id).toBe(second);
    expect((await undrop(TABLE, { table_id: first, new_name: 'first' })).body.table_id).toBe(first);
    expect(await code(undrop(TABLE, { table_id: first }))).toEqual([404, 'table_not_found']);
  });

  test('a renamed table comes back under the name that it was dropped with, not under an earlier one', async () => {
    await w.post('/v1/namespaces', { namespace: 'm' });
    await w.post(`${TABLE}/rename?new_name=u&new_namespace=m`);
    await remove('/v1/namespaces/m/tables/u');
    expect(await code(undrop(TABLE))).toEqual([404, 'table_not_found']);
    expect((await undrop('/v1/namespaces/m/tables/u')).status).toBe(200);
    expect(await rows('/v1/namespaces/m/tables/u')).toEqual([{ id: 1, v: 'a' }]);
  });

  test('a session that was opened before the drop goes on once its table is back, and not before', async () => {
    const { session, entry } = await w.opened('t', { mode: 'append' });
    await remove(TABLE);
    expect((await w.commit(session, [entry])).body.error.code).toBe('concurrent_modification');
    await w.createTable('t', { schema_def: PLAIN });
    expect((await w.commit(session, [entry])).body.error.code).toBe('concurrent_modification');
    await undrop(TABLE, { new_name: 'back' });
    expect((await w.commit(session, [entry])).status).toBe(200);
    expect([await w.totals('back'), await w.totals('t')]).toMatchObject([{ records: 2 }, { records: 0 }]);
  });

  test('a table can be dropped and brought back again and again, and rolled back to before', async () => {
    const then = (await w.write('t', [{ id: 2, v: 'b' }], 'append')).body.committed_at_ns;
    await w.write('t', [{ id: 3, v: 'c' }], 'append');
    for (let time = 0; time < 3; time += 1) {
      expect((await remove(TABLE)).status).toBe(200);
      expect((await undrop(TABLE)).status).toBe(200);
    }
    expect((await w.post(`${TABLE}/rollback`, { as_of: then })).status).toBe(200);
    expect(await w.totals('t')).toMatchObject({ records: 2 });
  });

  test('of two that bring one table back, exactly one does', async () => {
    await remove(TABLE);
    const answers = await Promise.all([undrop(TABLE), undrop(TABLE), undrop(TABLE, { new_name: 'u' })]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404, 404]);
  });

  test('a repetition with its operation id is answered alike', async () => {
    await remove(TABLE);
    const first = await w.post(`${TABLE}/undrop?operation_id=o`);
    await remove(TABLE);
    expect((await w.post(`${TABLE}/undrop?operation_id=o`)).body).toEqual(first.body);
    expect(await code(w.post(`${TABLE}/undrop?operation_id=o`, { new_name: 'x' }))).toEqual([
      409,
      'operation_id_reused',
    ]);
  });

  test('what is not dropped, was never there, or was purged does not come back', async () => {
    expect(await code(undrop(TABLE))).toEqual([404, 'table_not_found']);
    expect(await code(undrop(`${SPACE}/tables/x`))).toEqual([404, 'table_not_found']);
    expect(await code(undrop('/v1/namespaces/x/tables/t'))).toEqual([404, 'namespace_not_found']);
    expect(await code(undrop(TABLE, { new_name: 'a b' }))).toEqual([422, 'invalid_input']);
    expect(await code(w.post(`${TABLE}/undrop?catalog=x`))).toEqual([404, 'catalog_not_found']);
    await remove(`${TABLE}?purge=true`);
    const before = await w.state();
    expect(await code(undrop(TABLE))).toEqual([409, 'purged']);
    expect(await w.state()).toEqual(before);
  });
});

describe('namespaces', () => {
  test('a dropped namespace comes back with its tables, but for those that were dropped by themselves', async () => {
    await w.createTable('u', { schema_def: PLAIN });
    await remove(`${SPACE}/tables/u`);
    const { namespace_id } = (await get(SPACE)).body;
    await remove(SPACE);
    const refused = await undrop(TABLE);
    expect([refused.status, refused.body.error.code]).toEqual([404, 'namespace_not_found']);
    expect(refused.body.error.message).toContain('undrop_namespace');
    expect((await undrop(SPACE)).body).toMatchObject({ namespace: 'n', namespace_id, undropped: true });
    expect(await rows(TABLE)).toEqual([{ id: 1, v: 'a' }]);
    expect((await get(`${SPACE}/tables/u`)).status).toBe(404);
    expect((await undrop(`${SPACE}/tables/u`)).status).toBe(200);
  });

  test('a name that was taken meanwhile needs another, and each keeps its own tables', async () => {
    await remove(SPACE);
    await w.post('/v1/namespaces', { namespace: 'n' });
    expect(await code(undrop(SPACE))).toEqual([409, 'name_taken']);
    expect((await undrop(SPACE, { new_name: 'old' })).body.namespace).toBe('old');
    expect((await get('/v1/namespaces/old/tables')).body).toMatchObject([{ name: 't' }]);
    expect((await get('/v1/namespaces/n/tables')).body).toEqual([]);
  });

  test('of several the last comes back, or the one that is named by its id', async () => {
    const first = (await get(SPACE)).body.namespace_id;
    await remove(SPACE);
    await w.post('/v1/namespaces', { namespace: 'n' });
    const second = (await get(SPACE)).body.namespace_id;
    await remove(SPACE);
    expect((await undrop(SPACE)).body.namespace_id).toBe(second);
    expect((await undrop(SPACE, { namespace_id: first, new_name: 'm' })).body.namespace_id).toBe(first);
  });

  test('what is not dropped, was never there, or was purged does not come back, nor do its tables', async () => {
    expect(await code(undrop(SPACE))).toEqual([404, 'namespace_not_found']);
    expect(await code(undrop('/v1/namespaces/x'))).toEqual([404, 'namespace_not_found']);
    await remove(`${SPACE}?purge=true`);
    expect(await code(undrop(SPACE))).toEqual([409, 'purged']);
    expect(await code(undrop(TABLE))).toEqual([404, 'namespace_not_found']);
  });
});

describe('list_dropped', () => {
  test('what was dropped is listed with its commit, the last first, until it comes back', async () => {
    const { table_id } = (await get(TABLE)).body;
    const gone = (await remove(TABLE)).body;
    await w.post('/v1/namespaces', { namespace: 'm' });
    await remove('/v1/namespaces/m?purge=true');
    expect(await dropped()).toMatchObject([
      { kind: 'namespace', namespace: 'm', table: null, table_id: null, purged: true, operation: 'drop_namespace' },
      { kind: 'table', namespace: 'n', table: 't', table_id, seq: gone.seq, dropped_at_ns: gone.committed_at_ns },
    ]);
    await undrop(TABLE);
    expect(await dropped()).toMatchObject([{ namespace: 'm' }]);
  });

  test('it comes in pages of one moment, each thing once', async () => {
    for (const table of ['a', 'b', 'c']) {
      await w.createTable(table, { schema_def: PLAIN });
      await remove(`${SPACE}/tables/${table}`);
      await undrop(`${SPACE}/tables/${table}`);
      await w.server.request('PUT', `${SPACE}/tables/${table}`, { table_description: 'x' });
      await remove(`${SPACE}/tables/${table}`);
    }
    const found: string[] = [];
    let query: string | null = '?limit=1';
    while (query !== null) {
      const page = await get(`/v1/dropped${query}`);
      found.push(...page.body.map(({ table }: { table: string }) => table));
      await undrop(`${SPACE}/tables/${found.at(-1)}`);
      const next = page.headers.get('x-deltacat-next-token');
      query = next && `?limit=1&next_token=${next}`;
    }
    expect(found).toEqual(['c', 'b', 'a']);
    expect(await dropped()).toEqual([]);
  });

  test('a namespace that was renamed since is told by the name that it had', async () => {
    await remove(TABLE);
    await w.server.request('PUT', SPACE, { new_name: 'renamed' });
    expect(await dropped()).toMatchObject([{ namespace: 'n', table: 't' }]);
    expect((await undrop('/v1/namespaces/renamed/tables/t')).status).toBe(200);
  });
});
