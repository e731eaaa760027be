import { dirname } from 'node:path';
import { DeltacatError, dataFile, type Predicate, type ReadPlan, type SchemaField } from '@deltacat/contract';
import { afterAll, describe, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { fromManifestTable } from './from-manifest.ts';
import { openStorage } from './storage/open.ts';
import { Scratch } from './storage/scratch.ts';
import { type DeltaRows, planDeltas, type Rows } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'v', type: 'string' },
];

async function planOf(deltas: DeltaRows[], fields = FIELDS, merge_keys: string[] = []): Promise<ReadPlan> {
  const plan = await planDeltas({ folder: dirname(await scratch.path('')), fields, merge_keys, deltas });
  return { ...plan, requires_mor: merge_keys.length > 0 };
}

const append = (pos: number, ...files: Rows[]): DeltaRows => ({ type: 'append', pos, files });
const upsert = (pos: number, ...files: Rows[]): DeltaRows => ({ type: 'upsert', pos, files });
const ROWS: Rows = [
  [1n, 'a'],
  [2n, 'b'],
  [3n, null],
];

const codeOf = (act: () => unknown) => {
  try {
    return act();
  } catch (error) {
    return error instanceof DeltacatError ? error.code : error;
  }
};

describe('what is read', () => {
  test('rows come in the order of tasks, files and rows, duplicates and all', async () => {
    const plan = await planOf([append(1, [[2n, 'x']], [[1n, 'y']]), append(2, [[2n, 'z']])]);
    expect(await executePlan(plan).objects()).toEqual([
      { id: 2n, v: 'x' },
      { id: 1n, v: 'y' },
      { id: 2n, v: 'z' },
    ]);
  });

  test('columns come in the order asked for, and the filter may use others', async () => {
    const plan = await planOf([append(1, ROWS)]);
    const rows = executePlan(plan, { columns: ['v'], filter: { gte: ['id', 2] } });
    expect(await rows.objects()).toEqual([{ v: 'b' }, { v: null }]);
    expect(await executePlan(plan, { columns: ['v', 'id'], limit: 1 }).objects()).toEqual([{ v: 'a', id: 1n }]);
  });

  test('an empty plan has the columns of the table and no rows', async () => {
    const table = await executePlan(await planOf([])).table();
    expect(table.numRows).toBe(0);
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['id', 'v']);
  });

  test('a limit counts rows, over files and after the filter', async () => {
    const plan = await planOf([append(1, ROWS, ROWS), append(2, ROWS)]);
    const rows = await executePlan(plan, { filter: { neq: ['id', 1] }, limit: 3 }).objects();
    expect(rows.map(({ id }) => id)).toEqual([2n, 3n, 2n]);
    expect(await executePlan(plan, { limit: 0 }).objects()).toEqual([]);
  });

  test('the path column tells the file of each row', async () => {
    const plan = await planOf([append(1, [[1n, 'a']], [[2n, 'b']])]);
    const rows = await executePlan(plan, { columns: ['id'], file_path_column: 'from' }).objects();
    const [first, second] = plan.scan_tasks[0]?.files ?? [];
    expect(rows).toEqual([
      { id: 1n, from: first?.path },
      { id: 2n, from: second?.path },
    ]);
  });

  test('more files than one query takes are read in their order', async () => {
    const plan = await planOf([append(1, ROWS)]);
    const [file] = plan.scan_tasks[0]?.files ?? [];
    if (file !== undefined) plan.scan_tasks = [{ files: Array.from({ length: 1100 }, () => file) }];
    const table = await executePlan(plan, { columns: ['id'] }).table();
    expect(table.numRows).toBe(3300);
    expect([...table.toArray()].every((row, index) => row.id === BigInt((index % 3) + 1))).toBe(true);
  });

  test('a reader may stop in the middle of a large result', async () => {
    const rows: Rows = Array.from({ length: 300_000 }, (_, n) => [BigInt(n), `text number ${n}`]);
    const plan = await planOf([append(1, rows)]);
    for await (const batch of executePlan(plan).batches()) {
      expect(batch.numRows).toBeLessThan(rows.length);
      break;
    }
    expect((await executePlan(plan, { memory_limit_mb: 64 }).table()).numRows).toBe(rows.length);
  });

  test('an aborted read fails with the reason', async () => {
    const plan = await planOf([append(1, ROWS)]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(executePlan(plan, { signal }).table()).rejects.toThrow('enough');
  });

  test('files of a sorted table whose ranges do not meet are read in the order of the sort', async () => {
    const plan = await planOf([append(1, [[5n, 'e']], [[1n, 'a']]), append(2, [[3n, 'c']])]);
    plan.sort_scheme = { id: 's', keys: [{ key: ['id'], sort_order: 'descending' }] };
    const files = plan.scan_tasks.flatMap((task) => task.files);
    for (const [index, file] of files.entries()) {
      file.sort_scheme_id = 's';
      file.column_stats = { id: { min: [5, 1, 3][index], max: [5, 1, 3][index] } };
    }
    expect((await executePlan(plan).objects()).map(({ id }) => id)).toEqual([5n, 3n, 1n]);
    if (files[1]?.column_stats?.id !== undefined) files[1].column_stats.id.max = 4;
    expect((await executePlan(plan).objects()).map(({ id }) => id)).toEqual([5n, 1n, 3n]);
  });
});

describe('files that differ from the schema', () => {
  test('a column that a file lacks has its past default, else null', async () => {
    const plan = await planOf([append(1, ROWS.slice(0, 1))]);
    plan.schema = [
      ...FIELDS,
      { name: 'n', type: 'int32', past_default: 7 },
      { name: 'd', type: 'date32[day]', past_default: '2024-02-29' },
      { name: 'l', type: 'list<item: int64>', past_default: [1, 2] },
      { name: 's', type: 'string' },
    ];
    expect(await executePlan(plan).objects()).toEqual([
      { id: 1n, v: 'a', n: 7, d: '2024-02-29', l: [1n, 2n], s: null },
    ]);
  });

  test('a merge key that older files lack is its past default to upserts, deletes and filters', async () => {
    const fields = [...FIELDS, { name: 'k', type: 'string', past_default: 'old' }];
    const older = (rows: unknown[][]) => ({ ...upsert(1, rows), columns: ['id', 'v'] });
    const gone: DeltaRows = {
      type: 'delete',
      pos: 3,
      files: [[[2n, 'old']]],
      columns: ['id', 'k'],
      delete_keys: ['id', 'k'],
    };
    const newer = upsert(2, [
      [1n, 'A', 'old'],
      [2n, 'B', 'new'],
    ]);
    const rows = [older(ROWS), newer, gone];
    const plan = await planOf(rows, fields, ['id', 'k']);
    const kept = [
      { id: 3n, v: null, k: 'old' },
      { id: 1n, v: 'A', k: 'old' },
      { id: 2n, v: 'B', k: 'new' },
    ];
    expect(await executePlan(plan).objects()).toEqual(kept);
    expect(await executePlan(plan, { filter: { eq: ['k', 'old'] } }).objects()).toEqual(kept.slice(0, 2));
  });

  test('files of several layouts keep their order, and merge', async () => {
    const narrow = { ...upsert(2, [[1n], [4n]]), columns: ['id'] };
    const plan = await planOf([upsert(1, ROWS), narrow, upsert(3, [[2n, 'B']])], FIELDS, ['id']);
    expect(await executePlan(plan).objects()).toEqual([
      { id: 3n, v: null },
      { id: 1n, v: null },
      { id: 4n, v: null },
      { id: 2n, v: 'B' },
    ]);
  });

  test('files of different formats merge', async () => {
    const plan = await planOf([append(1, ROWS)], FIELDS, ['id']);
    const paths = [await scratch.path('.csv'), await scratch.path('.csv')];
    const texts = ['2,"B"\n4,"D"\n5,"E"\n', 'id,v\n5,\n3,"C, c"\n'];
    for (const [index, path] of paths.entries()) await openStorage(path).write(path, Buffer.from(texts[index] ?? ''));
    const files = paths.map((path) => dataFile.parse({ path, content_type: 'csv' }));
    plan.scan_tasks.push({ delta_type: 'upsert', stream_position: 2n, files });
    const rows = await executePlan(plan).objects();
    expect(rows.map(({ id, v }) => [id, v])).toEqual([
      [1n, 'a'],
      [2n, 'B'],
      [4n, 'D'],
      [5n, null],
      [3n, 'C, c'],
    ]);
  });

  test.each<[string, string, unknown]>([
    ['int32', 'int64', 5],
    ['float', 'double', 1.5],
    ['int32', 'double', 5],
    ['double', 'int64', 4],
    ['string', 'int64', '12'],
    ['timestamp[ms]', 'timestamp[us, tz=UTC]', '2024-01-01T00:00:00'],
    ['timestamp[us]', 'timestamp[s]', '2024-01-01T00:00:00'],
    ['decimal128(5, 1)', 'decimal128(9, 3)', '1.5'],
    ['binary', 'string', Buffer.from('é')],
    ['struct<x: int32>', 'struct<x: int64, y: string>', { x: 1 }],
    ['list<item: double>', 'list<item: float>', [0.1, null]],
    ['struct<x: int64, y: list<item: string>>', 'struct<x: int8, y: list<item: int64>>', { x: 1n, y: ['12', null] }],
    ['list<item: struct<x: double>>', 'list<item: struct<x: int64>>', [null, { x: null }, { x: 2 }]],
  ])('a file of %s is read as %s', async (written, wanted, value) => {
    const plan = await planOf([append(1, [[value]])], [{ name: 'c', type: written }]);
    plan.schema = [{ name: 'c', type: wanted }];
    const [row] = await executePlan(plan).objects();
    expect(row?.c).not.toBeNull();
  });

  test.each<[string, string, unknown]>([
    ['double', 'int64', 1.5],
    ['int64', 'int32', 2n ** 40n],
    ['int64', 'double', 2n ** 53n + 1n],
    ['string', 'int64', '1.5'],
    ['string', 'date32[day]', 'soon'],
    ['timestamp[us]', 'timestamp[ms]', '2024-01-01T00:00:00.000001'],
    ['decimal128(5, 2)', 'decimal128(5, 1)', '1.25'],
    ['int64', 'uint8', -1n],
    ['struct<x: int64, y: string>', 'struct<x: int32, y: string>', { x: 2n ** 40n, y: 'a' }],
    ['list<item: double>', 'list<item: int64>', [1, null, 1.5]],
    ['map<string, int64>', 'map<string, int32>', { a: 2n ** 40n }],
    ['list<item: struct<x: string>>', 'list<item: struct<x: date32[day]>>', [{ x: null }, { x: 'soon' }]],
    ['struct<x: timestamp[us]>', 'struct<x: timestamp[ms]>', { x: '2024-01-01T00:00:00.000001' }],
    ['struct<x: binary>', 'struct<x: string>', { x: Buffer.from('é') }],
    ['map<string, list<item: double>>', 'map<string, list<item: int64>>', { a: [1.5] }],
  ])('a file of %s that cannot be %s without loss is refused by name', async (written, wanted, value) => {
    const plan = await planOf([append(1, [[value]])], [{ name: 'c', type: written }]);
    plan.schema = [{ name: 'c', type: wanted }];
    const refusal = expect.objectContaining({ code: 'schema_mismatch', message: expect.stringContaining('"c"') });
    await expect(executePlan(plan).table()).rejects.toEqual(refusal);
    const path = plan.scan_tasks[0]?.files[0]?.path ?? '';
    await expect(executePlan(plan).table()).rejects.toThrow(path);
  });
});

describe('plans that cannot be read', () => {
  test('a plan asked without its files is refused', async () => {
    const plan = { ...(await planOf([append(1, ROWS)])), scan_tasks: [], returned_files: 0 };
    expect(codeOf(() => executePlan(plan))).toBe('invalid_request');
  });

  test.each<[string, object, string]>([
    ['an unknown column', { columns: ['nope'] }, 'unknown_column'],
    ['an unknown column in the filter', { filter: { eq: ['nope', 1] } }, 'unknown_column'],
    ['a column asked for twice', { columns: ['id', 'id'] }, 'invalid_request'],
    ['no column at all', { columns: [] }, 'invalid_request'],
    ['a path column named like another', { file_path_column: 'v' }, 'invalid_request'],
  ])('%s is refused before anything is read', async (_, options, code) => {
    const plan = await planOf([append(1, ROWS)]);
    expect(codeOf(() => executePlan(plan, options))).toBe(code);
  });

  test('a delete without columns is refused', async () => {
    const plan = await planOf([append(1, ROWS), { type: 'delete', pos: 2, files: [[[1n]]], columns: ['id'] }], FIELDS, [
      'id',
    ]);
    expect(codeOf(() => executePlan(plan))).toBe('invalid_request');
  });

  test('a delete file without its column is refused by name', async () => {
    const gone: DeltaRows = { type: 'delete', pos: 2, files: [[[1n]]], columns: ['id'], delete_keys: ['v'] };
    const plan = await planOf([append(1, ROWS), gone], FIELDS, ['id']);
    await expect(executePlan(plan).table()).rejects.toThrow('lacks column "v"');
  });
});

describe('tables without a schema', () => {
  const files = async () => ({ ...(await planOf([append(7, ROWS, [[9n, 'z']])])), schema: null });

  test('read as the list of their files', async () => {
    const plan = await files();
    const filter: Predicate = { eq: ['meta_record_count', 1] };
    const rows = await executePlan(plan, { filter }).objects();
    expect(rows).toEqual([
      expect.objectContaining({ path: plan.scan_tasks[0]?.files[1]?.path, stream_position: 7n, meta_record_count: 1n }),
    ]);
  });

  test('the listed files are read back', async () => {
    const list = await executePlan(await files()).table();
    const rows = await (await fromManifestTable(list)).objects();
    expect(rows.map(({ id, v }) => [id, v])).toEqual([...ROWS, [9n, 'z']]);
  });
});
