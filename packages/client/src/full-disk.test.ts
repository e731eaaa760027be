import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataFile, dataFile, type ReadPlan } from '@deltacat/contract';
import { closeEngine, configureEngine, executePlan } from '@deltacat/io-core';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mountSmallDisk, type SmallDisk } from '../../server/src/testing/small-disk.ts';

/** Their keys alone, texts of 512 bytes, take more than DuckDB has of the limit, and more than the disk. */
const ROWS = 300_000;
const MEMORY_LIMIT_MB = 384;
const DISK_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

const disk: SmallDisk | null = mountSmallDisk(DISK_BYTES);
const folder = mkdtempSync(join(tmpdir(), 'deltacat-test-'));

let plan: ReadPlan;
beforeAll(async () => {
  plan = planOf([await writeFile(0, ROWS), await writeFile(ROWS - 10, ROWS + 10)]);
}, TIMEOUT_MS);
afterAll(async () => {
  configureEngine({});
  await closeEngine();
  disk?.unmount();
  rmSync(folder, { recursive: true });
});

async function writeFile(from: number, to: number): Promise<DataFile> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const path = join(folder, `${from}.parquet`);
  const rows = `SELECT repeat(md5(CAST(i AS VARCHAR)), 16) AS k, i AS n FROM range(${from}, ${to}) t(i)`;
  await connection.run(`COPY (${rows}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`);
  instance.closeSync();
  return dataFile.parse({ path, content_type: 'parquet', record_count: to - from });
}

function planOf(files: DataFile[]): ReadPlan {
  return {
    namespace: 'test',
    table: 'large',
    content_type: 'parquet',
    requires_mor: true,
    total_files: files.length,
    returned_files: files.length,
    total_records: 0,
    total_bytes: 0,
    truncated: false,
    scan_tasks: files.map((file, index) => ({ stream_position: BigInt(index), delta_type: 'upsert', files: [file] })),
    merge_keys: ['k'],
    schema: [
      { name: 'k', type: 'string' },
      { name: 'n', type: 'int64' },
    ],
  };
}

async function countRows(memory_limit_mb: number): Promise<number> {
  let count = 0;
  for await (const batch of executePlan(plan, { columns: ['n'], memory_limit_mb }).batches()) count += batch.numRows;
  return count;
}

test.skipIf(disk === null)(
  'a merge that finds no room on the disk fails whole, saying so, and works where there is room',
  async () => {
    configureEngine({ temp_directory: disk?.folder });
    await expect(countRows(MEMORY_LIMIT_MB)).rejects.toMatchObject({
      code: 'service_unavailable',
      message: expect.stringMatching(/temporary folder is full; free some, or raise the memory limit/),
    });
    configureEngine({});
    expect(await countRows(MEMORY_LIMIT_MB)).toBe(ROWS + 10);
  },
  TIMEOUT_MS,
);
