import { createRequire } from 'node:module';
import * as arrow from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { coerceRows, typeRows } from './coerce.ts';
import type { RowData } from './row-data.ts';
import { openRowStream } from './row-stream.ts';
import { rowObjects } from './row-values.ts';
import { declaredSchema, tableOf } from './rows.ts';
import { arrowSchema, typeAlias } from './schema/schema.ts';

/** The library's other build: the same code again, with classes of its own, as a second installed copy has. */
const other: typeof arrow = createRequire(import.meta.url)('apache-arrow');

const FIELDS = [
  ['i', 'int32', [1, null, 3]],
  ['big', 'uint64', [1n, 2n ** 63n, null]],
  ['half', 'halffloat', [0.5, null, 1]],
  ['flag', 'bool', [true, false, null]],
  ['text', 'string', ['a', 'é😀', null]],
  ['raw', 'binary', [Buffer.of(1), null, Buffer.of()]],
  ['word', 'dictionary<values=string, indices=int32, ordered=0>', ['x', 'y', 'x']],
  ['day', 'date32[day]', ['2024-02-29', null, '1969-12-31']],
  ['at', 'timestamp[ns, tz=Europe/Berlin]', [1n, null, 3n]],
  ['price', 'decimal128(9, 2)', ['1.50', '-2.25', null]],
  ['tags', 'list<item: string>', [['a', null], [], null]],
  ['vec', 'fixed_size_list<item: float>[2]', [[1, 2], [3, 4], null]],
  ['who', 'struct<name: string, age: int8 not null>', [{ name: 'n', age: 1 }, null, { name: null, age: 2 }]],
  ['more', 'map<string, int64>', [{ a: 1 }, null, {}]],
] as const;

/** The rows above as a table of the copy that is used here, and as one of the other. */
const own = coerceRows(
  Object.fromEntries(FIELDS.map(([name, , values]) => [name, [...values]])),
  FIELDS.map(([name, type]) => ({ name, type })),
);
const foreign = other.tableFromIPC(arrow.tableToIPC(own));

const objects = (table: arrow.Table) => table.batches.flatMap(rowObjects);
const types = (schema: arrow.Schema) => schema.fields.map(({ name, type }) => [name, typeAlias(type)]);
/** The only block of rows. */
async function collectRows(data: unknown): Promise<RowData> {
  await using rows = await openRowStream(data);
  const [block, ...others] = await Array.fromAsync(rows.blocks({ records_max: 100, bytes_max: 1e6 }));
  expect(others).toEqual([]);
  return block ?? expect.unreachable();
}
const typed = (data: RowData) => tableOf(typeRows(data));

describe('Arrow data of another copy of the library', () => {
  test('is another', () => {
    expect(foreign).not.toBeInstanceOf(arrow.Table);
    expect(objects(own)).toHaveLength(3);
  });

  test.each<[string, RowData]>([
    ['a table', foreign],
    ['a record batch', foreign.batches[0] ?? expect.unreachable()],
    ['a list of record batches', foreign.batches],
    ['columns of vectors', Object.fromEntries(FIELDS.map(([name]) => [name, foreign.getChild(name) ?? []]))],
  ])('is the same rows and types as here: %s', (_, data) => {
    const table = typed(data);
    expect(types(table.schema)).toEqual(types(own.schema));
    expect(objects(table)).toEqual(objects(own));
  });

  test('may be a slice of several chunks, with dictionaries of their own', () => {
    const parts = [foreign, foreign].map((table) => other.tableFromIPC(other.tableToIPC(table)));
    const whole = parts[0]?.concat(...parts.slice(1)) ?? expect.unreachable();
    const rows = objects(own);
    expect(objects(typed(whole.slice(1, 5)))).toEqual([...rows.slice(1), ...rows.slice(0, 2)]);
  });

  test('keeps its schema without rows, the metadata included', () => {
    const { schema } = foreign;
    schema.fields[0]?.metadata.set('unit', 'm');
    for (const empty of [foreign.slice(0, 0), new other.Table(schema)]) {
      const adopted = declaredSchema(empty) ?? expect.unreachable();
      expect(types(adopted)).toEqual(types(own.schema));
      expect(adopted.fields[0]?.metadata.get('unit')).toBe('m');
      expect(typed(empty).numRows).toBe(0);
    }
  });

  test('may be values of rows', () => {
    const rows = foreign.toArray().map((row) => ({ tags: row.tags, vec: row.vec }));
    const table = typed(rows);
    expect(types(table.schema)).toEqual([
      ['tags', 'list<item: string>'],
      ['vec', 'list<item: float>'],
    ]);
    expect(objects(table)).toEqual(objects(own).map(({ tags, vec }) => ({ tags, vec })));
  });

  test('may be lists of times, which keep every digit', () => {
    const type = new other.TimestampNanosecond('UTC');
    const at = new other.Vector([
      other.makeData({ type, length: 1, data: BigInt64Array.of(1_700_000_000_000_000_001n) }),
    ]);
    expect(objects(typed([{ at }]))).toEqual([{ at: ['2023-11-14T22:13:20.000000001+00:00'] }]);
  });

  test('may be of types that only newer copies have', () => {
    const long = 'longer than a view';
    const views = new DataView(new ArrayBuffer(3 * 16));
    new Uint8Array(views.buffer).set([2, 0, 0, 0, ...Buffer.from('ab')]);
    views.setInt32(32, long.length, true);
    views.setInt32(40, 1, true);
    views.setInt32(44, 3, true);
    const variadicBuffers = [Buffer.of(), Buffer.from(`...${long}`)];
    const values = new Uint8Array(views.buffer);
    const texts = { offset: 1, nullCount: 1, nullBitmap: Uint8Array.of(0b1010), children: [], values, variadicBuffers };
    const items = other.vectorFromArray([1, 2, 3], new other.Int8());
    const valueOffsets = BigInt64Array.of(0n, 2n, 2n, 3n);
    const lists = { offset: 0, nullCount: 0, valueOffsets, children: items.data };
    const listType = { typeId: 21, children: [new other.Field('item', new other.Int8(), true)] };
    const vector = (type: { typeId: number }, data: object) =>
      Object.assign(['never iterated'], { type, length: 3, data: [{ type, length: 3, ...data }] as never });
    const columns = {
      text: vector({ typeId: 24 }, texts),
      raw: vector({ typeId: 23 }, texts),
      list: vector(listType, lists),
    };
    expect(objects(typed(columns))).toEqual([
      { text: 'ab', raw: new Uint8Array(Buffer.from('ab')), list: [1, 2] },
      { text: null, raw: null, list: [] },
      { text: long, raw: new Uint8Array(Buffer.from(long)), list: [3] },
    ]);
  });

  test('of a type that no table has is refused by the column', () => {
    const union = new other.Field('u', new other.SparseUnion([0], [new other.Field('a', new other.Int8())]));
    const refused = expect.objectContaining({ code: 'invalid_schema', message: expect.stringContaining('"u"') });
    expect(() => typed(new other.Table(new other.Schema([union])))).toThrow(refused);
  });
});

describe('record batches', () => {
  const batch = (values: object) => new arrow.Table(arrow.tableFromArrays(values as { a: Int32Array })).batches;

  test('of this copy are rows, and so are those that come one after another', async () => {
    const both = [...batch({ a: Int32Array.of(1) }), ...batch({ a: Int32Array.of(2) })];
    async function* later() {
      yield* both;
    }
    for (const data of [both, both.values(), later()]) {
      expect(objects(typed(await collectRows(data)))).toEqual([{ a: 1 }, { a: 2 }]);
    }
    expect(objects(typed(both[0] ?? expect.unreachable()))).toEqual([{ a: 1 }]);
  });

  test('must have the same columns', () => {
    const [first, second] = [batch({ a: Int32Array.of(1) }), batch({ a: Float32Array.of(2) })];
    const refused = expect.objectContaining({ code: 'schema_mismatch', message: expect.stringContaining('batch 1') });
    expect(() => typed([...first, ...second])).toThrow(refused);
  });
});

describe('what holds no rows is refused', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a function', () => []],
    ['a Map', new Map([['a', [1]]])],
    ['a Set', new Set([1])],
    ['a date', new Date(0)],
    ['bytes', new Uint8Array(3)],
    ['a vector', arrow.vectorFromArray([1])],
    ['a promise', Promise.resolve([])],
    ['a list of numbers', [1, 2]],
    ['a list of lists', [[1], [2]]],
    ['a list with a gap', [{ a: 1 }, undefined]],
    ['a list of promises', [Promise.resolve({ a: 1 })]],
    ['a batch among rows', [{ a: 1 }, ...own.batches]],
    ['a list of tables', [own]],
    ['one row', { id: 1, name: 'a' }],
    ['a column of text', { a: 'abc' }],
    ['columns of several lengths', { a: [1, 2], b: [1] }],
    ['an object that holds itself', circular],
  ])('%s', async (_, data) => {
    await expect(collectRows(data)).rejects.toMatchObject({ code: 'invalid_request' });
    // What types do not allow reaches this all the same from plain JavaScript.
    expect(() => typeRows(data as RowData)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test('and a value that holds itself is no value of a column', () => {
    expect(() => typeRows([circular])).toThrow(expect.objectContaining({ code: 'schema_mismatch' }));
  });
});

test('rows may come from a generator, and be instances of a class', async () => {
  class Point {
    x = 1;
  }
  function* rows() {
    yield { x: 1 };
    yield new Point();
  }
  expect(objects(typed(await collectRows(rows())))).toEqual([{ x: 1n }, { x: 1n }]);
});

test('without any values, Arrow data and typed arrays tell their types, other values do not', () => {
  const schema = arrowSchema([
    { name: 'a', type: 'double' },
    { name: 'b', type: 'int8' },
  ]);
  expect(types(declaredSchema({ a: new Float64Array(), b: new Int8Array() }) ?? expect.unreachable())).toEqual(
    types(schema),
  );
  expect(declaredSchema(new arrow.Table(schema))?.fields).toEqual(schema.fields);
  const untold: RowData[] = [[], {}, { a: [] }, { a: new Float64Array(), b: [] }, [{ a: 1 }], { a: [1] }];
  for (const data of untold) {
    expect(declaredSchema(data)).toBeNull();
  }
});
