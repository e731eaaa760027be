import type { ReadPlan, SchemaField } from '@deltacat/contract';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { writeParquetFile } from './formats/parquet-file.ts';
import { fromManifestTable } from './from-manifest.ts';
import { arrowSchema, serializeSchema } from './schema/schema.ts';
import { fileCache } from './storage/file-cache.ts';
import { vendedAccess } from './storage/vended-access.ts';
import { newS3Folder, TEST_S3, testS3Access } from './testing/s3-place.ts';
import { writeRows } from './write.ts';

afterAll(async () => {
  await fileCache().clear();
  await closeEngine();
});

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'day', type: 'string' },
  { name: 'text', type: 'string' },
];
const ROWS = Array.from({ length: 5_000 }, (_, row) => ({
  id: BigInt(row),
  day: `2026-01-0${1 + (row % 3)}`,
  text: `text ${Math.sin(row)}`,
}));

describe.skipIf(TEST_S3 === null)('a table in S3 (skipped where DELTACAT_TEST_S3_URL names no server)', () => {
  const root = newS3Folder();
  const { endpoint_url, region, keys } = TEST_S3 ?? {};
  const vended = {
    data_roots: { main: { root, storage_type: 's3', endpoint_url, region } },
    credentials: { [String(endpoint_url)]: { ...keys } },
  };

  test('is written by a session and read by a plan, each by what it vends', async () => {
    const access = vendedAccess({ available_roots: vended.data_roots, credentials: vended.credentials });
    const entries = await writeRows(ROWS, {
      data_dir: `${root}/n/t/session/`,
      schema: FIELDS,
      partition_scheme: { id: 'by-day', keys: [{ key: ['day'], transform: 'identity' }] },
      access,
    });
    expect(entries.map(({ partition_values }) => partition_values)).toEqual([
      ['2026-01-01'],
      ['2026-01-02'],
      ['2026-01-03'],
    ]);
    const files = entries.map(({ path, record_count, content_length }) => ({
      path,
      content_type: 'parquet' as const,
      content_encoding: 'identity' as const,
      record_count: record_count ?? 0,
      content_length: content_length ?? 0,
    }));
    for (const { path, content_length } of files) expect(await access.open(path).size(path)).toBe(content_length);
    const plan: ReadPlan = {
      ...vended,
      namespace: 'n',
      table: 't',
      content_type: 'parquet',
      requires_mor: false,
      total_files: files.length,
      total_records: ROWS.length,
      total_bytes: 0,
      returned_files: files.length,
      truncated: false,
      schema_serialized: serializeSchema(arrowSchema(FIELDS)),
      scan_tasks: [{ files }],
    };
    const read = await executePlan(plan).objects();
    expect(read.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(ROWS);
    expect(
      await executePlan(plan, { columns: ['id'], filter: { eq: ['day', '2026-01-02'] }, limit: 2 }).objects(),
    ).toEqual([{ id: 1n }, { id: 4n }]);
  });

  test('is not written where its keys do not reach, and nothing is left', async () => {
    const access = vendedAccess({
      available_roots: vended.data_roots,
      credentials: { default: { access_key_id: 'wrong', secret_access_key: 'wrong' } },
    });
    const writing = writeRows(ROWS, { data_dir: `${root}/denied`, schema: FIELDS, access });
    await expect(writing).rejects.toMatchObject({ code: 'storage_denied' });
    expect(await Array.fromAsync(testS3Access().open(root).list(`${root}/denied`))).toEqual([]);
  });

  test('takes a file that is written as it is read, of more than one part', async () => {
    const path = `${root}/large.parquet`;
    const access = testS3Access();
    const tableOf = (x: Float64Array) => tableFromIPC(tableToIPC(tableFromArrays({ x })));
    const { schema } = tableOf(Float64Array.of(0));
    const batches = async function* () {
      for (let batch = 0; batch < 12; batch++) {
        const x = Float64Array.from({ length: 200_000 }, (_, row) => Math.sin(batch * 200_000 + row));
        yield* tableOf(x).batches;
      }
    };
    const written = await writeParquetFile({ schema, batches }, path, access);
    expect(written.records).toBe(2_400_000);
    expect(written.size_bytes).toBeGreaterThan(16 * 2 ** 20);
    expect(await access.open(path).size(path)).toBe(written.size_bytes);
    const rows = await fromManifestTable(tableFromArrays({ path: [path] }), { access });
    let count = 0;
    for await (const batch of rows.batches()) count += batch.numRows;
    expect(count).toBe(written.records);
    await expect(writeParquetFile({ schema, batches }, path, access)).rejects.toMatchObject({ code: 'name_taken' });
  });
});
