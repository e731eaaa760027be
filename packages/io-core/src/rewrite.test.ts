import { dirname } from 'node:path';
import { DeltacatError, type ReadPlan, type SchemaField, type WriteEntry } from '@deltacat/contract';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { rewritePlan } from './rewrite.ts';
import { openStorage } from './storage/open.ts';
import { Scratch } from './storage/scratch.ts';
import { planDeltas } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64', field_id: 1, is_merge_key: true },
  { name: 'v', type: 'large_string', field_id: 2 },
  { name: 't', type: 'duration[ns]', field_id: 3 },
];

const rowsOf = (from: number, to: number, word: string) =>
  Array.from({ length: to - from }, (_, n) => [BigInt((from + n) * 7919) % 1000n, `${word} ${n}`, BigInt(n)]);

async function planOf(fields = FIELDS): Promise<ReadPlan> {
  const folder = dirname(await scratch.path(''));
  const plan = await planDeltas({
    folder,
    fields,
    merge_keys: ['id'],
    deltas: [
      { type: 'append', pos: 1, files: [rowsOf(0, 600, 'first'), rowsOf(600, 1000, 'first')] },
      { type: 'upsert', pos: 2, files: [rowsOf(200, 500, 'second')] },
      { type: 'delete', pos: 3, files: [[[5n], [6n]]], columns: ['id'], delete_keys: ['id'] },
    ],
  });
  return { ...plan, total_records: 1300 };
}

function planWritten(plan: ReadPlan, entries: WriteEntry[]): ReadPlan {
  const files = entries.map(({ path, record_count }) => ({
    path,
    content_type: 'parquet' as const,
    content_encoding: 'identity' as const,
    content_length: 0,
    record_count: record_count ?? 0,
  }));
  return { ...plan, requires_mor: false, scan_tasks: [{ files }], returned_files: files.length };
}

test('the new files hold the merged rows, in files whose key ranges do not overlap', async () => {
  const plan = await planOf();
  const target = {
    data_dir: dirname(await scratch.path('')),
    schema: FIELDS,
    merge_keys: ['id'],
    target_records_per_file: 300,
  };
  const { entries } = await rewritePlan(plan, target);
  expect(entries.map(({ record_count }) => record_count)).toEqual([300, 300, 300, 98]);
  const byId = (a: Record<string, unknown>, b: Record<string, unknown>) => Number(a.id) - Number(b.id);
  const merged = (await executePlan(plan).objects()).toSorted(byId);
  expect(await executePlan(planWritten(plan, entries)).objects()).toEqual(merged);
});

test('entries tell the bounds of their files, though the rows came in many batches', async () => {
  const fields: SchemaField[] = [
    { name: 'id', type: 'int64', is_merge_key: true },
    { name: 'v', type: 'string' },
  ];
  const folder = dirname(await scratch.path(''));
  const rows = Array.from({ length: 150_000 }, (_, n) => [
    BigInt((n * 7919) % 150_000),
    n % 10 === 0 ? null : `v${n % 7}`,
  ]);
  const deltas = [{ type: 'upsert' as const, pos: 1, files: [rows] }];
  const plan = await planDeltas({ folder, fields, merge_keys: ['id'], deltas });
  const { entries } = await rewritePlan(plan, { data_dir: folder, schema: fields, merge_keys: ['id'] });
  expect(entries).toMatchObject([
    {
      record_count: 150_000,
      column_stats: { id: { min: 0, max: 149_999, null_count: 0 }, v: { min: 'v0', max: 'v6', null_count: 15_000 } },
    },
  ]);
});

test('lists of a fixed size keep their values, nulls among them, wherever the first null is', async () => {
  const fields: SchemaField[] = [
    { name: 'id', type: 'int64', is_merge_key: true },
    { name: 'at', type: 'fixed_size_list<item: float>[2]' },
  ];
  const folder = dirname(await scratch.path(''));
  const rows = Array.from({ length: 140_000 }, (_, n) => [BigInt(n), n === 139_000 ? null : [n, n / 2]]);
  const deltas = [{ type: 'upsert' as const, pos: 1, files: [rows] }];
  const plan = await planDeltas({ folder, fields, merge_keys: ['id'], deltas });
  const { entries } = await rewritePlan(plan, { data_dir: folder, schema: fields });
  const filter = { gte: ['id', 138_999] as [string, number] };
  const written = executePlan(planWritten(plan, entries), { filter, limit: 3 });
  expect(await written.objects()).toEqual(await executePlan(plan, { filter, limit: 3 }).objects());
});

test('what would lose digits is refused before anything is written', async () => {
  const fields: SchemaField[] = [...FIELDS.slice(0, 2), { name: 't', type: 'timestamp[ns, tz=UTC]' }];
  const data_dir = `${dirname(await scratch.path(''))}/refused`;
  const rewriting = rewritePlan(await planOf(fields), { data_dir, schema: fields });
  await expect(rewriting).rejects.toMatchObject({ code: 'merge_unsupported_by_client' });
  expect(await Array.fromAsync(openStorage(data_dir).list(data_dir))).toEqual([]);
});

test('files of a format that is not read here are refused likewise', async () => {
  const plan = await planOf();
  for (const task of plan.scan_tasks) for (const file of task.files) file.content_type = 'orc';
  const rewriting = rewritePlan(plan, { data_dir: dirname(await scratch.path('')), schema: FIELDS });
  await expect(rewriting).rejects.toMatchObject({ code: 'merge_unsupported_by_client' });
});

test('rows of two partitions are never put together', async () => {
  const plan = await planOf();
  const [first] = plan.scan_tasks;
  if (first !== undefined) first.partition_id = 'other';
  await expect(rewritePlan(plan, { data_dir: '/nowhere' })).rejects.toBeInstanceOf(DeltacatError);
});
