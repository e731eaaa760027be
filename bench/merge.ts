import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadPlan, ScanTask } from '@deltacat/contract';
import { closeEngine, configureEngine, executePlan } from '@deltacat/io-core';
import type { RecordBatch, Schema } from 'apache-arrow';
import { recordBatches } from '../packages/io-core/src/duckdb/record-batches.ts';
import { openSession } from '../packages/io-core/src/duckdb/session.ts';
import { writeMergeTable } from './merge-table.ts';

const SIZE = { rows: 2_000_000, base_files: 4, upserts: 20, rows_per_upsert: 100_000 };
const RUNS = 7;
/** The hand-written arg_max fails with less: it holds whole rows and puts none aside on disk. */
const MEMORY_LIMIT_MB = 4_096;

/**
 * Merge-on-read of 2 million rows with 20 upserts and 4 deletes by one key, to Arrow batches, against the SQL that one would
 * write by hand in DuckDB for these very files. All go through the same engine, memory limit and conversion, in turns. The rows of
 * ours come in the order of the files, those by hand in any.
 */
export async function merge(): Promise<Record<string, number | string>> {
  const folder = await mkdtemp(join(tmpdir(), 'deltacat-bench-'));
  try {
    configureEngine({ memory_limit_mb: MEMORY_LIMIT_MB });
    const plan = await writeMergeTable(folder, SIZE);
    const { schema } = executePlan(plan);
    const ways = [
      () => executePlan(plan).batches(),
      () => handWritten(windowSql(plan), schema),
      () => handWritten(argMaxSql(plan), schema),
    ];
    const times: number[][] = ways.map(() => []);
    const rows = new Set<number>();
    for (let run = 0; run < RUNS; run += 1) {
      for (const [index, way] of ways.entries()) {
        const started = performance.now();
        rows.add(await countRows(way()));
        times[index]?.push(performance.now() - started);
      }
    }
    if (rows.size > 1) throw new Error(`the ways disagree: ${[...rows].join(', ')} rows`);
    const [ours = 0, ...byHand] = times.map(median);
    return {
      rows: [...rows].join(),
      'ours, ms': spread(times[0]),
      'by hand with a window, ms': spread(times[1]),
      'by hand with arg_max, ms': spread(times[2]),
      'ours over the faster by hand (goal 1.3)': Math.round((ours / Math.min(...byHand)) * 100) / 100,
    };
  } finally {
    await closeEngine();
    await rm(folder, { recursive: true });
  }
}

async function countRows(batches: AsyncIterable<RecordBatch>): Promise<number> {
  let rows = 0;
  for await (const batch of batches) rows += batch.numRows;
  return rows;
}

async function* handWritten(sql: string, schema: Schema): AsyncGenerator<RecordBatch> {
  using session = await openSession();
  yield* recordBatches(session.chunks(sql), { schema, bytes_max: session.batch_bytes_max });
}

const COLUMNS = 'id, name, category, score, seen, note';

function windowSql(plan: ReadPlan): string {
  const latest = `SELECT * FROM ${rowsOf(plan)} QUALIFY row_number() OVER (PARTITION BY id ORDER BY pos DESC, row DESC) = 1`;
  return `SELECT ${COLUMNS} FROM (${latest}) l ${notDeletedSql(plan)}`;
}

function argMaxSql(plan: ReadPlan): string {
  const latest = `SELECT unnest(arg_max(t, {pos: pos, row: row})) FROM (SELECT * FROM ${rowsOf(plan)}) t GROUP BY id`;
  return `SELECT ${COLUMNS} FROM (${latest}) l ${notDeletedSql(plan)}`;
}

function notDeletedSql(plan: ReadPlan): string {
  const gone = `SELECT id AS gone_id, max(pos) AS gone_pos FROM ${sourceOf(plan, ({ delta_type }) => delta_type === 'delete')} GROUP BY id`;
  return `LEFT JOIN (${gone}) ON id = gone_id WHERE gone_pos IS NULL OR gone_pos < pos`;
}

function rowsOf(plan: ReadPlan): string {
  return sourceOf(plan, ({ delta_type }) => delta_type !== 'delete');
}

/** The rows of deltas, with their position and a number that rises along them. */
function sourceOf({ scan_tasks }: ReadPlan, isWanted: (task: ScanTask) => boolean): string {
  const tasks = scan_tasks.filter(isWanted);
  const files = tasks.flatMap((task) => task.files.map(({ path }) => ({ path, position: task.stream_position ?? 0n })));
  const positions = files.map(({ position }) => position).join(', ');
  const paths = files.map(({ path }) => `'${path}'`).join(', ');
  return (
    `(SELECT *, [${positions}][file_index::BIGINT + 1] AS pos, file_index::BIGINT << 40 | file_row_number AS row ` +
    `FROM read_parquet([${paths}]))`
  );
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The median, with the least and the greatest. */
function spread(values: number[] = []): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map(Math.round);
  return `${middle} (${least} to ${most})`;
}
