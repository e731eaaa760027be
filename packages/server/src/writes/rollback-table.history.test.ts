import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED, PLAIN } from '../testing/writing.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
});
afterEach(() => on.close());

const SPACE = '/v1/namespaces/n';
const TABLE = `${SPACE}/tables/t`;

const call = (method: string, path: string, body?: object) => on.must(on.server.request(method, path, body));
const rollback = (as_of: bigint, path = TABLE) => call('POST', `${path}/rollback`, { as_of });
const moment = (answer: { body: { committed_at_ns: bigint } }) => answer.body.committed_at_ns;
const rewrite = () => on.must(on.server.requestAs({})('POST', `${TABLE}/plan`));

test('a table is rolled back over a rewrite, and forward again to before and after it', async () => {
  await on.createTable('t', { schema_def: KEYED });
  const first = moment(await on.write('t', [{ id: 1, v: 'a' }]));
  const second = moment(await on.write('t', [{ id: 1, v: 'b' }]));
  await rewrite();
  const third = moment(await on.write('t', [{ id: 2, v: 'c' }]));
  for (const [at, rows] of [
    [first, ['1 a']],
    [third, ['1 b', '2 c']],
    [second, ['1 b']],
    [third, ['1 b', '2 c']],
  ] as const) {
    const back = moment(await rollback(at));
    expect(await on.rows('t')).toEqual(rows);
    expect(await on.rows('t', `?as_of=${back}`)).toEqual(rows);
  }
  await rewrite();
  expect(await on.rows('t')).toEqual(['1 b', '2 c']);
  expect(await on.rows('t', `?as_of=${second}`)).toEqual(['1 b']);
});

test('a table that was moved, dropped and brought back rolls back to a time under its first name', async () => {
  await call('POST', '/v1/namespaces', { namespace: 'm' });
  await on.createTable('t', { schema_def: PLAIN });
  const first = moment(await on.write('t', [{ id: 1, v: 'a' }], 'append'));
  await on.write('t', [{ id: 2, v: 'b' }], 'append');
  await call('POST', `${TABLE}/rename?new_name=u&new_namespace=m`);
  await call('DELETE', '/v1/namespaces/m/tables/u');
  await call('POST', '/v1/namespaces/m/tables/u/undrop', { new_name: 'v' });
  await rollback(first, '/v1/namespaces/m/tables/v');
  expect(await on.rows('m.v')).toEqual(['1 a']);
  for (const name of ['t', 'm.v']) expect(await on.rows(name, `?as_of=${first}`)).toEqual(['1 a']);
});

test('each version of a table is listed, described and read as of its time, and rolls back by itself', async () => {
  await on.createTable('t', { schema_def: PLAIN });
  const first = moment(await on.write('t', [{ id: 1, v: 'a' }], 'append'));
  const fields = [...PLAIN, { name: 'w', type: 'string' }];
  const made = moment(await call('POST', `${SPACE}/tables`, { table: 't', table_version: '2', schema_def: fields }));
  const second = moment(await on.write('t', [{ id: 2, v: 'b' }], 'append'));
  await on.write('t', [{ id: 3, v: 'c' }], 'append');
  const versions = async (at: bigint) =>
    (await call('GET', `${TABLE}/versions?as_of=${at}`)).body.map(({ version }: { version: string }) => version);
  expect([await versions(first), await versions(made)]).toEqual([['1'], ['1', '2']]);
  const described = async (query: string) => (await call('GET', `${TABLE}?${query}`)).body;
  expect(await described(`as_of=${first}`)).toMatchObject({ table_version: '1', total_records: 1 });
  expect(await described(`as_of=${made}`)).toMatchObject({ table_version: '2', total_records: 0 });
  const missing = await on.server.request('GET', `${TABLE}?as_of=${first}&table_version=2`);
  expect(missing.body.error.code).toBe('table_version_not_found');
  await rollback(second);
  expect(await on.totals('t')).toMatchObject({ records: 1 });
  expect(await described('table_version=1')).toMatchObject({ total_records: 1 });
  const refused = await on.server.request('POST', `${TABLE}/rollback`, { as_of: first });
  expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_as_of']);
});

test('replacing a table and altering it go together in two transactions', async () => {
  await on.createTable('t', { schema_def: PLAIN });
  await on.write('t', [{ id: 1, v: 'a' }], 'append');
  const [replacing, altering] = [await on.begin(), await on.begin()];
  await replacing.write('t', [{ id: 2, v: 'b' }], 'replace');
  await on.must(altering.call('PUT', TABLE, { table_version_properties: { color: 'red' } }));
  await on.must(altering.commit());
  await on.must(replacing.commit());
  expect(await on.rows('t')).toEqual(['2 b']);
  expect((await call('GET', TABLE)).body.properties).toEqual({ color: 'red' });
});
