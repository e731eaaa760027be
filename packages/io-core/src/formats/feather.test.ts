import { readFile as readBytes } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { executePlan } from '../execute.ts';
import { inspectFile } from '../inspect.ts';
import { schemaFields } from '../schema/schema.ts';
import { dataFile, filesPlan, putFile, readFile, testdata } from './testing/file-rows.ts';

const feather = (name: string) => dataFile(testdata(name), 'feather');
const parquet = (name: string) => dataFile(testdata(name), 'parquet');

async function rowsOf(name: string) {
  return (await readFile(feather(name))).objects();
}

describe('a Feather file is read as its rows', () => {
  test.each([
    ['compressed by LZ4, in two batches', 'feather-lz4.feather'],
    ['compressed by ZSTD', 'feather-zstd.feather'],
    ['not compressed', 'feather-plain.feather'],
  ])('%s', async (_title, name) => {
    const rows = await rowsOf(name);
    const same = await (await readFile(parquet('pyarrow.parquet'))).objects();
    expect(rows.map(({ span: _, ...row }) => row)).toEqual(same);
    expect(rows.map(({ span }) => span)).toEqual([1n, null, -3n]);
  });

  test.each(['feather-empty.feather', 'feather-no-batches.feather'])('of which there are none: %s', async (name) => {
    expect(await rowsOf(name)).toEqual([]);
  });

  test('in large, view and overlapping layouts', async () => {
    const rows = await rowsOf('feather-views.feather');
    expect(rows).toEqual(await (await readFile(parquet('feather-views.parquet'))).objects());
  });

  test('whose dictionary grows from batch to batch', async () => {
    const words = (await rowsOf('feather-delta.feather')).map(({ word }) => word);
    expect(words).toEqual(['p', 'q', null, 'q', 'r', 's', 'p']);
  });

  test.each(['polars.feather', 'polars-zstd.feather'])('as polars writes it: %s', async (name) => {
    expect(await rowsOf(name)).toEqual([
      { id: 1n, name: 'a', list: [1n, 2n], kind: 'x', at: '1970-01-01T00:00:00.000001+00:00' },
      { id: 2n, name: null, list: [], kind: 'y', at: null },
      { id: 3n, name: 'longer than twelve bytes', list: null, kind: 'x', at: '1969-12-31T23:59:59.999999+00:00' },
    ]);
  });

  test('as apache-arrow writes it', async () => {
    const table = arrow.tableFromArrays({ a: Int32Array.of(1, 2), b: ['x', 'y'] });
    const path = await putFile(arrow.tableToIPC(table, 'file'));
    expect(await (await readFile(dataFile(path, 'feather'))).objects()).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });

  test.each([['after'], ['list_view', 'text'], ['large_list_view']])(
    'of the wanted columns only: %s',
    async (...columns) => {
      const rows = await (await readFile(feather('feather-views.feather'), { columns })).objects();
      const whole = await rowsOf('feather-views.feather');
      expect(rows).toEqual(whole.map((row) => Object.fromEntries(columns.map((name) => [name, row[name]]))));
    },
  );

  test('by which a table of other columns keeps their number', async () => {
    const plan = filesPlan([feather('feather-lz4.feather')], [{ name: 'new', type: 'int64', past_default: 7 }]);
    expect(await executePlan(plan).objects()).toEqual([{ new: 7n }, { new: 7n }, { new: 7n }]);
  });
});

test('a Feather file tells its schema, size and number of rows', async () => {
  const found = await inspectFile(feather('feather-lz4.feather'));
  const { byteLength } = await readBytes(testdata('feather-lz4.feather'));
  expect(found).toMatchObject({ size_bytes: byteLength, record_count: 3, column_stats: null });
  const fields = schemaFields(found.schema ?? expect.unreachable());
  expect(fields).toHaveLength(27);
  expect(fields[0]).toMatchObject({ name: 'i8', type: 'int8' });
});

test("Feather's first version is refused by name", async () => {
  await expect(readFile(feather('feather-version-1.feather'))).rejects.toMatchObject({
    code: 'not_supported',
    message: expect.stringMatching(/feather-version-1\.feather.*first version.*write_feather/),
  });
});

test('an Arrow stream is refused by name', async () => {
  await expect(readFile(feather('arrow-stream.feather'))).rejects.toMatchObject({
    code: 'invalid_entry',
    message: expect.stringMatching(/arrow-stream\.feather is an Arrow stream/),
  });
});

test('a cut file and other files are invalid_entry', async () => {
  const bytes = await readBytes(testdata('feather-lz4.feather'));
  for (let length = 0; length < bytes.length; length += 97) {
    const file = dataFile(await putFile(bytes.subarray(0, length)), 'feather');
    await expect(inspectFile(file)).rejects.toMatchObject({ code: 'invalid_entry' });
  }
  const text = dataFile(await putFile('id,name\n1,a\n2,b\n'), 'feather');
  await expect(inspectFile(text)).rejects.toMatchObject({ code: 'invalid_entry' });
});

test('a file with two columns of one name is refused, naming both', async () => {
  const bytes = Buffer.from(
    arrow.tableToIPC(arrow.tableFromArrays({ column_a: Int32Array.of(1), column_b: ['x'] }), 'file'),
  );
  const twice = Buffer.from(bytes.toString('latin1').replaceAll('column_b', 'column_a'), 'latin1');
  const path = await putFile(twice);
  const reading = readFile(dataFile(path, 'feather')).then((rows) => rows.objects());
  const refused = {
    code: 'invalid_entry',
    message: expect.stringMatching(/two columns.*"column_a"/),
    details: { path },
  };
  await expect(reading).rejects.toMatchObject(refused);
  await expect(inspectFile({ path, content_type: 'feather' })).rejects.toMatchObject(refused);
});
