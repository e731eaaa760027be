import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReadPlan, SchemaField } from '@deltacat/contract';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { openRelation } from './duck-relation.ts';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { openStorage } from './storage/open.ts';
import { Scratch } from './storage/scratch.ts';
import { COLUMNS } from './testing/column-values.ts';
import { type DeltaRows, planDeltas, type Rows } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'v', type: 'string' },
];
const append = (pos: number, ...files: Rows[]): DeltaRows => ({ type: 'append', pos, files });

async function planOf(deltas: DeltaRows[], merge_keys: string[] = [], fields = FIELDS): Promise<ReadPlan> {
  const plan = await planDeltas({ folder: dirname(await scratch.path('')), fields, merge_keys, deltas });
  return { ...plan, requires_mor: merge_keys.length > 0 };
}

const ROWS: Rows = [
  [1n, 'a'],
  [2n, 'b'],
  [3n, 'a'],
];
/** Two partitions, each with changes and a delete. */
const CHANGES: DeltaRows[] = [
  { type: 'append', pos: 1, files: [ROWS], partition_id: 'x' },
  { type: 'append', pos: 1, files: [ROWS], partition_id: 'y' },
  { type: 'upsert', pos: 2, files: [[[2n, 'new']]], partition_id: 'x' },
  { type: 'delete', pos: 3, files: [[[1n]]], columns: ['id'], delete_keys: ['id'], partition_id: 'y' },
];

async function answerOf(plan: ReadPlan, sql: string) {
  await using relation = await openRelation(plan);
  return await (await relation.query(sql)).objects();
}

describe('a relation', () => {
  test('is what SQL selects from', async () => {
    const plan = await planOf([append(1, ROWS), append(2, [[4n, null]])]);
    expect(await answerOf(plan, 'SELECT v, count(*) AS n FROM rows GROUP BY v ORDER BY v NULLS LAST;')).toEqual([
      { v: 'a', n: 2n },
      { v: 'b', n: 1n },
      { v: null, n: 1n },
    ]);
  });

  test('has the rows that merging leaves, in their order', async () => {
    const plan = await planOf(CHANGES, ['id']);
    await using relation = await openRelation(plan);
    const merged = await executePlan(plan).objects();
    expect(merged).toHaveLength(5);
    expect(await relation.rows().objects()).toEqual(merged);
    expect(await (await relation.query('FROM rows')).objects()).toEqual(merged);
    expect(await (await relation.query("SELECT id FROM rows WHERE v = 'new'")).objects()).toEqual([{ id: 2n }]);
  });

  test('has the rows, columns and page that were asked for', async () => {
    const plan = await planOf([append(1, ROWS)]);
    await using relation = await openRelation(plan, {
      columns: ['id'],
      filter: { eq: ['v', 'a'] },
      offset: 1,
      name: 'odd',
    });
    expect(relation.name).toBe('odd');
    expect(await (await relation.query('SELECT * FROM odd')).objects()).toEqual([{ id: 3n }]);
  });

  test('of no files, or of none that is left, has the columns and no rows', async () => {
    const gone: DeltaRows[] = [
      append(1, [[1n, 'a']]),
      { type: 'delete', pos: 2, files: [[[1n]]], columns: ['id'], delete_keys: ['id'] },
    ];
    for (const plan of [await planOf([]), await planOf(gone, ['id'])]) {
      await using relation = await openRelation(plan);
      expect(await (await relation.query('SELECT count(*) AS n, max(id) AS id FROM rows')).objects()).toEqual([
        { n: 0n, id: null },
      ]);
      expect((await relation.rows().table()).schema.names).toEqual(['id', 'v']);
    }
  });

  test('of a table without a schema lists its files', async () => {
    const { schema: _, ...plan } = await planOf([append(1, ROWS)]);
    const [file] = plan.scan_tasks[0]?.files ?? [];
    expect(await answerOf(plan, 'SELECT path, meta_record_count + 0 AS n FROM rows')).toEqual([
      { path: file?.path, n: 3n },
    ]);
  });

  test('is read by its queries, not before', async () => {
    const plan = await planOf([append(1, ROWS)]);
    await using relation = await openRelation(plan);
    const query = await relation.query('SELECT sum(id) FROM rows');
    const path = plan.scan_tasks[0]?.files[0]?.path ?? '';
    await rm(path);
    await expect(query.objects()).rejects.toMatchObject({ code: 'data_missing', details: { path } });
  });

  test('can be read batch by batch, with the types of the table', async () => {
    const plan = await planOf([append(1, ROWS)], [], [FIELDS[0] as SchemaField, { name: 'v', type: 'large_string' }]);
    await using relation = await openRelation(plan);
    const batches = await Array.fromAsync(relation);
    expect(batches.map(({ numRows }) => numRows)).toEqual([3]);
    expect(batches[0]?.schema.fields.map(String)).toEqual((await executePlan(plan).table()).schema.fields.map(String));
  });
});

describe('values', () => {
  test.each(Object.entries(COLUMNS))('of type %s come through a query', async (type, values) => {
    const plan = await planOf(
      [
        append(
          1,
          [...values, null].map((value) => [value]),
        ),
      ],
      [],
      [{ name: 'c', type }],
    );
    expect(await answerOf(plan, 'SELECT c FROM rows')).toEqual(await executePlan(plan).objects());
  });

  test.each([
    ['sum(id)', '6'],
    ['avg(id)', 2],
    ['18446744073709551616::UHUGEINT', '18446744073709551616'],
    ["INTERVAL '1' MONTH", '1 month'],
    ["'6b1f0d4c-1f1e-4e6a-9c1f-0d4c1f1e4e6a'::UUID", '6b1f0d4c-1f1e-4e6a-9c1f-0d4c1f1e4e6a'],
    ['NULL', null],
    ["'x'::ENUM('x', 'y')", 'x'],
    ['[1, 2]::INTEGER[2]', [1, 2]],
    ['{a: 1::HUGEINT, b: [true]}', { a: '1', b: [true] }],
    ["MAP {'k': DATE '2026-01-02'}", [{ key: 'k', value: '2026-01-02' }]],
    ["TIMESTAMPTZ '2026-01-02 03:04:05+01'", '2026-01-02T02:04:05+00:00'],
    ["'\\xFF'::BLOB", Uint8Array.of(255)],
  ])('that SQL makes have a type: %s', async (sql, value) => {
    const plan = await planOf([append(1, ROWS)]);
    const [row] = await answerOf(plan, `SELECT ${sql} AS x FROM rows${/^(sum|avg)/.test(sql) ? '' : ' LIMIT 1'}`);
    expect(row).toEqual({ x: value });
  });

  test('of two columns with one name are both in the table', async () => {
    await using relation = await openRelation(await planOf([append(1, ROWS)]));
    const table = await (await relation.query('SELECT id, id + 1 AS id FROM rows')).table();
    expect(table.schema.names).toEqual(['id', 'id']);
    expect([...(table.getChildAt(1) ?? [])]).toEqual([2n, 3n, 4n]);
  });
});

describe('a connection of your own', () => {
  async function ownConnection() {
    const instance = await DuckDBInstance.create(':memory:');
    return await instance.connect();
  }

  test('has relations beside its tables, until they are disposed of', async () => {
    const connection = await ownConnection();
    await connection.run("CREATE TABLE names AS SELECT 2 AS id, 'two' AS name");
    {
      await using one = await openRelation(await planOf(CHANGES, ['id']), { connection, name: 'one' });
      await using other = await openRelation(await planOf([...CHANGES, append(9, [[2n, 'newer']])], ['id']), {
        connection,
        name: 'other',
      });
      const joined = await connection.runAndReadAll(
        'SELECT name, one.v, other.v FROM one JOIN other USING (id) JOIN names USING (id) ORDER BY ALL',
      );
      expect(joined.getRows()).toHaveLength(6);
      expect(await one.rows().objects()).toHaveLength(5);
      expect(await other.rows().objects()).toHaveLength(6);
    }
    await expect(connection.run('FROM one')).rejects.toThrow('does not exist');
    const left = await connection.runAndReadAll('SELECT count(*) FROM names');
    expect(left.getRows()).toEqual([[1n]]);
    const [[variables]] = (await connection.runAndReadAll('SELECT count(*) FROM duckdb_variables()')).getRows() as [
      [bigint],
    ];
    expect(variables).toBe(0n);
    connection.closeSync();
  });

  test('keeps what it has under the name', async () => {
    const connection = await ownConnection();
    await connection.run('CREATE TEMP VIEW rows AS SELECT 1 AS mine');
    const plan = await planOf([append(1, ROWS)]);
    await expect(openRelation(plan, { connection })).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await connection.runAndReadAll('FROM rows')).getRows()).toEqual([[1]]);
    connection.closeSync();
  });
});

describe('what is refused', () => {
  test.each([
    ['a typing error', 'SELEC id FROM rows', 'syntax error'],
    ['a column that is not there', 'SELECT colour FROM rows', 'colour'],
    ['a table that is not there', 'FROM other', 'other'],
    ['two statements', 'SELECT 1; SELECT 2', 'multiple'],
    ['no query', 'CREATE TABLE x (a INTEGER)', 'one SELECT'],
    ['nothing', '', ''],
  ])('%s', async (_title, sql, said) => {
    await using relation = await openRelation(await planOf([append(1, ROWS)]));
    await expect(relation.query(sql)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(said),
    });
    expect(await relation.rows().objects()).toHaveLength(3);
  });

  test.each([
    ['a value that cannot be cast', 'SELECT CAST(v AS INTEGER) FROM rows', 'INT32'],
    ['a number that becomes too large', 'SELECT id + 9223372036854775807 FROM rows', 'Overflow'],
    ['an error of its own', `SELECT error('not this one') FROM rows`, 'not this one'],
  ])('SQL that meets %s, whose files are not to blame', async (_title, sql, said) => {
    await using relation = await openRelation(await planOf([append(1, ROWS)]));
    const query = await relation.query(sql);
    await expect(query.objects()).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(said),
    });
    expect(await relation.rows().objects()).toHaveLength(3);
  });

  test('a file that does not fit, by its name, also in a query', async () => {
    const plan = await planOf([append(1, ROWS)]);
    plan.schema = [{ name: 'v', type: 'int64' }];
    await using relation = await openRelation(plan);
    const query = await relation.query('SELECT v + 1 FROM rows');
    await expect(query.objects()).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining(plan.scan_tasks[0]?.files[0]?.path ?? 'no file'),
    });
  });

  test('a second query while one is read, which then goes on', async () => {
    await using relation = await openRelation(await planOf([append(1, ROWS)]));
    const query = await relation.query('SELECT range FROM range(300000)');
    let rows = 0;
    for await (const batch of query.batches()) {
      rows += batch.numRows;
      await expect(relation.query('SELECT 1')).rejects.toThrow('is being read');
      await expect(relation.rows().objects()).rejects.toThrow('is being read');
    }
    expect(rows).toBe(300_000);
    expect(await relation.rows().objects()).toHaveLength(3);
  });

  test('what is left of a query when the relation is disposed of', async () => {
    const relation = await openRelation(await planOf([append(1, ROWS)]));
    const batches = (await relation.query('SELECT range FROM range(1000000)')).batches()[Symbol.asyncIterator]();
    expect((await batches.next()).done).toBe(false);
    await relation[Symbol.asyncDispose]();
    await expect(batches.next()).rejects.toThrow('disposed of');
    await expect(relation.query('SELECT 1')).rejects.toThrow('disposed of');
    await relation[Symbol.asyncDispose]();
  });

  test('the rest of a query whose signal was aborted', async () => {
    const signal = new AbortController();
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const options = { signal: signal.signal, connection };
    await using relation = await openRelation(await planOf([append(1, ROWS)]), options);
    const query = await relation.query('SELECT count(*) FROM range(100000000000)');
    const answer = query.objects();
    setTimeout(() => signal.abort(new Error('enough')), 20);
    await expect(answer).rejects.toThrow('enough');
    await relation[Symbol.asyncDispose]();
    await expect(connection.run('FROM rows')).rejects.toThrow('does not exist');
  });
});

test('files that were copied for a relation are gone with it', async () => {
  const temporary = await mkdtemp(join(dirname(await scratch.path('')), 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
  const plan = await planOf([append(1, ROWS)]);
  const [file] = plan.scan_tasks[0]?.files ?? [];
  if (file === undefined) expect.unreachable();
  const path = `memory://relation/${crypto.randomUUID()}.parquet`;
  await openStorage(path).write(path, await openStorage(file.path).read(file.path));
  const relation = await openRelation({ ...plan, scan_tasks: [{ files: [{ ...file, path }] }] });
  expect(await readdir(temporary)).toHaveLength(1);
  expect(await (await relation.query('SELECT count(*) AS n FROM rows')).objects()).toEqual([{ n: 3n }]);
  await relation[Symbol.asyncDispose]();
  expect(await readdir(temporary)).toEqual([]);
  const broken = openRelation({ ...plan, scan_tasks: [{ files: [{ ...file, path }] }] }, { name: '' });
  await expect(broken).rejects.toMatchObject({ code: 'invalid_request' });
  expect(await readdir(temporary)).toEqual([]);
});
