import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED, PLAIN } from '../testing/writing.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
});
afterEach(() => on.close());

const TOKEN = 'x-deltacat-next-token';
const SPACE = '/v1/namespaces/n';
const TABLE = `${SPACE}/tables/t`;
const CATALOG = '/v1/catalogs/default';

interface Entry {
  seq: number;
  committed_at_ns: bigint;
  message: string | null;
  operation: string;
  changes: Record<string, unknown>[];
}

const call = (method: string, path: string, body?: object) => on.must(on.server.request(method, path, body));
const history = async (path: string): Promise<Entry[]> => (await call('GET', path)).body;
/** Kind and object of each change of each commit, the newest first. */
const told = async (path: string) =>
  (await history(path)).map(({ changes }) => changes.map(({ kind, object }) => `${kind} ${object}`).join(', '));

describe('a table', () => {
  test('has every commit that changed it, with what each did in figures', async () => {
    await on.createTable('t', { schema_def: KEYED });
    await on.write('t', [{ id: 1, v: 'a' }], 'append');
    await on.write('t', [{ id: 1, v: 'b' }], 'merge');
    await on.write('t', [{ id: 1, v: 'b' }], 'delete');
    await on.write('t', [{ id: 2, v: 'c' }], 'add');
    await on.write('t', [{ id: 3, v: 'd' }], 'replace');
    await call('POST', `${TABLE}/truncate`);
    expect(await told(`${TABLE}/history`)).toEqual([
      'truncate partition',
      'replace partition',
      'add partition',
      'delete partition',
      'merge partition',
      'append partition',
      'create table, create table_version',
    ]);
    const [truncated, replaced, added] = await history(`${TABLE}/history`);
    expect(truncated?.changes).toMatchObject([
      { namespace: 'n', table: 't', table_version: '1', partitions: 1, records_added: 0, records_removed: 1 },
    ]);
    expect(replaced?.changes).toMatchObject([{ partitions: 1, records_added: 1, files_added: 1, files_removed: 4 }]);
    expect(added?.changes).toMatchObject([{ records_added: 1, files_added: 1, files_removed: 0, bytes_removed: 0 }]);
    expect(added?.changes[0]?.bytes_added).toBeGreaterThan(0);
  });

  test('is followed through renames, drops and returns, each told by the names of its time', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    await call('POST', '/v1/namespaces', { namespace: 'm' });
    await call('POST', `${TABLE}/rename?new_name=u&new_namespace=m`);
    await call('DELETE', '/v1/namespaces/m/tables/u');
    await call('POST', '/v1/namespaces/m/tables/u/undrop', { new_name: 'v' });
    const entries = await history('/v1/namespaces/m/tables/v/history');
    expect(entries.map(({ changes }) => changes[0])).toMatchObject([
      { kind: 'undrop', object: 'table', namespace: 'm', table: 'v' },
      { kind: 'drop', namespace: 'm', table: 'u' },
      { kind: 'rename', namespace: 'm', table: 'u', previous_namespace: 'n', previous_table: 't' },
      { kind: 'create', namespace: 'n', table: 't' },
    ]);
  });

  test('that is dropped still has its history, and so has one of a dropped namespace', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    await call('DELETE', TABLE);
    expect(await told(`${TABLE}/history`)).toEqual(['drop table', 'create table, create table_version']);
    await on.createTable('u', { schema_def: PLAIN });
    await call('DELETE', SPACE);
    expect(await told(`${SPACE}/tables/u/history`)).toEqual(['create table, create table_version']);
    expect(await told(`${TABLE}/history`)).toHaveLength(2);
  });

  test('is told apart from others that had its name, by its id', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    const first = (await call('GET', TABLE)).body.table_id;
    await on.write('t', [{ id: 1, v: 'a' }], 'append');
    await call('DELETE', TABLE);
    await on.createTable('t', { schema_def: PLAIN });
    expect(await told(`${TABLE}/history`)).toEqual(['create table, create table_version']);
    expect(await told(`${TABLE}/history?table_id=${first}`)).toEqual([
      'drop table',
      'append partition',
      'create table, create table_version',
    ]);
  });

  test('says which fields were altered, of the table and of its versions', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    await call('PUT', TABLE, { table_description: 'x', table_version_properties: { k: 1 }, lifecycle_state: 'beta' });
    await on.createTable('t', { schema_def: PLAIN, table_version: '2' });
    const [made, altered] = await history(`${TABLE}/history`);
    expect(made?.changes).toMatchObject([{ object: 'table_version', kind: 'create', table_version: '2' }]);
    expect(altered?.changes).toMatchObject([
      { object: 'table', kind: 'alter', fields: ['description'] },
      { object: 'table_version', kind: 'alter', table_version: '1', fields: ['properties', 'lifecycle_state'] },
    ]);
  });

  test('tells a rewrite as what it is, and a rollback over it with what it brought back', async () => {
    await on.createTable('t', { schema_def: KEYED });
    const first = await on.write('t', [{ id: 1, v: 'a' }]);
    await on.write('t', [{ id: 1, v: 'b' }]);
    await on.must(on.server.requestAs({})('POST', `${TABLE}/plan`));
    await call('POST', `${TABLE}/rollback`, { as_of: first.body.committed_at_ns, commit_message: 'oops' });
    const [back, rewrite] = await history(`${TABLE}/history`);
    expect(rewrite).toMatchObject({
      operation: 'rewrite',
      changes: [{ kind: 'rewrite', files_added: 1, files_removed: 2 }],
    });
    expect(back).toMatchObject({
      message: 'oops',
      changes: [{ kind: 'rollback', records_added: 1, records_removed: 1 }],
    });
    expect(await on.rows('t')).toEqual(['1 a']);
  });

  test('as of a time has the commits up to it', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    const first = await on.write('t', [{ id: 1, v: 'a' }], 'append');
    await on.write('t', [{ id: 2, v: 'b' }], 'append');
    expect(await told(`${TABLE}/history?as_of=${first.body.committed_at_ns}`)).toHaveLength(2);
  });

  test('that never was, or not in that catalog, is not found', async () => {
    const codes = async (path: string) => {
      const { status, body } = await on.server.request('GET', path);
      return [status, body.error.code];
    };
    expect(await codes(`${TABLE}/history`)).toEqual([404, 'table_not_found']);
    expect(await codes('/v1/namespaces/x/tables/t/history')).toEqual([404, 'namespace_not_found']);
    expect(await codes(`${TABLE}/history?catalog=x`)).toEqual([404, 'catalog_not_found']);
    await on.createTable('t', { schema_def: PLAIN });
    expect(await codes(`${TABLE}/history?table_id=x`)).toEqual([404, 'table_not_found']);
    expect(await codes(`${TABLE}/history?next_token=x`)).toEqual([400, 'invalid_request']);
    expect(await codes(`${TABLE}/history?limit=0`)).toEqual([422, 'invalid_input']);
  });
});

describe('a catalog', () => {
  test('has all its commits, the newest first, also those of namespaces', async () => {
    await call('PUT', SPACE, { properties: { k: 1 }, new_name: 'm' });
    await call('DELETE', '/v1/namespaces/m');
    await call('POST', '/v1/namespaces/m/undrop', { commit_message: 'back' });
    expect(await told(`${CATALOG}/history`)).toEqual([
      'undrop namespace',
      'drop namespace',
      'rename namespace, alter namespace',
      'create namespace',
    ]);
    const entries = await history(`${CATALOG}/history`);
    expect(entries[0]).toMatchObject({ message: 'back', operation: 'undrop_namespace', transaction_id: null });
    expect(entries[2]?.changes).toMatchObject([
      { namespace: 'm', previous_namespace: 'n' },
      { namespace: 'm', fields: ['properties'] },
    ]);
    expect(entries.map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
  });

  test('comes in pages of one moment, and so does a table', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    for (let id = 0; id < 4; id += 1) await on.write('t', [{ id, v: 'a' }], 'append');
    for (const path of [`${CATALOG}/history`, `${TABLE}/history`]) {
      const whole = (await history(path)).map(({ seq }) => seq);
      const found: number[] = [];
      let query: string | null = '?limit=2';
      while (query !== null) {
        const page = await call('GET', `${path}${query}`);
        expect(page.body.length).toBeLessThanOrEqual(2);
        found.push(...page.body.map(({ seq }: Entry) => seq));
        await on.write('t', [{ id: 9, v: 'z' }], 'append');
        const next = page.headers.get(TOKEN);
        query = next && `?limit=2&next_token=${next}`;
      }
      expect(found).toEqual(whole);
    }
  });

  test('tells a transaction as one commit, and each of its tables only what it did to that', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    await on.createTable('u', { schema_def: PLAIN });
    const tx = await on.begin({ commit_message: 'both' });
    await tx.write('t', [{ id: 1, v: 'a' }], 'append');
    await tx.write('u', [{ id: 1, v: 'a' }], 'append');
    await tx.write('t', [{ id: 2, v: 'b' }], 'replace');
    await on.must(tx.call('POST', `${SPACE}/tables`, { table: 'made', schema_def: PLAIN }));
    await on.must(tx.call('POST', `${SPACE}/tables/made/rename?new_name=named`));
    await on.must(tx.call('POST', '/v1/namespaces', { namespace: 'short' }));
    await on.must(tx.call('DELETE', '/v1/namespaces/short'));
    await on.must(tx.commit());
    const [commit] = await history(`${CATALOG}/history`);
    expect(commit).toMatchObject({ message: 'both', transaction_id: tx.id });
    const changes = commit?.changes.map(({ kind, object, table }) => `${kind} ${object} ${table}`);
    expect(changes?.toSorted()).toEqual([
      'append partition u',
      'create table named',
      'create table_version named',
      'replace partition t',
    ]);
    expect((await history(`${TABLE}/history`))[0]?.changes).toMatchObject([{ table: 't', records_added: 1 }]);
    expect(await told(`${SPACE}/tables/u/history`)).toEqual(['append partition', 'create table, create table_version']);
  });

  test('without commits has none, and an unknown one is not found', async () => {
    const { reader } = on.server.context.db;
    const { created_at_ns } = await reader.selectFrom('catalogs').select('created_at_ns').executeTakeFirstOrThrow();
    expect(await history(`${CATALOG}/history?as_of=${created_at_ns}`)).toEqual([]);
    const { status, body } = await on.server.request('GET', '/v1/catalogs/x/history');
    expect([status, body.error.code]).toEqual([404, 'catalog_not_found']);
  });

  test('keeps the message of every kind of write', async () => {
    await on.createTable('t', { schema_def: PLAIN });
    const message = (text: string) => ({ commit_message: text });
    const first = await on.must(on.post(`${TABLE}/write`, { data: [{ id: 1, v: 'a' }], ...message('rows') }));
    const { session, entry } = await on.opened('t', { mode: 'append' });
    await on.must(on.commit(session, [entry], message('session')));
    const file = await on.put(on.server.root, [{ id: 3, v: 'c' }], PLAIN);
    await on.must(on.post(`${TABLE}/commit?mode=append`, { manifest_entries: [file], ...message('files') }));
    await on.must(on.post(`${TABLE}/rollback`, { as_of: first.body.committed_at_ns, ...message('back') }));
    const told = (await history(`${TABLE}/history?limit=4`)).map((commit) => commit.message);
    expect(told).toEqual(['back', 'files', 'session', 'rows']);
  });
});
