import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { PLAIN } from '../testing/writing.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
  await on.createTable('t', { schema_def: PLAIN });
  await on.write('t', [{ id: 1, v: 'a' }], 'append');
});
afterEach(() => on.close());

const SPACE = '/v1/namespaces/n';
const TABLE = `${SPACE}/tables/t`;
const call = (method: string, path: string, body?: object) => on.server.request(method, path, body);
const conflict = { status: 409, body: { error: { code: 'concurrent_modification' } } };

test('a table comes back for its transaction at once, for others with the commit', async () => {
  await on.must(call('DELETE', TABLE));
  const tx = await on.begin();
  await on.must(tx.call('POST', `${TABLE}/undrop`, { new_name: 'u' }));
  await tx.write('u', [{ id: 2, v: 'b' }], 'append');
  expect(await tx.rows('u')).toEqual(['1 a', '2 b']);
  expect((await call('GET', `${SPACE}/tables/u`)).status).toBe(404);
  expect((await call('GET', '/v1/dropped')).body).toHaveLength(1);
  await on.must(tx.commit());
  expect(await on.rows('u')).toEqual(['1 a', '2 b']);
  expect((await call('GET', '/v1/dropped')).body).toEqual([]);
});

test('what a transaction dropped itself it can bring back, unless it purged it', async () => {
  const tx = await on.begin();
  await on.must(tx.call('DELETE', TABLE));
  await on.must(tx.call('POST', `${TABLE}/undrop`));
  await on.must(tx.call('DELETE', SPACE));
  await on.must(tx.call('POST', `${SPACE}/undrop`));
  expect(await tx.rows('t')).toEqual(['1 a']);
  await on.must(tx.commit());
  expect(await on.rows('t')).toEqual(['1 a']);
  const purging = await on.begin();
  await on.must(purging.call('DELETE', `${TABLE}?purge=true`));
  expect((await purging.call('POST', `${TABLE}/undrop`)).body.error.code).toBe('purged');
});

test('what a transaction renamed is not dropped under its old name', async () => {
  const tx = await on.begin();
  await on.must(tx.call('POST', `${TABLE}/rename?new_name=u`));
  expect((await tx.call('POST', `${TABLE}/undrop`)).body.error.code).toBe('table_not_found');
});

test('of two that bring one table back, or take its name, the second loses', async () => {
  await on.must(call('DELETE', TABLE));
  const [first, second, third] = [await on.begin(), await on.begin(), await on.begin()];
  await on.must(first.call('POST', `${TABLE}/undrop`));
  await on.must(second.call('POST', `${TABLE}/undrop`, { new_name: 'u' }));
  await on.must(third.call('POST', `${SPACE}/tables`, { table: 't', schema_def: PLAIN }));
  await on.must(first.commit());
  expect(await second.commit()).toMatchObject(conflict);
  expect(await third.commit()).toMatchObject(conflict);
});

test('a table does not come back into a namespace that was dropped meanwhile', async () => {
  await on.must(call('DELETE', TABLE));
  const tx = await on.begin();
  await on.must(tx.call('POST', `${TABLE}/undrop`));
  await on.must(call('DELETE', SPACE));
  expect(await tx.commit()).toMatchObject(conflict);
});

test('streams, partitions and deltas of a transaction show what it wrote and replaced', async () => {
  const streams = `${TABLE}/versions/1/streams`;
  const tx = await on.begin();
  await tx.write('t', [{ id: 2, v: 'b' }], 'append');
  const [stream] = (await tx.call('GET', streams)).body;
  const [partition] = (await tx.call('GET', `${streams}/${stream.stream_id}/partitions`)).body;
  const deltas = `${streams}/${stream.stream_id}/partitions/${partition.partition_id}/deltas`;
  const positions = async (how: typeof call) =>
    (await how('GET', deltas)).body.map(({ stream_position }: { stream_position: number }) => stream_position);
  expect([await positions(tx.call), await positions(call)]).toEqual([[1, 2], [1]]);
  expect((await tx.call('GET', `${deltas}/2`)).body).toMatchObject({ record_count: 1, manifest: { entry_count: 1 } });
  await tx.write('t', [{ id: 3, v: 'c' }], 'replace');
  const [replacing] = (await tx.call('GET', streams)).body;
  expect(replacing).toMatchObject({ previous_stream_id: stream.stream_id, state: 'committed' });
  expect((await tx.call('GET', `${streams}/${replacing.stream_id}/partitions`)).body).toHaveLength(1);
  expect((await tx.call('GET', `${streams}/${stream.stream_id}`)).body.state).toBe('deprecated');
  expect((await call('GET', `${streams}/${stream.stream_id}`)).body.state).toBe('committed');
});
