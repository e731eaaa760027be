import { gunzipSync } from 'node:zlib';
import { type ContentType, contentEncoding, type SchemaField } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coerceColumns } from './coerce.ts';
import { executePlan } from './execute.ts';
import { FORMATS as FORMAT_TABLE } from './formats/format.ts';
import { dataFile, filesPlan } from './formats/testing/file-rows.ts';
import type { RowData } from './row-data.ts';
import { gatherRows } from './rows.ts';
import { ambientAccess } from './storage/access.ts';
import { openStorage } from './storage/open.ts';
import { folderSize } from './storage/real-path.ts';
import { writeRows } from './write.ts';

type Row = Record<string, unknown>;

/** A column, its values, and those that come back where they are spelt otherwise. */
interface Values {
  type: string;
  values: unknown[];
}

/** What every format holds. */
const FLAT: Record<string, Values> = {
  flag: { type: 'bool', values: [true, false, null] },
  i8: { type: 'int8', values: [-128, 127, null] },
  u64: { type: 'uint64', values: [18446744073709551615n, 0n, null] },
  i64: { type: 'int64', values: [9007199254740993n, -9223372036854775808n, null] },
  f32: { type: 'float', values: [0.10000000149011612, -0, null] },
  f64: { type: 'double', values: [0.1, 1e300, null] },
  price: { type: 'decimal128(20, 3)', values: ['12345678901234567.890', '-0.001', null] },
  text: { type: 'string', values: ['a "quoted", é😀', "it's", null] },
  day: { type: 'date32[day]', values: ['2024-02-29', '0001-01-01', null] },
  time: { type: 'time64[us]', values: ['23:59:59.999999', '00:00:00', null] },
  seconds: { type: 'timestamp[s]', values: ['2024-01-02T03:04:05', '1969-12-31T23:59:59', null] },
  micros: { type: 'timestamp[us]', values: ['2024-01-02T03:04:05.000006', '9999-12-31T23:59:59.999999', null] },
  nanos: { type: 'timestamp[ns]', values: ['2024-01-02T03:04:05.000000006', '1960-01-01T00:00:00', null] },
  instant: {
    type: 'timestamp[us, tz=Europe/Berlin]',
    values: ['2024-01-02T03:04:05.000006+00:00', '1960-01-01T00:00:00+00:00', null],
  },
  wait: { type: 'duration[ms]', values: [5n, -1n, null] },
};

const NESTED: Record<string, Values> = {
  list: { type: 'list<item: int64>', values: [[9007199254740993n, null], [], null] },
  pair: {
    type: 'struct<x: double, y: string, at: timestamp[us]>',
    values: [{ x: 1.5, y: '', at: '2024-01-02T03:04:05.000006' }, { x: null, y: null, at: null }, null],
  },
  deep: {
    type: 'list<item: struct<a: list<item: string>>>',
    values: [[{ a: ['x', null] }, null, { a: null }], [], null],
  },
};

const BYTES = {
  bytes: { type: 'binary', values: [Uint8Array.of(0, 255), new Uint8Array(), null] },
  fixed: { type: 'fixed_size_binary[2]', values: [Uint8Array.of(1, 2), Uint8Array.of(0, 0), null] },
  map: { type: 'map<string, int64>', values: [[{ key: 'k', value: 1n }], [], null] },
} satisfies Record<string, Values>;

const HELD: Partial<Record<ContentType, Record<string, Values>>> = {
  parquet: { ...FLAT, ...NESTED, ...BYTES },
  feather: { ...FLAT, ...NESTED, ...BYTES },
  avro: { ...FLAT, u64: { type: 'uint64', values: [9223372036854775807n, 0n, null] }, ...NESTED, ...BYTES },
  lance: { ...FLAT, ...NESTED, bytes: BYTES.bytes, fixed: BYTES.fixed },
  csv: FLAT,
  tsv: FLAT,
  psv: FLAT,
  unescaped_tsv: FLAT,
  json: { ...FLAT, ...NESTED },
};
const FORMATS = Object.keys(HELD) as ContentType[];
const TEXT = ['csv', 'tsv', 'psv', 'unescaped_tsv', 'json'] as const;

function rowsOf(columns: Record<string, Values>): Row[] {
  return [0, 1, 2].map((row) =>
    Object.fromEntries(Object.entries(columns).map(([name, { values }]) => [name, values[row]])),
  );
}

function fieldsOf(columns: Record<string, Values>): SchemaField[] {
  return Object.entries(columns).map(([name, { type }]) => ({ name, type }));
}

const folder = () => `memory://${crypto.randomUUID()}`;

async function write(format: ContentType, rows: RowData, schema: SchemaField[]) {
  return writeRows(rows, { data_dir: folder(), format, schema });
}

async function writeAndRead(format: ContentType, rows: RowData, schema: SchemaField[]) {
  const entries = await write(format, rows, schema);
  const files = entries.map(({ path, content_encoding }) =>
    dataFile(path, format, { content_encoding: contentEncoding.parse(content_encoding) }),
  );
  return executePlan(filesPlan(files, schema)).objects();
}

describe.each(FORMATS)('rows written as %s', (format) => {
  const columns = HELD[format] ?? {};

  test('are read back the same', async () => {
    expect(await writeAndRead(format, rowsOf(columns), fieldsOf(columns))).toEqual(rowsOf(columns));
  });

  test('have an entry that tells their file', async () => {
    const [entry] = await write(format, rowsOf(columns), fieldsOf(columns));
    const path = entry?.path ?? '';
    const storage = openStorage(path);
    const size = (await storage.size(path)) ?? (await folderSize(storage, path));
    const isText = (TEXT as readonly string[]).includes(format);
    expect(entry).toMatchObject({
      content_type: format,
      record_count: 3,
      content_length: size,
      source_content_length: isText ? gunzipSync(await storage.read(path)).byteLength : size,
      content_encoding: isText ? 'gzip' : 'identity',
      column_stats: { i64: { min: -9223372036854775808n, max: 9007199254740993n, null_count: 1 } },
    });
  });

  // A Lance dataset is a folder, whose name is new each time.
  test.skipIf(format === 'lance')('are never put over another file', async () => {
    const path = `memory://taken/${format}`;
    const before = Uint8Array.of(1, 2);
    await openStorage(path).write(path, before);
    const rows = gatherRows(coerceColumns({ n: [1n] }, [{ name: 'n', type: 'int64' }], {}), Int32Array.of(0));
    const again = FORMAT_TABLE[format].write?.(rows, { path, compression: null, access: ambientAccess });
    await expect(again).rejects.toMatchObject({ code: 'name_taken', details: { path } });
    expect(await openStorage(path).read(path)).toEqual(before);
  });

  test('are read back whatever their texts and numbers are', async () => {
    const seed = Number(process.env.SEED ?? Date.now());
    const plain = format === 'unescaped_tsv';
    const text = fc
      .string({ unit: 'binary' })
      .filter((value) => value.isWellFormed() && !(plain && (value === '' || /[\t\r\n\ufeff]/.test(value))));
    const row = fc.record({
      s: fc.option(fc.oneof(text, fc.constantFrom('s', 'NULL', 'nan', '"', '""', ' ', '\\N', '\u2028', '0'))),
      f: fc.option(fc.double({ noNaN: format === 'json', noDefaultInfinity: format === 'json' })),
      single: fc.option(fc.float({ noNaN: true, noDefaultInfinity: true })),
      n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    });
    const fields: SchemaField[] = [
      { name: 's', type: 'string' },
      { name: 'f', type: 'double' },
      { name: 'single', type: 'float' },
      { name: 'n', type: 'int64' },
    ];
    const check = async (rows: Row[]) => {
      expect(await writeAndRead(format, rows, fields)).toEqual(rows);
    };
    await fc.assert(fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), check), { seed, numRuns: 20 });
  });
});

const NOT_HELD: [ContentType, Record<string, Values>][] = [
  ['csv', { ...NESTED, ...BYTES }],
  ['tsv', { ...NESTED, ...BYTES }],
  ['psv', { ...NESTED, ...BYTES }],
  ['unescaped_tsv', { ...NESTED, ...BYTES }],
  ['json', BYTES],
  ['lance', { map: BYTES.map }],
  ['avro', { time: { type: 'time64[ns]', values: [1n] } }],
];

describe.each(NOT_HELD)('what %s does not hold', (format, columns) => {
  test.each(Object.entries(columns))('is refused before anything is written: %s', async (name, { type, values }) => {
    const data_dir = folder();
    const rows = values.map((value) => ({ id: 1, [name]: value }));
    const schema = [
      { name: 'id', type: 'int64' },
      { name, type },
    ];
    await expect(writeRows(rows, { data_dir, format, schema })).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringMatching(new RegExp(`Column "${name}" is of type .*Parquet`)),
      details: { column: name },
    });
    expect(await Array.fromAsync(openStorage(data_dir).list(data_dir))).toEqual([]);
  });
});

describe('a value that a text file cannot tell from another is refused', () => {
  const text: SchemaField[] = [{ name: 's', type: 'string' }];
  const cases: [string, ContentType, Row[], SchemaField[]][] = [
    ['an infinite number in JSON', 'json', [{ x: Number.POSITIVE_INFINITY }], [{ name: 'x', type: 'double' }]],
    ['no number in a list in JSON', 'json', [{ x: [Number.NaN] }], [{ name: 'x', type: 'list<item: double>' }]],
    ['a null text that is the only column', 'csv', [{ s: 'a' }, { s: null }], text],
    [
      'a null that is the only column without quotes',
      'unescaped_tsv',
      [{ s: 1 }, { s: null }],
      [{ name: 's', type: 'int64' }],
    ],
    ['an empty text without quotes', 'unescaped_tsv', [{ s: '' }], text],
    ['a tab without quotes', 'unescaped_tsv', [{ s: 'a\tb' }], text],
    ['a line end without quotes', 'unescaped_tsv', [{ s: 'a\nb' }], text],
    ['a byte order mark without quotes', 'unescaped_tsv', [{ s: '\ufeffa' }], text],
    ['a year of six digits', 'csv', [{ d: 4_000_000 }], [{ name: 'd', type: 'date32[day]' }]],
  ];
  test.each(cases)('%s', async (_title, ...[format, rows, schema]) => {
    const data_dir = folder();
    await expect(writeRows(rows, { data_dir, format, schema })).rejects.toMatchObject({
      code: 'schema_mismatch',
      details: { column: schema[0]?.name },
    });
    expect(await Array.fromAsync(openStorage(data_dir).list(data_dir))).toEqual([]);
  });
});

describe('a delimited file', () => {
  const linesOf = async (format: ContentType, rows: Row[], schema: SchemaField[]) => {
    const [entry] = await write(format, rows, schema);
    return gunzipSync(await openStorage(entry?.path ?? '').read(entry?.path ?? '')).toString();
  };

  test('has no header, quoted texts, and empty fields for nulls', async () => {
    const columns = Object.fromEntries(
      Object.entries(FLAT).filter(([name]) => ['i64', 'text', 'instant', 'f64'].includes(name)),
    );
    expect(await linesOf('csv', rowsOf(columns), fieldsOf(columns))).toBe(
      '9007199254740993,0.1,"a ""quoted"", é😀",2024-01-02 03:04:05.000006Z\n' +
        '-9223372036854775808,1e+300,"it\'s",1960-01-01 00:00:00Z\n,,,\n',
    );
  });

  test.each(['csv', 'tsv', 'psv', 'unescaped_tsv'] as const)(
    'keeps a first row that equals the column names: %s',
    async (format) => {
      const fields: SchemaField[] = [
        { name: 'a', type: 'string' },
        { name: 'b c', type: 'string' },
      ];
      const rows = [
        { a: 'a', 'b c': 'b c' },
        { a: 'x', 'b c': 'y' },
      ];
      expect(await writeAndRead(format, rows, fields)).toEqual(rows);
    },
  );

  test('keeps nulls of its only column, where that holds no texts', async () => {
    const fields: SchemaField[] = [{ name: 'n', type: 'int64' }];
    const rows = [{ n: null }, { n: 1n }, { n: null }];
    expect(await writeAndRead('csv', rows, fields)).toEqual(rows);
  });
});

test('a column of nothing but nulls is written and read in each format', async () => {
  const table = new arrow.Table({
    id: arrow.vectorFromArray([1, 2], new arrow.Int32()),
    none: arrow.vectorFromArray([null, null], new arrow.Null()),
    flag: arrow.vectorFromArray([null, null], new arrow.Bool()),
  });
  const schema: SchemaField[] = [
    { name: 'id', type: 'int32' },
    { name: 'none', type: 'null' },
    { name: 'flag', type: 'bool' },
  ];
  for (const format of FORMATS) {
    const rows = await writeAndRead(format, table, schema);
    expect(rows, format).toEqual([1, 2].map((id) => ({ id, none: null, flag: null })));
  }
});

test.each(FORMATS)('a compression that %s does not know is refused', async (format) => {
  const written = writeRows([{ a: 1 }], { data_dir: folder(), format, compression: 'snappy' });
  if (format === 'parquet') await expect(written).resolves.toHaveLength(1);
  else await expect(written).rejects.toMatchObject({ code: 'not_supported', details: { compression: 'snappy' } });
});
