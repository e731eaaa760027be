import { type DataFile, dataFile, type ReadPlan, type ScanTask } from '@deltacat/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSession } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { Scratch } from './storage/scratch.ts';

const scratch = new Scratch();

/** Their keys alone, texts of 512 bytes, take more than the 128 MiB that DuckDB has of the limit. */
const ROWS = 300_000;
const MEMORY_LIMIT_MB = 384;
const FEW = 1_000;
const TIMEOUT_MS = 180_000;

let plan: ReadPlan;
beforeAll(async () => {
  plan = await planOf();
}, TIMEOUT_MS);
afterAll(() => scratch[Symbol.asyncDispose]());

async function writeFile(sql: string): Promise<DataFile> {
  using session = await openSession();
  const path = await scratch.path('.parquet');
  const [row] = await session.rows(`COPY (${sql}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`);
  return dataFile.parse({ path, content_type: 'parquet', record_count: Number(row?.[0]) });
}

function rowsSql(from: number, to: number): string {
  return `SELECT repeat(md5(CAST(i AS VARCHAR)), 16) AS k, i % 1000 AS v, i AS n FROM range(${from}, ${to}) t(i)`;
}

async function planOf(): Promise<ReadPlan> {
  const files = [
    await writeFile(rowsSql(0, ROWS)),
    await writeFile(rowsSql(ROWS - FEW, ROWS + FEW)),
    await writeFile('SELECT CAST(7 AS BIGINT) AS v'),
  ];
  const tasks = files.map(
    (file, index): ScanTask => ({ stream_position: BigInt(index), delta_type: 'upsert', files: [file] }),
  );
  const [base, upsert, gone] = tasks.map((task, index) =>
    index < 2 ? task : { ...task, delta_type: 'delete' as const, entry_params: { equality_field_locators: ['v'] } },
  );
  return {
    namespace: 'test',
    table: 'large',
    content_type: 'parquet',
    requires_mor: true,
    total_files: 3,
    returned_files: 3,
    total_records: 0,
    total_bytes: 0,
    truncated: false,
    scan_tasks: [base, upsert, gone].filter((task) => task !== undefined),
    merge_keys: ['k'],
    schema: [
      { name: 'k', type: 'string' },
      { name: 'v', type: 'int64' },
      { name: 'n', type: 'int64' },
    ],
    mor_plan: null,
  };
}

test.each<[string, ReadPlan['mor_plan']]>([
  ['the last row', null],
  ['the greatest row', { sort_keys: [{ key: ['n'], sort_order: 'ascending', null_order: 'at_end' }] }],
])(
  'keys that do not fit into the memory limit are put aside on disk, where %s of each wins',
  async (_, mor_plan) => {
    const rows = executePlan({ ...plan, mor_plan }, { columns: ['n'], memory_limit_mb: MEMORY_LIMIT_MB });
    let count = 0;
    let sum = 0;
    for await (const batch of rows.batches()) {
      count += batch.numRows;
      for (const n of batch.getChildAt(0) ?? []) sum += Number(n);
    }
    const all = ROWS + FEW;
    const gone = Math.ceil((all - 7) / 1000);
    expect(count).toBe(all - gone);
    expect(sum).toBe((all * (all - 1)) / 2 - (gone * 7 + 1000 * ((gone * (gone - 1)) / 2)));
  },
  TIMEOUT_MS,
);
