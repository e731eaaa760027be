import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Table } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coerceColumns } from '../coerce.ts';
import { inspectFile } from '../inspect.ts';
import { gatherRows, type TypedRows, tableOf } from '../rows.ts';
import { schemaFields } from '../schema/schema.ts';
import { ambientAccess } from '../storage/access.ts';
import { openStorage } from '../storage/open.ts';
import { FILE_INDEX_COLUMN, FILE_ROW_COLUMN, prepareScan } from './format.ts';
import { type FileRows, writeParquetFile } from './parquet-file.ts';
import { writeParquet } from './parquet-write.ts';

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

function fileOf(path: string) {
  return {
    path,
    content_type: 'parquet' as const,
    content_encoding: 'identity' as const,
    content_length: 0,
    record_count: 0,
  };
}

async function make(name: string, select: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await connection.run(`COPY (${select}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`);
  return path;
}

async function scan(paths: string[], columns = '*') {
  await using prepared = await prepareScan(paths.map(fileOf), { fields: [] });
  const sql = `SELECT ${columns}, ${FILE_INDEX_COLUMN} AS file FROM ${prepared.sql} ORDER BY ${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}`;
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  for (const row of rows) {
    delete row[FILE_INDEX_COLUMN];
    delete row[FILE_ROW_COLUMN];
  }
  const relations = prepared.relations.map((relation) => ({ columns: relation.columns, files: relation.indexes }));
  return { rows, columns: prepared.columns, relations };
}

describe('a scan', () => {
  test('gives the rows of files of one layout by one call, each with the place of its file', async () => {
    const paths = await Promise.all(
      [0, 1, 2].map((n) => make(`same-${n}.parquet`, `SELECT ${n} AS a, 'x' AS b FROM range(2)`)),
    );
    const prepared = await prepareScan([...paths, paths[0] ?? ''].map(fileOf), { fields: [] });
    expect(prepared.sql.match(/read_parquet/g)).toHaveLength(1);
    const { rows } = await scan([...paths, paths[0] ?? '']);
    expect(rows.map(({ a, file }) => [a, file])).toEqual(
      [0, 0, 1, 1, 2, 2, 0, 0].map((a, row) => [a, Math.floor(row / 2)]),
    );
  });

  test('puts files of other columns and types together, and tells which files have which columns', async () => {
    const paths = [
      await make('old.parquet', 'SELECT 1::INTEGER AS a'),
      await make('new.parquet', "SELECT 5000000000::BIGINT AS a, 'x' AS b"),
      await make('old-too.parquet', 'SELECT 2::INTEGER AS a'),
    ];
    expect(await scan(paths)).toEqual({
      rows: [
        { a: '1', b: null, file: 0 },
        { a: '5000000000', b: 'x', file: 1 },
        { a: '2', b: null, file: 2 },
      ],
      columns: ['a', 'b'],
      relations: [
        { columns: ['a'], files: [0, 2] },
        { columns: ['a', 'b'], files: [1] },
      ],
    });
  });

  test('reads the very paths it is given, and takes no columns from folders', async () => {
    await make('f1.parquet', 'SELECT 0 AS a');
    await make('x*y.parquet', 'SELECT 0 AS a');
    await make('xzy.parquet', 'SELECT 0 AS a');
    const paths = [
      await make('f[1].parquet', 'SELECT 1 AS a'),
      await make('x*y.parquet', 'SELECT 2 AS a'),
      await make("day=3/it's?.parquet", 'SELECT 3 AS a'),
    ];
    expect((await scan(paths)).rows).toEqual([1, 2, 3].map((a, file) => ({ a, file })));
    expect(
      (await scan(paths.map((path) => `file://${path.split('/').map(encodeURIComponent).join('/')}`))).rows,
    ).toHaveLength(3);
  });

  test("works with columns that are named like DuckDB's own", async () => {
    const select = (n: number) =>
      `SELECT i AS file_index, ${n} AS Filename, 'r' || i AS file_row_number FROM range(3) t(i)`;
    const paths = [await make('own-0.parquet', select(0)), await make('own-1.parquet', select(1))];
    const { rows } = await scan([...paths, paths[0] ?? '']);
    expect(rows.map(({ file_index, Filename, file }) => [file_index, Filename, file])).toEqual(
      [0, 1, 2].flatMap((file) => ['0', '1', '2'].map((index) => [index, file % 2, file])),
    );
  });

  test('copies files out of memory, and removes the copies', async () => {
    const bytes = await openStorage(folder).read(await make('copied.parquet', 'SELECT 9 AS a'));
    const path = `memory://${crypto.randomUUID()}/x.parquet`;
    await openStorage(path).write(path, bytes);
    expect((await scan([path])).rows).toEqual([{ a: 9, file: 0 }]);
    const prepared = await prepareScan([fileOf(path)], { fields: [] });
    const copy = /'(\/[^']+\.parquet)'/.exec(prepared.sql)?.[1] ?? expect.unreachable();
    expect(await openStorage(copy).read(copy)).toEqual(bytes);
    await prepared.dispose();
    expect(await openStorage(copy).size(copy)).toBeNull();
  });

  test('of no files has no rows', async () => {
    expect((await scan([])).rows).toEqual([]);
  });

  test('of a missing or damaged file is invalid_entry, naming it', async () => {
    const path = join(folder, 'none.parquet');
    await expect(scan([path])).rejects.toMatchObject({ code: 'invalid_entry', message: expect.stringContaining(path) });
  });
});

/** What pyarrow 23 reads of a column that was given as such: the same type but for those it has no Parquet type for. */
const TYPES: [string, unknown[], string?][] = [
  ['int8', [1, null, -128]],
  ['int32', [1, null, -5]],
  ['int64', [2n ** 62n, null, '-9007199254740993']],
  ['uint64', [2n ** 64n - 1n, null, 0]],
  ['halffloat', [1.5, null, -2]],
  ['float', [1.5, null, 'nan']],
  ['double', [0.1, null, Number.NEGATIVE_INFINITY]],
  ['bool', [true, null, false]],
  ['bool', [null, null, null]],
  ['string', ['a', null, 'é😀']],
  ['large_string', ['a', null, '']],
  ['binary', ['AP8=', null, new Uint8Array([1, 2])]],
  ['fixed_size_binary[2]', ['AP8=', null, new Uint8Array([1, 2])]],
  ['timestamp[us]', ['2024-01-02T03:04:05.678901', null, 0]],
  ['timestamp[us, tz=UTC]', ['2024-01-02T03:04:05+02:00', null, 0]],
  ['timestamp[ns, tz=Europe/Berlin]', [1n, null, 2]],
  ['timestamp[s]', [1, null, 2], 'timestamp[ms]'],
  ['date32[day]', ['2024-02-29', null, '1960-05-05']],
  ['date64[ms]', ['2024-02-29', null, '1960-05-05'], 'date32[day]'],
  ['time64[us]', ['01:02:03.000004', null, 5]],
  ['time32[s]', ['01:02:03', null, 5], 'time32[ms]'],
  ['duration[us]', [5, null, -7n]],
  ['decimal128(10, 2)', ['1.23', null, -4.5]],
  ['decimal128(38, 10)', ['-1234567890123456789012345678.0123456789', null, 1]],
  ['list<item: int64>', [[1, 2], null, []]],
  ['list<item: timestamp[s]>', [[1], null, []], 'list<item: timestamp[ms]>'],
  [
    'fixed_size_list<item: float>[2]',
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ],
  ['fixed_size_list<item: float>[2]', [[1, 2], null, [5, 6]], 'list<item: float>'],
  ['struct<x: double, y: string>', [{ x: 1, y: 'a' }, null, { y: 'b' }]],
  ['map<string, int64>', [{ a: 1 }, null, new Map()]],
  ['dictionary<values=string, indices=int32, ordered=0>', ['p', null, 'p']],
  ['null', [null, null, null]],
];

test.each(TYPES)('a file keeps columns of %s', async (type, values, stored = type) => {
  const path = `${folder}/${crypto.randomUUID()}.parquet`;
  const rows = coerceColumns({ c: values }, [{ name: 'c', type }], {});
  const { content_length: size } = await writeParquet(gatherRows(rows, Int32Array.from([0, 1, 2])), {
    path,
    compression: 'zstd',
    access: ambientAccess,
  });
  const found = await inspectFile({ path, content_type: 'parquet' });
  expect([found.record_count, found.size_bytes]).toEqual([3, size]);
  expect(schemaFields(found.schema ?? expect.unreachable())).toMatchObject([
    { name: 'c', type: stored, nullable: true },
  ]);
  const [{ nulls } = { nulls: -1 }] = (await scan([path], 'count(*) FILTER (c IS NULL) OVER () AS nulls')).rows;
  expect(Number(nulls)).toBe(values.filter((value) => value === null).length);
});

test.each([
  ['at once', (rows, path) => writeParquet(rows, { path, compression: 'zstd', access: ambientAccess })],
  ['batch by batch', (rows, path) => writeParquetFile(batchesOf(tableOf(rows)), path)],
] satisfies [string, (rows: TypedRows, path: string) => Promise<unknown>][])(
  'columns of values that repeat have a dictionary, and those of values that differ have none, written %s',
  async (title, write) => {
    const path = `${folder}/dictionaries ${title}.parquet`;
    const numbers = Array.from({ length: 20_000 }, (_, row) => row);
    const data = {
      different_number: numbers,
      different_text: numbers.map((row) => `text ${row}`),
      same_number: numbers.map((row) => row % 1_000),
      same_text: numbers.map((row) => `text ${row % 1_000}`),
    };
    const fields = Object.keys(data).map((name) => ({ name, type: name.endsWith('text') ? 'string' : 'int64' }));
    const rows = gatherRows(coerceColumns(data, fields, {}), Int32Array.from(numbers));
    await write(rows, path);
    const found = await connection.runAndReadAll(`SELECT path_in_schema, encodings FROM parquet_metadata('${path}')`);
    const encodings = found.getRows().map(([name, words]) => [name, /DICTIONARY/.test(String(words))]);
    expect(Object.fromEntries(encodings)).toEqual({
      different_number: false,
      different_text: false,
      same_number: true,
      same_text: true,
    });
    const all = await connection.runAndReadAll(
      `SELECT count(DISTINCT (different_number, different_text)), sum(same_number) FROM '${path}'`,
    );
    expect(all.getRows()).toEqual([[20_000n, 9_990_000n]]);
  },
);

function batchesOf({ schema, batches }: Table): FileRows {
  return {
    schema,
    async *batches() {
      yield* batches;
    },
  };
}
