import { CONTENT_TYPES, type ContentType } from '@deltacat/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', { fetch: server.fetch });
  await client.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

/** The formats that are written here. */
const WRITTEN = ['parquet', 'feather', 'avro', 'lance', 'csv', 'tsv', 'psv', 'unescaped_tsv', 'json'] as const;
const ROWS = [
  { id: 1n, name: 'a, "b"', x: 0.5 },
  { id: 2n, name: null, x: null },
  { id: 9007199254740993n, name: 'é', x: -1 },
];

async function rowsOf(table: string) {
  const rows = await client.catalog.read({ namespace: 'n', table, read_as: 'objects' });
  return rows.sort((a, b) => Number(a.id) - Number(b.id));
}

describe.each(WRITTEN)('rows written as %s', (format) => {
  test('make their table, and are read, planned and previewed', async () => {
    const table = `made_${format}`;
    const done = await client.catalog.write(ROWS, { namespace: 'n', table, format });
    expect(done).toMatchObject({ status: 'COMMITTED', total_records: 3 });
    expect(await rowsOf(table)).toEqual(ROWS);
    const plan = await client.catalog.plan({ namespace: 'n', table, include_stats: true });
    expect(plan.allFiles()).toMatchObject([
      {
        content_type: format,
        record_count: 3,
        column_stats: { id: { min: 1, max: 9007199254740993n, null_count: 0 } },
      },
    ]);
    const preview = await client.catalog.preview({ namespace: 'n', table });
    expect(preview.sample_rows).toHaveLength(3);
  });

  test('are merged and deleted by key, over files of another format', async () => {
    const table = `keyed_${format}`;
    const schema_def = [
      { name: 'id', type: 'int64', is_merge_key: true },
      { name: 'name', type: 'string' },
      { name: 'x', type: 'double' },
    ];
    await client.catalog.createTable({ namespace: 'n', table, schema_def });
    const into = { namespace: 'n', table };
    await client.catalog.write(ROWS, { ...into, format: 'parquet' });
    await client.catalog.write([{ id: 2n, name: 'two', x: 2 }], { ...into, format });
    await client.catalog.write([{ id: 1n }, { id: 7n }], { ...into, format, mode: 'delete' });
    expect(await rowsOf(table)).toEqual([{ id: 2n, name: 'two', x: 2 }, ROWS[2]]);
  });

  test('are read by a table that has other columns since', async () => {
    const table = `grown_${format}`;
    await client.catalog.write(ROWS, { namespace: 'n', table, format });
    await client.catalog.alterTable({
      namespace: 'n',
      table,
      schema_updates: {
        operations: [
          { op: 'add', field: { name: 'new', type: 'string', past_default: 'none' } },
          { op: 'remove', field_locator: 'x' },
        ],
        allow_incompatible_changes: true,
      },
    });
    expect(await rowsOf(table)).toEqual(ROWS.map(({ id, name }) => ({ id, name, new: 'none' })));
  });

  test('are split by the partitions of their table', async () => {
    const table = `split_${format}`;
    await client.catalog.createTable({
      namespace: 'n',
      table,
      schema_def: [
        { name: 'id', type: 'int64' },
        { name: 'name', type: 'string' },
      ],
      partition_scheme: { keys: [{ key: ['name'] }] },
    });
    const rows = [
      { id: 1n, name: 'a' },
      { id: 2n, name: 'b' },
      { id: 3n, name: 'a' },
    ];
    const done = await client.catalog.write(rows, { namespace: 'n', table, format });
    expect(done).toMatchObject({ files_registered: 2 });
    expect(await rowsOf(table)).toEqual(rows);
  });
});

test.each(['csv', 'json'] as const)(
  'values are of the columns that the table has, also in %s files',
  async (format) => {
    const into = { namespace: 'n', table: `unsigned_${format}`, format };
    const rows = [{ v: 2n ** 64n - 1n }];
    const schema_def = [{ name: 'v', type: 'uint64' }];
    await client.catalog.createTable({ namespace: 'n', table: into.table, schema_def });
    await client.catalog.write(rows, { ...into, mode: 'append' });
    await client.catalog.write(rows, into);
    await client.transaction(() => client.catalog.write(rows, into));
    expect(await client.catalog.read({ ...into, read_as: 'objects' })).toEqual([...rows, ...rows, ...rows]);
  },
);

describe.each(['csv', 'json'] as const)('a table whose columns %s files do not tell', (format) => {
  test('is made of the first rows that come, not of the very first', async () => {
    const into = { namespace: 'n', table: `streamed_${format}` };
    const rows = [
      { id: 1n, name: null },
      { id: 2n, name: 'b' },
    ];
    async function* each() {
      yield* rows;
    }
    await client.catalog.write(each(), { ...into, format, create_if_missing: { table_properties: { owner: 'ana' } } });
    expect(await client.catalog.read({ ...into, read_as: 'objects' })).toEqual(rows);
    expect(await client.catalog.describeTable(into)).toMatchObject({
      schema: [
        { name: 'id', type: 'int64' },
        { name: 'name', type: 'string' },
      ],
      properties: { owner: 'ana' },
    });
  });

  test('is made in a transaction', async () => {
    const into = { namespace: 'n', table: `atomic_${format}` };
    await client.transaction(async () => {
      await client.catalog.write([{ id: 1n }], { ...into, format });
      await client.catalog.write([{ id: 2n }], { ...into, format });
    });
    expect(await rowsOf(into.table)).toEqual([{ id: 1n }, { id: 2n }]);
  });

  test('is made with the partitions that are asked for', async () => {
    const into = { namespace: 'n', table: `parted_${format}` };
    const create_if_missing = { partition_scheme: { keys: [{ key: ['day'] }] } };
    const rows = [
      { id: 1n, day: 'a' },
      { id: 2n, day: 'b' },
    ];
    const done = await client.catalog.write(rows, { ...into, format, create_if_missing });
    expect(done).toMatchObject({ files_registered: 2 });
    expect(await rowsOf(into.table)).toEqual(rows);
  });
});

test('a table that a transaction has made tells the types of what is written in it, also in csv files', async () => {
  const into = { namespace: 'n', table: 'made_in_transaction' };
  const rows = [{ v: 2n ** 64n - 1n }];
  await client.transaction(async () => {
    await client.catalog.createTable({ ...into, schema_def: [{ name: 'v', type: 'uint64' }] });
    await client.catalog.write(rows, { ...into, format: 'csv' });
  });
  expect(await client.catalog.read({ ...into, read_as: 'objects' })).toEqual(rows);
});

test('a table of files of every format is read as one', async () => {
  const all = WRITTEN.flatMap((_, index) => ROWS.map(({ id, ...row }) => ({ id: id + 10n * BigInt(index), ...row })));
  for (const [index, format] of WRITTEN.entries()) {
    await client.catalog.write(all.slice(index * 3, index * 3 + 3), { namespace: 'n', table: 'mixed', format });
  }
  expect(await rowsOf('mixed')).toEqual(all.toSorted((a, b) => Number(a.id) - Number(b.id)));
});

test('a format that is not written here is refused before anything is', async () => {
  const others = CONTENT_TYPES.filter((format) => !(WRITTEN as readonly ContentType[]).includes(format));
  for (const format of others) {
    const written = client.catalog.write(ROWS, { namespace: 'n', table: `not_${format}`, format });
    await expect(written, format).rejects.toMatchObject({ code: 'not_supported' });
  }
});
