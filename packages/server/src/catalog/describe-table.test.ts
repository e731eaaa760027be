import { afterAll, beforeAll, expect, test } from 'vitest';
import { commit } from '../commits/commit.ts';
import { type DeltaDraft, endAllDeltas, publishDeltas } from '../commits/publish.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { requireTable } from '../snapshots/tables.ts';
import { requireVersion, type TableVersion } from '../snapshots/versions.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.request('POST', '/v1/namespaces/ns/tables', { table: 't', auto_create_namespace: true });
});
afterAll(() => server.close());

async function change(write: (change: Parameters<typeof publishDeltas>[0], version: TableVersion) => Promise<unknown>) {
  const context = server.requestContext();
  const { committed_at_ns } = await commit(context, {
    catalog: catalogNamed(context, null),
    operation: 'test',
    async decide(change) {
      const found = await requireTable(change.queries, change.view, { namespace: 'ns', table: 't' });
      const version = await requireVersion(change.queries, change.view, { ...found, version: null });
      await write(change, version);
      change.touch({ object_id: version.table_version_id, kind: 'append' });
      return {};
    },
  });
  return committed_at_ns;
}

const delta = (partition: string, record_counts: number[]): DeltaDraft => ({
  ...{ delta_type: 'append', entry_params: null, author: null },
  partition: { scheme_id: 's', partition_values: [partition] },
  files: record_counts.map((record_count, index) => ({
    ...{ file_id: null, path: `/data/${partition}-${index}.parquet`, record_count, content_length: record_count * 10 },
    ...{ content_type: 'parquet', content_encoding: 'identity', source_content_length: null, schema_id: null },
    ...{ sort_scheme_id: null, mandatory: true, column_stats: null },
  })),
});

async function counts(as_of: bigint | null) {
  const { body } = await server.request('GET', `/v1/namespaces/ns/tables/t${as_of ? `?as_of=${as_of}` : ''}`);
  const { total_records, total_bytes, total_files, delta_count, partition_count } = body;
  return [total_records, total_bytes, total_files, delta_count, partition_count];
}

test('totals are those of what was visible at every moment', async () => {
  const first = await change((change, version) =>
    publishDeltas(change, version, [delta('a', [1, 2]), delta('b', [3])]),
  );
  const second = await change((change, version) => publishDeltas(change, version, [delta('a', [4])]));
  const emptied = await change(endAllDeltas);
  const third = await change((change, version) => publishDeltas(change, version, [delta('b', [5])]));
  expect(await counts(first)).toEqual([6, 60, 3, 2, 2]);
  expect(await counts(second)).toEqual([10, 100, 4, 3, 2]);
  expect(await counts(emptied)).toEqual([0, 0, 0, 0, 0]);
  expect(await counts(third)).toEqual([5, 50, 1, 1, 1]);
  expect(await counts(null)).toEqual([5, 50, 1, 1, 1]);
});
