import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContentType, DataFile, DeltaType, ReadPlan, ScanTask } from '@deltacat/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executePlan } from './execute.ts';
import { writeRows } from './write.ts';

const SCHEMA = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'string' },
];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deltacat-missing-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function parquetFile(): Promise<DataFile> {
  const [entry] = await writeRows([{ id: 1, v: 'a' }], { data_dir: folder, schema: SCHEMA });
  if (!entry) throw new Error('no file was written');
  return dataFile(entry.path, 'parquet', entry.content_length ?? 0);
}

function textFile(name: string, content_type: ContentType, text: string): DataFile {
  const path = join(folder, name);
  writeFileSync(path, text);
  return dataFile(path, content_type, text.length);
}

function dataFile(path: string, content_type: ContentType, content_length: number): DataFile {
  return { path, content_type, content_encoding: 'identity', record_count: 1, content_length };
}

function planOf(...tasks: [DeltaType, DataFile][]): ReadPlan {
  const scan_tasks = tasks.map(
    ([delta_type, file], index): ScanTask => ({
      delta_type,
      stream_position: BigInt(index + 1),
      files: [file],
      ...(delta_type === 'delete' ? { entry_params: { equality_field_locators: ['id'] } } : {}),
    }),
  );
  return {
    namespace: 'n',
    table: 't',
    content_type: 'parquet',
    requires_mor: tasks.some(([type]) => type !== 'append'),
    merge_keys: ['id'],
    schema: SCHEMA,
    scan_tasks,
    total_files: tasks.length,
    returned_files: tasks.length,
    total_records: tasks.length,
    total_bytes: 0,
    truncated: false,
    mor_plan: { sort_keys: [] },
    // The fields that a plan may lack say nothing about its rows.
  } as unknown as ReadPlan;
}

test.each([
  ['Parquet', () => parquetFile()],
  ['CSV', async () => textFile('gone.csv', 'csv', '1,a\n')],
  ['JSON', async () => textFile('gone.json', 'json', '{"id":1,"v":"a"}\n')],
])('a %s file that is gone is named', async (_format, make) => {
  const [kept, gone] = [await parquetFile(), await make()];
  const plan = planOf(['append', kept], ['append', gone]);
  expect(await executePlan(plan).objects()).toHaveLength(2);
  rmSync(gone.path);
  await expect(executePlan(plan).objects()).rejects.toMatchObject({
    code: 'data_missing',
    details: { path: gone.path },
  });
});

test('a file of deleted keys that is gone is named', async () => {
  const gone = await parquetFile();
  rmSync(gone.path);
  const plan = planOf(['upsert', await parquetFile()], ['delete', gone]);
  await expect(executePlan(plan).objects()).rejects.toMatchObject({
    code: 'data_missing',
    details: { path: gone.path },
  });
});

test('a file that is there but is no data file is not said to be gone', async () => {
  const broken = textFile('broken.parquet', 'parquet', 'this is no Parquet file');
  await expect(executePlan(planOf(['append', broken])).objects()).rejects.toMatchObject({ code: 'invalid_entry' });
});
