import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';
import { inspectFile } from '../inspect.ts';
import { schemaFields } from '../schema/schema.ts';
import { openStorage } from '../storage/open.ts';
import { Scratch } from '../storage/scratch.ts';

const testdata = (name: string) => `${import.meta.dirname}/testdata/${name}.parquet`;
const inspect = (path: string) => inspectFile({ path, content_type: 'parquet' });

const STATS = {
  i8: { min: -128, max: 1, null_count: 1 },
  i32: { min: -2, max: 1, null_count: 1 },
  i64: { min: 5, max: 2n ** 60n + 1n, null_count: 1 },
  u32: { min: 1, max: 4_000_000_000, null_count: 1 },
  u64: { min: 1, max: 2n ** 64n - 1n, null_count: 1 },
  f32: { min: -3, max: 1.5, null_count: 0 },
  f64: { null_count: 0 },
  flag: { min: false, max: true, null_count: 1 },
  text: { min: 'a', max: 'é😀', null_count: 1 },
  large: { min: 'a', max: 'b', null_count: 1 },
  ts_ms: { min: '1969-12-31T23:59:59.999000', max: '1970-01-01T00:00:00.001000', null_count: 1 },
  ts_us: { min: '1960-01-01T00:00:00', max: '2024-01-02T03:04:05.678901', null_count: 1 },
  ts_utc: { min: '2024-01-02T03:04:05.000006+00:00', max: '2024-01-02T03:04:05.000006+00:00', null_count: 2 },
  ts_ns: {
    min: '1970-01-01T00:00:00.000000001+00:00',
    max: '1970-01-01T00:00:00.000000003+00:00',
    null_count: 0,
  },
  day: { min: '1960-01-01', max: '2024-02-29', null_count: 1 },
  time: { min: '00:00:00.000001', max: '23:59:59.999999', null_count: 1 },
  price: { min: '-99.10', max: '1.23', null_count: 1 },
  wide: { min: '-1234567890123456789012345678.0123456789', max: '0.0000000001', null_count: 1 },
  bytes: { null_count: 1 },
  fixed: { null_count: 1 },
  none: { null_count: 3 },
  word: { min: 'p', max: 'q', null_count: 0 },
  long: { null_count: 0 },
};

describe('the footer of a file by pyarrow tells', () => {
  test('rows, size, schema and typed bounds', async () => {
    const found = await inspect(testdata('pyarrow'));
    expect(found.record_count).toBe(3);
    expect(found.size_bytes).toBe((await readFile(testdata('pyarrow'))).byteLength);
    expect(found.column_stats).toEqual(STATS);
    const types = schemaFields(found.schema ?? expect.unreachable()).map(({ name, type }) => [name, type]);
    expect(types).toContainEqual(['ts_ns', 'timestamp[ns, tz=Europe/Berlin]']);
    expect(types).toContainEqual(['word', 'dictionary<values=string, indices=int32, ordered=0>']);
  });

  test('the same over several row groups, but for a group of NaN', async () => {
    const found = await inspect(testdata('pyarrow-three-groups'));
    expect(found.column_stats).toEqual({ ...STATS, f32: { null_count: 0 } });
  });

  test('a schema by its own types when the Arrow schema is left out', async () => {
    const kept = schemaFields((await inspect(testdata('pyarrow'))).schema ?? expect.unreachable());
    const found = await inspect(testdata('pyarrow-no-schema'));
    const own: Record<string, string> = {
      large: 'string',
      ts_ns: 'timestamp[ns, tz=UTC]',
      word: 'string',
      list: 'list<element: int32>',
    };
    expect(schemaFields(found.schema ?? expect.unreachable()).map(({ name, type }) => [name, type])).toEqual(
      kept.map(({ name, type }) => [name, own[name] ?? type]),
    );
    expect(found.column_stats).toEqual(STATS);
  });

  test('no rows and no bounds when the file is empty', async () => {
    const found = await inspect(testdata('pyarrow-empty'));
    expect(found.record_count).toBe(0);
    expect(found.column_stats?.i64).toEqual({ null_count: 0 });
  });
});

test('a footer longer than the first read is read whole', async () => {
  await using scratch = new Scratch();
  const path = await scratch.path('.parquet');
  const columns = Array.from({ length: 2000 }, (_, index) => `${index} AS a_rather_long_column_name_${index}`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT ${columns.join(', ')}) TO '${path}'`);
  connection.closeSync();
  instance.closeSync();
  const found = await inspect(path);
  expect(found.schema?.fields).toHaveLength(2000);
  expect(found.column_stats?.a_rather_long_column_name_1999).toEqual({ min: 1999, max: 1999, null_count: 0 });
});

describe('what is no Parquet file is invalid_entry', () => {
  const folder = `memory://${crypto.randomUUID()}`;
  const text = (value: string) => new TextEncoder().encode(value);
  test.each([
    ['missing', null],
    ['empty', text('')],
    ['text', text('id,name\n1,a\n')],
    ['only the marks', text('PAR1PAR1')],
    ['a footer longer than the file', new Uint8Array([...text('PAR1'), 255, 255, 255, 127, ...text('PAR1')])],
    ['a footer of nothing', new Uint8Array([...text('PAR1'), 0, 0, 0, 0, ...text('PAR1')])],
  ])('%s', async (name, bytes) => {
    const path = `${folder}/${name}`;
    if (bytes !== null) await openStorage(path).write(path, bytes);
    await expect(inspect(path)).rejects.toMatchObject({
      code: 'invalid_entry',
      message: expect.stringContaining(path),
    });
  });

  test('a run of continued integers, which costs careless readers quadratic time', async () => {
    const footer = new Uint8Array(8 * 1024 * 1024).fill(0x80);
    footer[0] = 0x16;
    const length = new Uint8Array(new Uint32Array([footer.length]).buffer);
    const path = `${folder}/varint`;
    await openStorage(path).write(path, new Uint8Array(await new Blob(['PAR1', footer, length, 'PAR1']).arrayBuffer()));
    await expect(inspect(path)).rejects.toMatchObject({ code: 'invalid_entry' });
  });

  test('any cut or mutation is read or refused, never a crash', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    const random = generator(seed);
    for (const name of ['pyarrow', 'pyarrow-no-schema', 'pyarrow-three-groups']) {
      const whole = new Uint8Array(await readFile(testdata(name)));
      for (let round = 0; round < 400; round++) {
        const path = `${folder}/fuzz`;
        await openStorage(path).write(path, mutate(whole, random));
        const code = await inspect(path).then(
          () => 'read',
          (error: { code?: string }) => error.code,
        );
        expect(['read', 'invalid_entry', 'not_supported'], `SEED=${seed}, ${name}, round ${round}`).toContain(code);
      }
    }
  });
});

test('other types tell their size only, and a missing file is invalid_entry whatever its type', async () => {
  const path = `memory://${crypto.randomUUID()}/x.csv`;
  await expect(inspectFile({ path, content_type: 'csv' })).rejects.toMatchObject({ code: 'invalid_entry' });
  await openStorage(path).write(path, new Uint8Array(7));
  expect(await inspectFile({ path, content_type: 'csv' })).toEqual({
    record_count: null,
    size_bytes: 7,
    schema: null,
    column_stats: null,
  });
});

function mutate(whole: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = whole.slice();
  if (random(4) === 0) return bytes.subarray(random(bytes.length));
  // Most of the damage goes to the footer, which is what is read.
  const footer = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8;
  for (let count = 1 + random(6); count > 0; count--) bytes[bytes.length - 1 - random(footer)] = random(256);
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
