import { gzipSync } from 'node:zlib';
import type { SchemaField } from '@deltacat/contract';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, describe, expect, test } from 'vitest';
import { openStorage } from '../storage/open.ts';
import { FILE_INDEX_COLUMN, FILE_ROW_COLUMN, prepareScan } from './format.ts';

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'name', type: 'string' },
  { name: 'at', type: 'timestamp[us]' },
];
const PLAIN = '1,"a, ""b""",2024-01-02 03:04:05.000001\n2,,\n3,"",\n';
const ROWS = [
  { id: '1', name: 'a, "b"', at: '2024-01-02 03:04:05.000001', file: 0 },
  { id: '2', name: null, at: null, file: 0 },
  { id: '3', name: '', at: null, file: 0 },
];

const folder = `memory://${crypto.randomUUID()}`;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = `${folder}/${name}`;
  await openStorage(path).write(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return path;
}

type Encoding = 'identity' | 'gzip' | 'bzip2';

function fileOf(
  path: string,
  content_type: 'csv' | 'tsv' | 'psv' | 'unescaped_tsv' = 'csv',
  content_encoding: Encoding = 'identity',
) {
  return { path, content_type, content_encoding, content_length: 0, record_count: 0 };
}

async function scan(files: ReturnType<typeof fileOf>[], fields = FIELDS) {
  const prepared = await prepareScan(files, { fields: fields });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  closers.push(
    prepared.dispose,
    () => instance.closeSync(),
    () => connection.closeSync(),
  );
  const sql =
    `SELECT * EXCLUDE (${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}), ${FILE_INDEX_COLUMN} AS file FROM ${prepared.sql} ` +
    `ORDER BY ${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}`;
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

describe('a delimited file is read as its rows', () => {
  test.each([
    ['without a header', PLAIN],
    ['with a header', `id,name,at\n${PLAIN}`],
    ['with a quoted header', `"id","name","at"\n${PLAIN}`],
    ['with a byte order mark', `\ufeffid,name,at\n${PLAIN}`],
    ['with Windows line ends', PLAIN.replaceAll('\n', '\r\n')],
    ['without a last line end', PLAIN.trimEnd()],
  ])('%s', async (_name, content) => {
    expect(await scan([fileOf(await put('plain', content))])).toEqual(ROWS);
  });

  test.each([1, 2, 3])('gzipped %i times, whatever its entry says', async (layers) => {
    let bytes: Uint8Array = new TextEncoder().encode(`id,name,at\n${PLAIN}`);
    for (let layer = 0; layer < layers; layer++) bytes = gzipSync(bytes);
    const path = await put(`packed-${layers}.csv`, bytes);
    expect(await scan([fileOf(path)])).toEqual(ROWS);
    expect(await scan([fileOf(path, 'csv', 'gzip')])).toEqual(ROWS);
  });

  test('said to be gzipped, and plain', async () => {
    expect(await scan([fileOf(await put('x.csv.gz', PLAIN), 'csv', 'gzip')])).toEqual(ROWS);
  });

  test('by tabs and by bars', async () => {
    const by = (delimiter: string) => PLAIN.replace(', ', '\0').replaceAll(',', delimiter).replace('\0', ', ');
    expect(await scan([fileOf(await put('x', by('\t')), 'tsv')])).toEqual(ROWS);
    expect(await scan([fileOf(await put('x', by('|')), 'psv')])).toEqual(ROWS);
  });

  test('by tabs and without quotes, where a quote is a character', async () => {
    const path = await put('x', '1\t"a\t2024-01-02\n2\t""\t\n');
    expect(await scan([fileOf(path, 'unescaped_tsv')])).toEqual([
      { id: '1', name: '"a', at: '2024-01-02 00:00:00', file: 0 },
      { id: '2', name: '""', at: null, file: 0 },
    ]);
  });

  test('a first line that is not the column names in order is a row', async () => {
    const fields: SchemaField[] = [
      { name: 'a', type: 'string' },
      { name: 'b', type: 'string' },
    ];
    const path = await put('x', 'b,a\na,b\n');
    expect(await scan([fileOf(path)], fields)).toEqual([
      { a: 'b', b: 'a', file: 0 },
      { a: 'a', b: 'b', file: 0 },
    ]);
  });

  test('an empty file has no rows, packed or not', async () => {
    expect(await scan([fileOf(await put('e', '')), fileOf(await put('e.gz', gzipSync('')))])).toEqual([]);
  });
});

test('files of one scan keep their places, whatever differs between them', async () => {
  const files = [
    fileOf(await put('0', PLAIN)),
    fileOf(await put('1', gzipSync(gzipSync(PLAIN)))),
    fileOf(await put('2', `id,name,at\n${PLAIN}`)),
    fileOf(await put('3', PLAIN.replaceAll(/,(?! )/g, '|')), 'psv'),
    fileOf(await put('4', PLAIN)),
  ];
  const rows = await scan(files);
  expect(rows).toEqual(files.flatMap((_, file) => ROWS.map((row) => ({ ...row, file }))));
});

test('values become the types of the schema', async () => {
  const fields: SchemaField[] = [
    { name: 'flag', type: 'bool' },
    { name: 'ratio', type: 'double' },
    { name: 'price', type: 'decimal128(10, 2)' },
    { name: 'day', type: 'date32[day]' },
    { name: 'data', type: 'binary' },
    { name: 'small', type: 'uint8' },
  ];
  const rows = await scan([fileOf(await put('t', 'true,nan,1.50,2024-02-29,abc,255\n,,,,,\n'))], fields);
  expect(rows[0]).toEqual({
    flag: true,
    ratio: 'NaN',
    price: '1.50',
    day: '2024-02-29',
    data: 'abc',
    small: 255,
    file: 0,
  });
  expect(Object.values(rows[1] ?? {})).toEqual([null, null, null, null, null, null, 0]);
});

test.each([
  ['a fraction in an integer column', '1.5,x,\n'],
  ['a text in an integer column', 'one,x,\n'],
  ['a value too few', '1,x\n'],
  ['a value too many', '1,x,,4\n'],
])('%s fails the read instead of changing a value', async (_name, content) => {
  await expect(scan([fileOf(await put('bad', content))])).rejects.toThrow();
});

test('what cannot be unpacked is refused by name, and a torn gzip file is invalid_entry', async () => {
  const path = await put('x.bz2', 'BZh');
  await expect(prepareScan([fileOf(path, 'csv', 'bzip2')], { fields: FIELDS })).rejects.toMatchObject({
    code: 'not_supported',
  });
  const torn = await put('torn', new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 255, 255]));
  await expect(prepareScan([fileOf(torn)], { fields: FIELDS })).rejects.toMatchObject({ code: 'invalid_entry' });
});

test('what unpacks to more than rows do is refused by name, before it fills the disk', async () => {
  const path = await put('bomb', gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024))));
  await expect(prepareScan([fileOf(path, 'csv', 'gzip')], { fields: FIELDS })).rejects.toMatchObject({
    code: 'invalid_entry',
    message: expect.stringContaining('unpacks to more than'),
    details: { path },
  });
});

test('a type that is not read yet is refused, naming the file and the way out', async () => {
  const file = { ...fileOf('/data/x.orc'), content_type: 'orc' as const };
  await expect(prepareScan([file], { fields: FIELDS })).rejects.toMatchObject({
    code: 'not_supported',
    message: expect.stringMatching(/\/data\/x\.orc.*orc.*official Python client/),
  });
});
