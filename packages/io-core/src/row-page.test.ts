import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DataFile, dataFile, type Predicate, type ReadPlan } from '@deltacat/contract';
import { afterAll, describe, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { pageFiles } from './row-page.ts';
import { Scratch } from './storage/scratch.ts';
import { type DeltaRows, planDeltas } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const FIELDS = [{ name: 'id', type: 'int64' }];
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => [BigInt(from + at)]);

async function planOf(deltas: DeltaRows[], merge_keys: string[] = []): Promise<ReadPlan> {
  const plan = await planDeltas({ folder: dirname(await scratch.path('')), fields: FIELDS, merge_keys, deltas });
  return { ...plan, requires_mor: merge_keys.length > 0 };
}

async function idsOf(plan: ReadPlan, options: Parameters<typeof executePlan>[1] = {}) {
  return (await executePlan(plan, options).objects()).map(({ id }) => Number(id));
}

describe('pages of rows', () => {
  const FILES = [rows(0, 7), rows(7, 8), rows(8, 20)];
  const append: DeltaRows = { type: 'append', pos: 1, files: FILES };
  const changes: DeltaRows = { type: 'upsert', pos: 2, files: [rows(3, 9), rows(30, 33)] };

  const partitions = [
    { ...append, partition_id: 'a' },
    { ...changes, partition_id: 'b' },
    { ...append, pos: 3, partition_id: 'a' },
  ];
  const cases: [string, DeltaRows[], { merge_keys?: string[]; filter?: Predicate }][] = [
    ['rows that are appended', [append], {}],
    ['rows that are filtered', [append], { filter: { neq: ['id', 9] } }],
    ['rows that are merged', [append, changes], { merge_keys: ['id'] }],
    ['rows of partitions that are merged', partitions, { merge_keys: ['id'] }],
  ];

  test.each(cases)('of %s are together all of them, in their order', async (_title, deltas, how) => {
    const plan = await planOf(deltas, how.merge_keys);
    const options = { filter: how.filter ?? null };
    const whole = await idsOf(plan, options);
    for (const limit of [1, 4, 100]) {
      const pages: number[][] = [];
      for (let offset = 0; offset < whole.length; offset += limit) {
        pages.push(await idsOf(plan, { ...options, offset, limit }));
      }
      expect(pages.flat()).toEqual(whole);
      expect(await idsOf(plan, { ...options, offset: whole.length, limit })).toEqual([]);
    }
    expect(await idsOf(plan, { ...options, offset: 2 })).toEqual(whole.slice(2));
  });

  test('go on over the files of many queries', async () => {
    const plan = await planOf([{ type: 'append', pos: 1, files: [rows(0, 3)] }]);
    const [file] = plan.scan_tasks[0]?.files ?? [];
    if (file === undefined) expect.unreachable();
    const many = { ...plan, scan_tasks: [{ files: Array.from({ length: 1100 }, () => file) }] };
    const found = await idsOf(many, { filter: { neq: ['id', 1] }, offset: 1500, limit: 3 });
    expect(found).toEqual([0, 2, 0]);
  });
});

describe('files that hold none of the rows of a page', () => {
  async function planWithoutEnds() {
    const plan = await planOf([{ type: 'append', pos: 1, files: [rows(0, 3), rows(3, 6), rows(6, 9), rows(9, 12)] }]);
    const files = plan.scan_tasks[0]?.files ?? [];
    for (const file of [files[0], files[3]]) await rm(file?.path ?? '');
    return plan;
  }

  test('are not opened', async () => {
    const plan = await planWithoutEnds();
    expect(await idsOf(plan, { offset: 4, limit: 5 })).toEqual([4, 5, 6, 7, 8]);
    await expect(idsOf(plan, { offset: 2, limit: 1 })).rejects.toMatchObject({ code: 'data_missing' });
    await expect(idsOf(plan, { offset: 8, limit: 2 })).rejects.toMatchObject({ code: 'data_missing' });
  });

  test('are opened where a filter may leave rows out', async () => {
    const plan = await planWithoutEnds();
    const read = idsOf(plan, { offset: 4, limit: 5, filter: { gte: ['id', 0] } });
    await expect(read).rejects.toMatchObject({ code: 'data_missing' });
  });

  test('are only known where counts were told and checked', () => {
    const file = (record_count: number, content_type = 'parquet'): DataFile =>
      dataFile.parse({ path: `/${record_count}`, record_count, content_type });
    const counts = (files: DataFile[], page: { skip: number; left: number }) => {
      const { files: held, skip } = pageFiles(files, page);
      return { held: held.map(({ record_count }) => record_count), skip };
    };
    expect(counts([file(5), file(6), file(7)], { skip: 5, left: 6 })).toEqual({ held: [6], skip: 0 });
    expect(counts([file(5, 'csv'), file(6), file(7)], { skip: 5, left: 6 })).toEqual({ held: [5, 6, 7], skip: 5 });
    expect(counts([file(5), file(6, 'csv'), file(7)], { skip: 6, left: 2 })).toEqual({ held: [6, 7], skip: 1 });
    expect(counts([file(0), file(6), file(7)], { skip: 5, left: 2 })).toEqual({ held: [0, 6, 7], skip: 5 });
  });
});

test.each([-1, 1.5, Number.NaN])('a page that begins at row %d is refused', async (offset) => {
  const plan = await planOf([{ type: 'append', pos: 1, files: [rows(0, 1)] }]);
  expect(() => executePlan(plan, { offset })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  expect(() => executePlan(plan, { limit: offset })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
