import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED } from '../testing/writing.ts';
import { cleanTransactions } from './clean.ts';

let on: Transacting;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  on = await startTransacting(clock);
});
afterEach(() => on.close());

const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });
const TABLE = '/v1/namespaces/n/tables/t';

/** Everything that a transaction may have left in the store: nothing of it is visible. */
async function leftovers(): Promise<number> {
  const { reader } = on.server.context.db;
  let count = 0;
  for (const table of ['namespaces', 'tables', 'table_versions', 'streams', 'deltas'] as const) {
    count += (await reader.selectFrom(table).select('row_id').where('from_seq', 'is', null).execute()).length;
  }
  for (const table of ['endings', 'transaction_touches', 'transaction_events'] as const) {
    count += (await reader.selectFrom(table).select('transaction_id').execute()).length;
  }
  return count;
}

describe('a transaction', () => {
  test('shows what was done in it to its own reads, and to nobody else, until it is committed', async () => {
    const tx = await on.begin({ commit_message: 'create and fill' });
    await on.must(tx.call('POST', '/v1/namespaces', { namespace: 'm' }));
    await on.must(tx.call('POST', '/v1/namespaces/m/tables', { table: 't', schema_def: KEYED }));
    const inside = async (path: string) => (await tx.call('GET', path)).body;
    const outside = async (path: string) => (await on.server.request('GET', path)).body;
    expect(await inside('/v1/namespaces/m/exists')).toMatchObject({ exists: true });
    expect(await outside('/v1/namespaces/m/exists')).toMatchObject({ exists: false });
    expect((await inside('/v1/namespaces')).map(({ name }: { name: string }) => name)).toEqual(['m', 'n']);
    expect((await outside('/v1/namespaces')).map(({ name }: { name: string }) => name)).toEqual(['n']);
    expect(await inside('/v1/namespaces/m/tables')).toMatchObject([{ name: 't', latest_version: '1' }]);
    expect(await inside('/v1/namespaces/m/tables/t/versions')).toMatchObject([{ version: '1' }]);
    expect(await inside('/v1/namespaces/m/tables/t/exists')).toMatchObject({ exists: true });
    expect(await on.server.request('GET', '/v1/namespaces/m/tables/t')).toMatchObject(
      refusal(404, 'namespace_not_found'),
    );
    const committed = await on.must(tx.commit());
    expect(committed.body).toMatchObject({ status: 'COMMITTED', seq: expect.any(Number), operation_count: 2 });
    expect(await outside('/v1/namespaces/m/tables/t')).toMatchObject({ table_name: 't', seq: committed.body.seq });
    expect(await leftovers()).toBe(0);
  });

  test('reads its own rows by plan, preview and describe, with totals', async () => {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    const tx = await on.begin();
    await tx.write('t', [
      { id: 1, v: 'b' },
      { id: 2, v: 'c' },
    ]);
    expect(await tx.rows('t')).toEqual(['1 b', '2 c']);
    expect(await on.rows('t')).toEqual(['1 a']);
    const preview = await tx.call('GET', `${TABLE}/preview`);
    expect(preview.body).toMatchObject({ total_rows: 3, sample_size: 2 });
    expect((await tx.call('GET', TABLE)).body).toMatchObject({ total_records: 3, total_files: 2, delta_count: 2 });
    expect(await on.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
    const plan = await tx.call('POST', `${TABLE}/plan`);
    expect(plan.body).toMatchObject({ transaction_id: tx.id, transaction_version_seen: tx.version() });
    await on.must(tx.commit());
    expect(await on.rows('t')).toEqual(['1 b', '2 c']);
    expect(await on.totals('t')).toEqual({ records: 3, files: 2, deltas: 2 });
  });

  test('sees the state of its beginning, whatever others commit', async () => {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    const tx = await on.begin();
    await on.write('t', [{ id: 2, v: 'b' }]);
    await on.createTable('later');
    expect(await tx.rows('t')).toEqual(['1 a']);
    expect(await tx.call('GET', '/v1/namespaces/n/tables/later')).toMatchObject(refusal(404, 'table_not_found'));
    expect((await tx.call('GET', TABLE)).body).toMatchObject({ total_records: 1 });
  });

  test('that is aborted leaves nothing, and says why it was', async () => {
    await on.createTable('t');
    const before = await on.state();
    const tx = await on.begin();
    await tx.write('t', [{ id: 1, v: 'a' }]);
    await on.must(tx.call('PUT', TABLE, { table_properties: { k: 'v' } }));
    expect((await on.must(tx.abort('changed my mind'))).body).toMatchObject({
      ...{ status: 'ABORTED', abort_reason: 'changed my mind', seq: null },
    });
    expect(await on.rows('t')).toEqual([]);
    expect((await on.server.request('GET', TABLE)).body.table_properties).toEqual({});
    await cleanTransactions(on.server.context);
    expect(await on.state()).toEqual(before);
    expect(await leftovers()).toBe(0);
  });

  test('leaves nothing of what it replaced itself, nor of tables that it made when it is aborted', async () => {
    await on.createTable('t');
    const rows = async () => {
      const { reader } = on.server.context.db;
      const tables = ['schemas', 'partitions', 'manifests', 'files', 'file_stats', 'streams', 'deltas'] as const;
      return Promise.all(tables.map(async (table) => (await reader.selectFrom(table).selectAll().execute()).length));
    };
    const tx = await on.begin();
    await on.must(tx.call('POST', '/v1/namespaces/n/tables', { table: 'made', schema_def: KEYED }));
    await tx.write('made', [{ id: 1, v: 'a' }]);
    await tx.write('made', [{ id: 2, v: 'b' }], 'replace');
    await tx.write('t', [{ id: 1, v: 'a' }], 'replace');
    await tx.write('t', [{ id: 2, v: 'b' }], 'replace');
    expect(await rows()).toEqual([2, 2, 2, 2, 2, 3, 2]);
    await on.must(tx.abort());
    await cleanTransactions(on.server.context);
    expect(await rows()).toEqual([1, 0, 0, 0, 0, 1, 0]);
  });

  test('commits nothing of a table that it made and dropped again', async () => {
    const before = await on.state();
    const tx = await on.begin();
    await on.must(tx.call('POST', '/v1/namespaces/n/tables', { table: 'short', schema_def: KEYED }));
    await tx.write('short', [{ id: 1, v: 'a' }]);
    await on.must(tx.call('DELETE', '/v1/namespaces/n/tables/short'));
    await on.must(tx.commit());
    const after = await on.state();
    expect((after as unknown[]).slice(1, -1)).toEqual((before as unknown[]).slice(1, -1));
  });

  test('takes several steps on one thing, each on top of the one before', async () => {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    const tx = await on.begin();
    await tx.write('t', [{ id: 2, v: 'b' }]);
    await tx.write('t', [{ id: 3, v: 'c' }], 'replace');
    await tx.write('t', [{ id: 4, v: 'd' }]);
    await tx.write('t', [{ id: 3, v: null }], 'delete');
    expect(await tx.rows('t')).toEqual(['4 d']);
    await on.must(tx.call('POST', `${TABLE}/rename?new_name=u`));
    await on.must(tx.call('PUT', '/v1/namespaces/n/tables/u', { table_properties: { k: 'v' } }));
    expect(await tx.rows('u')).toEqual(['4 d']);
    expect(await tx.call('GET', TABLE)).toMatchObject(refusal(404, 'table_not_found'));
    await on.must(tx.call('POST', '/v1/namespaces/n/tables', { table: 't', schema_def: KEYED }));
    await on.must(tx.commit());
    expect(await on.rows('u')).toEqual(['4 d']);
    expect(await on.rows('t')).toEqual([]);
    expect((await on.server.request('GET', '/v1/namespaces/n/tables/u')).body).toMatchObject({
      ...{ total_records: 3, delta_count: 3, table_properties: { k: 'v' } },
    });
  });

  test('may drop and make again what has the same name, and undo what it made itself', async () => {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    const old = (await on.server.request('GET', TABLE)).body.table_id;
    const tx = await on.begin();
    await on.must(tx.call('DELETE', TABLE));
    await on.must(tx.call('POST', '/v1/namespaces/n/tables', { table: 't', schema_def: KEYED }));
    await on.must(tx.call('POST', '/v1/namespaces', { namespace: 'short' }));
    await on.must(tx.call('DELETE', '/v1/namespaces/short'));
    await on.must(tx.commit());
    expect((await on.server.request('GET', TABLE)).body.table_id).not.toBe(old);
    expect(await on.rows('t')).toEqual([]);
    expect((await on.server.request('GET', '/v1/namespaces')).body).toHaveLength(1);
  });

  test('gives deltas their positions when it is committed: dense, after those of others', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    await tx.write('t', [{ id: 1, v: 'a' }], 'append');
    await tx.write('t', [{ id: 2, v: 'b' }], 'append');
    await on.write('t', [{ id: 3, v: 'c' }], 'append');
    await on.must(tx.commit());
    await on.write('t', [{ id: 4, v: 'd' }], 'append');
    expect(await on.positions()).toEqual([1n, 2n, 3n, 4n]);
  });

  test('of which nothing was changed ends without a commit', async () => {
    const before = (await on.server.request('GET', '/v1/catalogs/default')).body.seq;
    const tx = await on.begin();
    expect((await on.must(tx.commit())).body).toMatchObject({ status: 'COMMITTED', seq: null, committed_at_ns: null });
    expect((await on.server.request('GET', '/v1/catalogs/default')).body.seq).toBe(before);
  });

  test('is one commit of the catalog: as_of shows all of it or nothing', async () => {
    await on.createTable('t');
    await on.createTable('u');
    const tx = await on.begin();
    await tx.write('t', [{ id: 1, v: 'a' }]);
    await tx.write('u', [{ id: 1, v: 'a' }]);
    const { body } = await on.must(tx.commit());
    const at = BigInt(body.committed_at_ns);
    expect([await on.rows('t', `?as_of=${at}`), await on.rows('u', `?as_of=${at}`)]).toEqual([['1 a'], ['1 a']]);
    expect([await on.rows('t', `?as_of=${at - 1n}`), await on.rows('u', `?as_of=${at - 1n}`)]).toEqual([[], []]);
  });
});
