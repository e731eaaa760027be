import { afterEach, beforeEach, expect, test } from 'vitest';
import { PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
let moments: bigint[];

const TABLE = '/v1/namespaces/n/tables/t';
const rollback = (as_of: bigint, more = {}) => w.post(`${TABLE}/rollback`, { as_of, ...more });
const truncate = (query = '') => w.post(`${TABLE}/truncate${query}`);

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t', { schema_def: PLAIN });
  moments = [];
  for (const id of [1, 2, 3]) {
    const { body } = await w.write('t', [{ id, v: 'a' }]);
    moments.push(body.committed_at_ns);
  }
});
afterEach(() => w.close());

const moment = (index: number) => moments[index] ?? 0n;

test('a rollback shows what was visible then, at renumbered positions, and can be rolled forward', async () => {
  const back = await rollback(moment(0), { commit_message: 'oops' });
  expect(back).toMatchObject({ status: 200, body: { table: 't', rolled_back: true, as_of: moment(0) } });
  expect(await w.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  expect(await w.positions()).toEqual([1n]);
  expect(await w.totals('t', moment(2))).toEqual({ records: 3, files: 3, deltas: 3 });

  await rollback(moment(2));
  expect(await w.totals('t')).toEqual({ records: 3, files: 3, deltas: 3 });
  expect(await w.positions()).toEqual([1n, 2n, 3n]);
  expect(await w.totals('t', back.body.committed_at_ns)).toMatchObject({ records: 1 });
});

test('a rollback over a truncation and a replacement brings the old files back', async () => {
  await truncate();
  await w.write('t', [{ id: 9, v: 'z' }], 'replace');
  await rollback(moment(1));
  expect(await w.totals('t')).toEqual({ records: 2, files: 2, deltas: 2 });
  await w.write('t', [{ id: 4, v: 'd' }], 'append');
  expect(await w.positions()).toEqual([1n, 2n, 3n]);
});

test('a rollback restores the properties of the version, and a renamed table rolls back by its new name', async () => {
  const property = async (table: string) =>
    (await w.server.request('GET', `/v1/namespaces/n/tables/${table}`)).body.properties.color;
  await w.server.request('PUT', TABLE, { table_version_properties: { color: 'red' } });
  expect(await property('t')).toBe('red');
  await w.post(`${TABLE}/rename`, { new_name: 'u', new_table: 'u' });
  const answer = await w.post('/v1/namespaces/n/tables/u/rollback', { as_of: moment(0) });
  expect(answer.status).toBe(200);
  expect(await property('u')).toBeUndefined();
  expect(await w.totals('u')).toMatchObject({ records: 1 });
});

test('a rollback to before the table, or to the future, is refused and changes nothing', async () => {
  const before = await w.state();
  for (const as_of of [1n, moment(0) - 1_000_000_000_000n, moment(2) + 10n ** 15n]) {
    const { status, body } = await rollback(as_of);
    expect([status, body.error.code]).toEqual([400, 'invalid_as_of']);
  }
  expect(await w.state()).toEqual(before);
});

test('a re-created table does not roll back to the one that had its name', async () => {
  await w.server.request('DELETE', TABLE);
  await w.createTable('t', { schema_def: PLAIN });
  expect((await rollback(moment(2))).body.error.code).toBe('invalid_as_of');
});

test('a truncated table is empty, keeps its schema and its history, and takes rows from position 1', async () => {
  const { status, body } = await truncate();
  expect([status, body.truncated]).toEqual([200, true]);
  expect(await w.totals('t')).toEqual({ records: 0, files: 0, deltas: 0 });
  expect(await w.totals('t', moment(2))).toEqual({ records: 3, files: 3, deltas: 3 });
  const { body: about } = await w.server.request('GET', TABLE);
  expect(about.schema).toHaveLength(2);
  await w.write('t', [{ id: 4, v: 'd' }]);
  expect(await w.positions()).toEqual([1n]);
});

test('a repeated truncation or rollback with its operation id is done once', async () => {
  const first = await truncate('?operation_id=o');
  await w.write('t', [{ id: 4, v: 'd' }]);
  expect((await truncate('?operation_id=o')).body).toEqual(first.body);
  expect(await w.totals('t')).toMatchObject({ records: 1 });
  const back = await w.post(`${TABLE}/rollback?operation_id=r`, { as_of: moment(1) });
  await truncate();
  expect((await w.post(`${TABLE}/rollback?operation_id=r`, { as_of: moment(1) })).body).toEqual(back.body);
  const reused = await w.post(`${TABLE}/rollback?operation_id=r`, { as_of: moment(0) });
  expect([reused.status, reused.body.error.code]).toEqual([409, 'operation_id_reused']);
});

test('what does not exist is neither truncated nor rolled back', async () => {
  const asked: [string, object, string][] = [
    ['/v1/namespaces/n/tables/x/truncate', {}, 'table_not_found'],
    ['/v1/namespaces/m/tables/t/truncate', {}, 'namespace_not_found'],
    [`${TABLE}/truncate?table_version=9`, {}, 'table_version_not_found'],
    ['/v1/namespaces/n/tables/x/rollback', { as_of: moment(0) }, 'table_not_found'],
    [`${TABLE}/rollback?table_version=9`, { as_of: moment(0) }, 'table_version_not_found'],
  ];
  for (const [path, body, code] of asked) {
    const answer = await w.post(path, body);
    expect([answer.status, answer.body.error.code]).toEqual([404, code]);
  }
});
