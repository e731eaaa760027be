import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t');
});
afterEach(() => w.close());

const TABLE = '/v1/namespaces/n/tables/t';

async function states() {
  const { reader } = w.server.context.db;
  const streams = await reader.selectFrom('streams').selectAll().orderBy('row_id').execute();
  const versions = await reader.selectFrom('table_versions').selectAll().execute();
  return { streams, versions };
}

test('replacing, truncating and rolling back change the stream of a version, not the version', async () => {
  const { body: first } = await w.write('t', [{ id: 1, v: 'a' }]);
  await w.write('t', [{ id: 2, v: 'b' }], 'replace');
  await w.post(`${TABLE}/truncate`);
  await w.post(`${TABLE}/rollback`, { as_of: first.committed_at_ns });
  const { streams, versions } = await states();
  expect(versions).toHaveLength(1);
  expect(streams.map(({ previous_stream_id }) => previous_stream_id)).toEqual([
    null,
    ...streams.slice(0, -1).map(({ stream_id }) => stream_id),
  ]);
  expect(streams.map(({ to_seq }) => to_seq)).toEqual([...streams.slice(1).map(({ from_seq }) => from_seq), null]);
});

test('altering a version leaves its stream, and each time reads the stream that it had', async () => {
  const { body: first } = await w.write('t', [{ id: 1, v: 'a' }]);
  await w.server.request('PUT', TABLE, { table_version_description: 'x' });
  const { streams } = await states();
  expect(streams).toHaveLength(1);
  await w.post(`${TABLE}/truncate`);
  const { body: then } = await w.server.request('GET', `${TABLE}?as_of=${first.committed_at_ns}`);
  const { body: now } = await w.server.request('GET', TABLE);
  expect(then).toMatchObject({ stream_id: streams[0]?.stream_id, total_records: 1 });
  expect(now).toMatchObject({ description: 'x', total_records: 0 });
  expect(now.stream_id).not.toBe(then.stream_id);
});

test('a rollback restores what was altered since, down to nulls inside a property', async () => {
  await w.server.request('PUT', TABLE, { table_version_properties: { box: { lid: null } } });
  const { body: then } = await w.write('t', [{ id: 1, v: 'a' }]);
  await w.server.request('PUT', TABLE, { table_version_properties: { box: {} } });
  await w.post(`${TABLE}/rollback`, { as_of: then.committed_at_ns });
  expect((await w.server.request('GET', TABLE)).body.properties.box).toEqual({ lid: null });
});
