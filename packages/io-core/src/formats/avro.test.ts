import { describe, expect, test } from 'vitest';
import { inspectFile } from '../inspect.ts';
import { schemaFields } from '../schema/schema.ts';
import { AvroSink } from './avro-encode.ts';
import { dataFile, putFile, readFile, testdata } from './testing/file-rows.ts';

const avro = (name: string) => dataFile(testdata(name), 'avro');

const ROWS = [
  {
    id: 2n ** 60n + 1n,
    flag: true,
    small: -(2 ** 31),
    f32: 0.5,
    f64: 1e300,
    text: 'é😀',
    bytes: Uint8Array.of(0, 255),
    kind: 'B',
    again: 'A',
    fixed: Buffer.from('ab'),
    day: '2024-02-29',
    time_ms: '00:00:00',
    time_us: '23:59:59.999999',
    at_ms: '1960-01-01T00:00:00+00:00',
    at_us: '2024-01-02T03:04:05.000006+00:00',
    local_us: '2024-01-02T03:04:05.000006',
    price: '-99.10',
    wide: '-1234567890123456789012345678.0123456789',
    uuid: '00000000-0000-0000-0000-000000000001',
    list: [1n, null],
    map: [{ key: 'k', value: 'v' }],
    pair: { x: 1.5, y: Buffer.from('cd') },
  },
  {
    id: -1n,
    flag: null,
    small: null,
    text: '',
    bytes: new Uint8Array(),
    kind: 'A',
    again: null,
    day: null,
    price: null,
    list: [],
    map: [],
    pair: { x: -0, y: null },
  },
];

/** Bytes compared by their values, whatever holds them. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, held: unknown) => {
      if (typeof held === 'bigint') return `${held}n`;
      if (Object.is(held, -0)) return '-0';
      if (held instanceof Uint8Array) return `bytes ${Buffer.from(held).toString('hex')}`;
      const bytes = held as { type?: string; data?: number[] } | null;
      return bytes?.type === 'Buffer' ? `bytes ${Buffer.from(bytes.data ?? []).toString('hex')}` : held;
    }),
  );
}

describe('an Avro file is read as its rows', () => {
  test.each(['null', 'deflate', 'snappy', 'zstandard'])('compressed by %s', async (codec) => {
    const rows = await (await readFile(avro(`fastavro-${codec}.avro`))).objects();
    expect(plain(rows)).toEqual(plain(ROWS.map((row) => ({ ...ROWS[0], ...row }))));
  });

  test('as polars writes it, which the official Python client uses', async () => {
    expect(await (await readFile(avro('polars.avro'))).objects()).toEqual([
      {
        id: 1n,
        x: 0.5,
        name: 'a',
        list: [1n, 2n],
        at: '1970-01-01T00:00:00.000001',
        day: '2024-02-29',
        bytes: Uint8Array.of(0),
        pair: { a: 1n },
      },
      { id: 2n, x: null, name: null, list: [], at: null, day: null, bytes: null, pair: null },
      {
        id: 3n,
        x: -1,
        name: 'é',
        list: null,
        at: '1969-12-31T23:59:59.999999',
        day: '1960-01-01',
        bytes: new Uint8Array(),
        pair: { a: null },
      },
    ]);
  });

  test('of the wanted columns only', async () => {
    const columns = ['uuid', 'id'];
    const rows = await (await readFile(avro('fastavro-deflate.avro'), { columns })).objects();
    expect(rows).toEqual(ROWS.map(({ id }) => ({ uuid: '00000000-0000-0000-0000-000000000001', id })));
  });
});

test('an Avro file tells its schema and its number of rows', async () => {
  const found = await inspectFile(avro('fastavro-snappy.avro'));
  expect(found).toMatchObject({ record_count: 2, column_stats: null });
  const fields = schemaFields(found.schema ?? expect.unreachable());
  expect(fields.slice(0, 3)).toMatchObject([
    { name: 'id', type: 'int64', nullable: false },
    { name: 'flag', type: 'bool', nullable: true },
    { name: 'small', type: 'int32', nullable: true },
  ]);
});

test.each(['bzip2', 'xz'])('compression by %s is refused by name', async (codec) => {
  const rows = await readFile(avro(`fastavro-${codec}.avro`));
  await expect(rows.objects()).rejects.toMatchObject({
    code: 'not_supported',
    message: expect.stringMatching(new RegExp(`fastavro-${codec}\\.avro is compressed by "${codec}"`)),
  });
});

/** A container of one block, by hand. */
function container(schema: unknown, count: number, values: number[]): Uint8Array {
  const sink = new AvroSink();
  sink.raw(Buffer.from('Obj\x01', 'latin1'));
  sink.long(1);
  sink.bytes(Buffer.from('avro.schema'));
  sink.bytes(Buffer.from(typeof schema === 'string' ? schema : JSON.stringify(schema)));
  sink.long(0);
  sink.raw(new Uint8Array(16));
  sink.long(count);
  sink.bytes(Uint8Array.from(values));
  sink.raw(new Uint8Array(16));
  return sink.finish();
}

const record = (type: unknown) => ({ type: 'record', name: 'r', fields: [{ name: 'a', type }] });
/** The zigzag of 2^41. */
const HUGE = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];

const HOLDS_ITSELF = {
  type: 'record',
  name: 'r',
  fields: [{ name: 'a', type: ['null', 'r'] }],
};

/** Each type holds the one before it twice. */
function doubling(levels: number): unknown {
  let fields: unknown[] = [{ name: 'x', type: 'int' }];
  for (let level = 0; level < levels; level++) {
    const type = { type: 'record', name: `t${level}`, fields };
    fields = [
      { name: 'x', type },
      { name: 'y', type: `t${level}` },
    ];
  }
  return { type: 'record', name: 'r', fields };
}

describe('a crafted file is refused before it costs memory or time', () => {
  test.each<[string, Uint8Array]>([
    ['more rows than its bytes hold', container(record('long'), 2 ** 40, [2])],
    ['rows of no bytes without end', container(record('null'), 2 ** 40, [])],
    ['a list of more items than its bytes hold', container(record({ type: 'array', items: 'long' }), 1, HUGE)],
    ['a list of endless nulls', container(record({ type: 'array', items: 'null' }), 1, HUGE)],
    ['a text longer than its block', container(record('string'), 1, HUGE)],
    [
      'a number without end',
      container(
        record('long'),
        1,
        Array.from({ length: 12 }, () => 0xff),
      ),
    ],
    ['a branch that a union has not', container(record(['null', 'int']), 1, [8, 2])],
    ['more bytes than its rows', container(record('int'), 1, [2, 2])],
    ['a text that is not UTF-8', container(record('string'), 1, [2, 0xff])],
    ['a type that holds itself', container(HOLDS_ITSELF, 0, [])],
    ['a type that doubles with each level', container(doubling(25), 0, [])],
    ['a type without an end', container(`${'{"type":"array","items":'.repeat(5000)}"int"${'}'.repeat(5000)}`, 0, [])],
    ['a schema that is not JSON', container('{', 0, [])],
    ['a schema without the type it names', container(record('other'), 0, [])],
  ])('%s', async (_title, bytes) => {
    const path = await putFile(bytes);
    const read = async () => (await readFile(dataFile(path, 'avro'))).objects();
    await expect(read()).rejects.toMatchObject({ code: 'invalid_entry', message: expect.stringContaining(path) });
  });
});

describe('a type that no column has is refused, naming file and column', () => {
  test.each<[string, unknown]>([
    ['a union of two types', ['int', 'string']],
    ['a duration', { type: 'fixed', name: 'd', size: 12, logicalType: 'duration' }],
    ['a decimal of 39 digits', { type: 'bytes', logicalType: 'decimal', precision: 39, scale: 0 }],
    ['a union within a list', { type: 'array', items: ['int', 'string'] }],
  ])('%s', async (_title, type) => {
    const path = await putFile(container(record(type), 0, []));
    await expect(inspectFile(dataFile(path, 'avro'))).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining(`Column "a" of ${path}`),
      details: { path, column: 'a' },
    });
  });

  test('values that are no records', async () => {
    const path = await putFile(container('"int"', 0, []));
    await expect(inspectFile(dataFile(path, 'avro'))).rejects.toMatchObject({ code: 'not_supported' });
  });
});
