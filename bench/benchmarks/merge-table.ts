import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type DataFile, dataFile, type ReadPlan, type ScanTask, type SchemaField } from '@deltacat/contract';
import { openSession, type Session } from '../../packages/io-core/src/duckdb/session.ts';

/** How large a table of upserts is. */
export interface MergeSize {
  rows: number;
  base_files: number;
  upserts: number;
  rows_per_upsert: number;
}

/** The columns of the table; its rows are found again by `id`. */
export const MERGE_SCHEMA: SchemaField[] = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'name', type: 'string' },
  { name: 'category', type: 'string' },
  { name: 'score', type: 'double' },
  { name: 'seen', type: 'timestamp[us]' },
  { name: 'note', type: 'string' },
];

/** After how many upserts rows are deleted, and how many of an upsert's number. */
const UPSERTS_PER_DELETE = 5;
const DELETED_PART = 0.1;

/**
 * Writes the files of one partition and answers its plan: a base of numbered rows, upserts of rows that are spread over it (one in
 * ten of them is new), and after every fifth a delete by key.
 */
export async function writeMergeTable(folder: string, size: MergeSize): Promise<ReadPlan> {
  using session = await openSession();
  const tasks: ScanTask[] = [];
  const per_file = size.rows / size.base_files;
  const base: DataFile[] = [];
  for (let file = 0; file < size.base_files; file += 1) {
    const ids = `SELECT i FROM range(${file * per_file}, ${(file + 1) * per_file}) t(i)`;
    base.push(await writeFile(session, join(folder, `base-${file}.parquet`), rowsSql(ids, 'base')));
  }
  tasks.push(taskOf('append', tasks, base));
  for (let upsert = 0; upsert < size.upserts; upsert += 1) {
    const spread = `hash(i * 31 + ${upsert}) % ${Math.floor(size.rows * 1.1)}`;
    const ids = `SELECT CAST(${spread} AS BIGINT) AS i FROM range(${size.rows_per_upsert}) t(i)`;
    const path = join(folder, `upsert-${upsert}.parquet`);
    tasks.push(taskOf('upsert', tasks, [await writeFile(session, path, rowsSql(ids, `upsert ${upsert}`))]));
    if (upsert % UPSERTS_PER_DELETE !== UPSERTS_PER_DELETE - 1) continue;
    const count = Math.floor(size.rows_per_upsert * DELETED_PART);
    const gone = `SELECT CAST(hash(i * 17 + ${upsert}) % ${size.rows} AS BIGINT) AS id FROM range(${count}) t(i)`;
    tasks.push(taskOf('delete', tasks, [await writeFile(session, join(folder, `delete-${upsert}.parquet`), gone)]));
  }
  return planOf(tasks);
}

function rowsSql(ids: string, word: string): string {
  return (
    `SELECT i AS id, 'user-' || hash(i) AS name, 'category ' || (i % 50) AS category, (i % 1000) / 7.0 AS score, ` +
    `make_timestamp(1700000000000000 + i * 1000000) AS seen, '${word} ' || hash(i + 1) || hash(i + 2) AS note FROM (${ids})`
  );
}

async function writeFile(session: Session, path: string, sql: string): Promise<DataFile> {
  const [row] = await session.rows(`COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
  return dataFile.parse({
    path,
    content_type: 'parquet',
    content_length: statSync(path).size,
    record_count: Number(row?.[0]),
  });
}

function taskOf(delta_type: 'append' | 'upsert' | 'delete', before: ScanTask[], files: DataFile[]): ScanTask {
  const entry_params = delta_type === 'delete' ? { equality_field_locators: ['id'] } : null;
  return { delta_type, stream_position: BigInt(before.length + 1), partition_id: 'only', entry_params, files };
}

function planOf(scan_tasks: ScanTask[]): ReadPlan {
  const files = scan_tasks.flatMap((task) => task.files);
  return {
    namespace: 'bench',
    table: 'merge',
    content_type: 'parquet',
    requires_mor: true,
    total_files: files.length,
    total_records: files.reduce((sum, { record_count }) => sum + record_count, 0),
    total_bytes: files.reduce((sum, { content_length }) => sum + content_length, 0),
    returned_files: files.length,
    truncated: false,
    scan_tasks,
    merge_keys: ['id'],
    schema: MERGE_SCHEMA,
  };
}
