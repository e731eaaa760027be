import { dirname } from 'node:path';
import { type DataFile, dataFile, type ReadPlan } from '@deltacat/contract';
import { Field, Int64 } from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeEngine, openSession } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import type { ExecuteOptions } from './plan-rows.ts';
import { type SortInput, sortedRanges, sortedSql } from './sort-ranges.ts';
import { Scratch } from './storage/scratch.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

/** With 384 MiB a sorted part is some 40 MiB; these rows are taken for several times as much. */
const ROWS = 900_000;
const MEMORY_LIMIT_MB = 384;
/** With so much all of them are one part. */
const AMPLE_MB = 2_048;
/** Of several parts, of the midst of one, of its very first rows, and beyond the end. */
const PAGES = [
  { limit: ROWS / 2, offset: ROWS / 4 },
  { limit: 10, offset: ROWS / 2 },
  { limit: 10, offset: 0 },
  { limit: 10, offset: ROWS - 5 },
];
const TIMEOUT_MS = 180_000;

let plan: ReadPlan;
beforeAll(async () => {
  using session = await openSession();
  const folder = dirname(await scratch.path(''));
  const files: DataFile[] = [];
  for (const [index, from] of [0, ROWS / 2].entries()) {
    const path = `${folder}/${index}.parquet`;
    const value =
      `CASE WHEN i % 10 = 0 THEN NULL WHEN i % 10 = 1 THEN CAST('NaN' AS DOUBLE) WHEN i % 10 = 2 THEN -0.0 ` +
      `WHEN i % 10 = 3 THEN 0.0 ELSE hash(i) % 1000 - 500.0 END`;
    const rows = `SELECT i AS n, ${value} AS v, 'same' AS s, md5(CAST(i AS VARCHAR)) AS t FROM range(${from}, ${from + ROWS / 2}) r(i)`;
    await session.rows(`COPY (${rows}) TO '${path}' (FORMAT parquet)`);
    files.push(dataFile.parse({ path, content_type: 'parquet', content_length: 30_000_000, record_count: ROWS / 2 }));
  }
  plan = {
    namespace: 'test',
    table: 'sorted',
    content_type: 'parquet',
    requires_mor: true,
    total_files: 2,
    returned_files: 2,
    total_records: ROWS,
    total_bytes: 0,
    truncated: false,
    scan_tasks: files.map((file, index) => ({ stream_position: BigInt(index), delta_type: 'append', files: [file] })),
    merge_keys: [],
    schema: [
      { name: 'n', type: 'int64' },
      { name: 'v', type: 'double' },
      { name: 's', type: 'string' },
      { name: 't', type: 'string' },
    ],
  };
}, TIMEOUT_MS);

async function numbersOf(sorted: ReadPlan, options: ExecuteOptions = {}): Promise<bigint[]> {
  const numbers: bigint[] = [];
  for await (const batch of executePlan(sorted, { memory_limit_mb: MEMORY_LIMIT_MB, ...options }).batches()) {
    for (const n of batch.getChild('n') ?? []) numbers.push(n);
  }
  return numbers;
}

test.each([
  ['ascending', 'at_end'],
  ['descending', 'at_start'],
] as const)(
  'rows that are sorted in parts come in the order of one sort, ties, nulls and NaN too: %s, nulls %s',
  async (sort_order, null_order) => {
    const sorted: ReadPlan = { ...plan, sort_scheme: { keys: [{ key: ['v'], sort_order, null_order }] } };
    const whole = await numbersOf(sorted, { memory_limit_mb: AMPLE_MB });
    expect(await numbersOf(sorted)).toEqual(whole);
    for (const page of PAGES) {
      expect(await numbersOf(sorted, page)).toEqual(whole.slice(page.offset, page.offset + page.limit));
    }
  },
  TIMEOUT_MS,
);

test(
  'a column of one value keeps the order of the files',
  async () => {
    const numbers = await numbersOf({ ...plan, sort_scheme: { keys: [{ key: ['s'] }] } });
    expect(numbers.length).toBe(ROWS);
    expect(numbers.every((n, index) => n === BigInt(index))).toBe(true);
  },
  TIMEOUT_MS,
);

const COUNT = 1_000_000;
/** Taken for 160 bytes a row. */
const SIZE = {
  rows: COUNT,
  first: Number.POSITIVE_INFINITY,
  file_bytes: 0,
  fields: Array.from({ length: 10 }, () => new Field('i', new Int64())),
};

function orderedBy(value: string): SortInput {
  const order = 'ASC NULLS LAST';
  const from_sql = `(SELECT i, 7 AS one FROM range(${COUNT}) r(i))`;
  return {
    select_sql: 'i',
    from_sql,
    terms: [
      { value, order },
      { value: 'i', order },
    ],
  };
}

test.each(['hash(i)', 'one'])('rows ordered by %s are sorted in parts of about one size', async (value) => {
  using session = await openSession({ memory_limit_mb: MEMORY_LIMIT_MB });
  const ranges = await sortedRanges(session, orderedBy(value), SIZE);
  const counts: number[] = [];
  for (const range of ranges) {
    counts.push(Number((await session.rows(`SELECT count(*) FROM (${sortedSql(range)})`))[0]?.[0]));
  }
  expect(counts.length).toBeGreaterThan(2);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(COUNT);
  expect(Math.max(...counts) * 160).toBeLessThan(session.sort_bytes_max * 1.2);
});

test('rows that fit into memory, or of which so few are wanted, are sorted by one query', async () => {
  using session = await openSession({ memory_limit_mb: MEMORY_LIMIT_MB });
  expect(await sortedRanges(session, orderedBy('i'), { ...SIZE, rows: 100_000 })).toHaveLength(1);
  expect(await sortedRanges(session, orderedBy('i'), { ...SIZE, first: 100_000 })).toHaveLength(1);
});
