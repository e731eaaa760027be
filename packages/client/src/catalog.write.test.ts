import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Float32, Int32, Table, tableFromArrays, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';
import type { WriteData } from './write.ts';

let server: TestServer;
let client: Client;
const sent: { method: string; path: string; body: string }[] = [];

beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', {
    fetch: (url, init) => {
      sent.push({ method: String(init.method), path: new URL(url).pathname, body: String(init.body ?? '') });
      return server.fetch(url, init);
    },
  });
  await client.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

const schema_def = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'name', type: 'string' },
];

async function makeTable(table: string) {
  await client.catalog.createTable({ namespace: 'n', table, schema_def });
  return { namespace: 'n', table };
}

/** All rows as plain objects, by id. */
async function rowsOf(table: { namespace: string; table: string }) {
  const rows = await client.catalog.read({ ...table, read_as: 'objects' });
  return rows.sort((a, b) => Number(a.id) - Number(b.id));
}

const ARROW = tableFromArrays({ id: BigInt64Array.of(1n, 2n), name: ['a', null] });
/** The library's other build, which has classes of its own, as a second installed copy has. */
const otherArrow = createRequire(import.meta.url)('apache-arrow');

async function* oneByOne<Item>(items: Item[]) {
  yield* items;
}

describe('what can be written', () => {
  const cases: [string, WriteData][] = [
    [
      'rows',
      [
        { id: 1, name: 'a' },
        { id: 2n, name: null },
      ],
    ],
    ['columns', { id: [1, 2], name: ['a', null] }],
    ['typed columns', { id: BigInt64Array.of(1n, 2n), name: ['a', null] }],
    ['an Arrow table', ARROW],
    ['an Arrow table of another copy', otherArrow.tableFromIPC(tableToIPC(ARROW))],
    ['a record batch', ARROW.batches[0] ?? expect.unreachable()],
    ['record batches', ARROW.batches.values()],
    ['record batches that are read', oneByOne(ARROW.batches)],
  ];
  test.each(cases)('%s become the same rows', async (what, data) => {
    const table = await makeTable(what.replaceAll(' ', '_'));
    const answer = await client.catalog.write(data, table);
    expect(answer).toMatchObject({ status: 'COMMITTED', total_records: 2, committed_at_ns: expect.any(BigInt) });
    expect(await rowsOf(table)).toEqual([
      { id: 1n, name: 'a' },
      { id: 2n, name: null },
    ]);
  });

  test('rows that do not fit are refused, and nothing is left open', async () => {
    const table = await makeTable('misfit');
    await client.catalog.alterTable({ ...table, table_properties: { schema_evolution_mode: 'manual' } });
    await expect(client.catalog.write([{ id: 'x', name: 'a' }], table)).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
    expect(sent.at(-1)?.path).toMatch(/\/abort$/);
    await expect(client.catalog.write([{ id: 1, nick: 'a' }], table)).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
    expect(await rowsOf(table)).toEqual([]);
  });

  test('what one table has can be written to another as it is read', async () => {
    const [from, to] = [await makeTable('from'), await makeTable('to')];
    await client.catalog.write(ARROW, from);
    await client.catalog.write(await client.catalog.read({ ...from, read_as: 'batches' }), to);
    expect(await rowsOf(to)).toEqual(await rowsOf(from));
  });

  test('rows that come one after another are written as they come, and show at once', async () => {
    const table = { namespace: 'n', table: 'streamed' };
    const table_properties = { records_per_compacted_file: '100' };
    await client.catalog.createTable({ ...table, schema_def, table_properties });
    const filesAt: number[] = [];
    const dataFiles = () =>
      readdirSync(server.root, { recursive: true }).filter((path) => /w-.*parquet$/.test(`${path}`));
    const before = dataFiles().length;
    async function* rows() {
      for (let id = 0; id < 250; id++) {
        filesAt.push(dataFiles().length - before);
        yield { id, name: `row ${id}` };
      }
      expect((await client.catalog.plan(table)).total_files).toBe(0);
    }
    expect(await client.catalog.write(rows(), table)).toMatchObject({ total_records: 250, files_registered: 3 });
    expect([filesAt[99], filesAt[100], filesAt[249]]).toEqual([0, 1, 2]);
    expect((await rowsOf(table)).map(({ id }) => Number(id))).toEqual(Array.from({ length: 250 }, (_, id) => id));
  });

  test('rows that fail on their way leave nothing, not even files', async () => {
    const table = { namespace: 'n', table: 'cut_off' };
    await client.catalog.createTable({ ...table, schema_def, table_properties: { records_per_compacted_file: '10' } });
    async function* rows() {
      for (let id = 0; id < 25; id++) yield { id, name: 'a' };
      throw new Error('the robot fell over');
    }
    await expect(client.catalog.write(rows(), table)).rejects.toThrow('the robot fell over');
    expect(sent.at(-1)?.path).toMatch(/\/abort$/);
    const { data_dir } = await client.catalog.stage({ ...table, mode: 'append' });
    const session =
      sent
        .findLast(({ path }) => path.endsWith('/abort'))
        ?.path.split('/')
        .at(-2) ?? '';
    const of = join(data_dir, '..', session);
    expect(existsSync(of) ? readdirSync(of) : []).toEqual([]);
    expect(await rowsOf(table)).toEqual([]);
  });

  test('plain rows have the types that the first of them ask for, and are refused where they do not fit', async () => {
    async function* rows(last: unknown) {
      for (let id = 0; id < 29; id++) yield { id, size: id, late: id < 15 ? null : 'x' };
      yield { id: 29, size: last, late: null, new: true };
    }
    const create_if_missing = { table_properties: { records_per_compacted_file: '10' } };
    const write = (table: string, last: unknown) =>
      client.catalog.write(rows(last), { namespace: 'n', table, create_if_missing });
    await expect(write('narrow', 0.5)).rejects.toMatchObject({
      code: 'schema_mismatch',
      message: expect.stringContaining('"size"'),
    });
    expect(await client.catalog.tableExists({ namespace: 'n', table: 'narrow' })).toBe(false);
    await write('typed_by_first', 29);
    const found = await rowsOf({ namespace: 'n', table: 'typed_by_first' });
    expect(found).toHaveLength(30);
    expect([found[0], found[29]]).toEqual([
      { id: 0n, size: 0n, late: null, new: null },
      { id: 29n, size: 29n, late: null, new: true },
    ]);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a Map', new Map([['id', [1]]])],
    ['a promise', Promise.resolve([{ id: 1 }])],
    ['one row', { id: 1 }],
    ['bytes', new Uint8Array(8)],
  ])('%s is refused before anything is opened', async (_, data) => {
    const table = { namespace: 'n', table: 'never' };
    const before = sent.length;
    // Plain JavaScript may give anything.
    await expect(client.catalog.write(data as WriteData, table)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(sent.length).toBe(before);
  });

  test('no rows are a write of no rows', async () => {
    const table = await makeTable('empty');
    await client.catalog.write([], table);
    expect(await rowsOf(table)).toEqual([]);
  });
});

describe('modes', () => {
  test('merge replaces by key, delete removes by key, replace replaces everything', async () => {
    const table = await makeTable('modes');
    await client.catalog.write({ id: [1, 2, 3], name: ['a', 'b', 'c'] }, { ...table, mode: 'append' });
    await client.catalog.write([{ id: 2, name: 'B' }], { ...table, mode: 'merge' });
    await client.catalog.write([{ id: 3 }], { ...table, mode: 'delete' });
    expect(await rowsOf(table)).toEqual([
      { id: 1n, name: 'a' },
      { id: 2n, name: 'B' },
    ]);
    await client.catalog.write([{ id: 9, name: 'z' }], { ...table, mode: 'replace' });
    expect(await rowsOf(table)).toEqual([{ id: 9n, name: 'z' }]);
  });

  test('a mode that needs a table does not make one', async () => {
    const missing = { namespace: 'n', table: 'missing', mode: 'append' } as const;
    await expect(client.catalog.write([{ id: 1 }], missing)).rejects.toMatchObject({ code: 'table_not_found' });
    expect(await client.catalog.tableExists({ namespace: 'n', table: 'missing' })).toBe(false);
  });

  test('rows to merge need a column of the key, also those that travel in the request', async () => {
    const table = await makeTable('no_key');
    const refused = { code: 'schema_mismatch', message: expect.stringContaining('"id"') };
    await expect(client.catalog.write([{ name: 'a' }], table)).rejects.toMatchObject(refused);
    const inline = client.catalog.writeData({ ...table, data: [{ name: 'a' }], mode: 'merge' });
    await expect(inline).rejects.toMatchObject(refused);
    expect(await rowsOf(table)).toEqual([]);
  });

  test('merging needs merge keys', async () => {
    await client.catalog.createTable({ namespace: 'n', table: 'keyless', schema_def: [{ name: 'id', type: 'int64' }] });
    const merge = client.catalog.write([{ id: 1 }], { namespace: 'n', table: 'keyless', mode: 'merge' });
    await expect(merge).rejects.toMatchObject({ code: 'merge_keys_required' });
  });
});

describe('a missing table', () => {
  test('is made with its namespace, by plain rows as by Arrow data', async () => {
    const writes: [string, WriteData][] = [
      ['rows', [{ id: 1n, name: 'a' }]],
      ['columns', { id: [1n], name: ['a'] }],
      ['arrow', tableFromArrays({ id: BigInt64Array.of(1n), name: ['a'] })],
    ];
    for (const [namespace, data] of writes) {
      await client.catalog.write(data, { namespace: `made_by_${namespace}`, table: 't' });
      expect(await rowsOf({ namespace: `made_by_${namespace}`, table: 't' })).toEqual([{ id: 1n, name: 'a' }]);
    }
  });

  async function typesOf(table: string): Promise<Record<string, string>> {
    const { schema } = await client.catalog.describeTable({ namespace: 'n', table });
    return Object.fromEntries((schema ?? []).map(({ name, type }) => [name, type]));
  }

  test('is made with the types of an Arrow table, also of an empty one', async () => {
    const vectors = {
      a: vectorFromArray([1, 2], new Int32()),
      b: vectorFromArray([0.5, 1], new Float32()),
      c: vectorFromArray(['x', 'y'], new Utf8()),
    };
    const types = { a: 'int32', b: 'float', c: 'string' };
    await client.catalog.write(new Table(vectors), { namespace: 'n', table: 'made' });
    expect(await typesOf('made')).toEqual(types);
    await client.catalog.write(new Table(vectors).slice(0, 0), { namespace: 'n', table: 'made_empty' });
    expect(await typesOf('made_empty')).toEqual(types);
  });

  test.each(['auto', 'create'] as const)('is made without rows where types are told, mode %s', async (mode) => {
    const typed = { a: new Int16Array(), b: new Float32Array() };
    await client.catalog.write(typed, { namespace: 'n', table: `typed_${mode}`, mode });
    expect(await typesOf(`typed_${mode}`)).toEqual({ a: 'int16', b: 'float' });
    const told = { namespace: 'n', table: `told_${mode}`, mode, create_if_missing: { schema_def } };
    await client.catalog.write([], told);
    expect(await typesOf(`told_${mode}`)).toEqual({ id: 'int64', name: 'string' });
  });

  test.each<[string, WriteData]>([
    ['no rows', []],
    ['no columns', {}],
    ['a column without values', { a: [] }],
  ])('is not made of %s, and the write says so', async (_, data) => {
    for (const mode of ['auto', 'create'] as const) {
      const table = { namespace: 'n', table: 'untold', mode };
      await expect(client.catalog.write(data, table)).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('"n.untold" is missing'),
      });
    }
    expect(await client.catalog.tableExists({ namespace: 'n', table: 'untold' })).toBe(false);
  });

  test('is made with the types that plain values ask for', async () => {
    const day = new Date('2026-03-01T00:00:00Z');
    await client.catalog.write([{ i: 1, f: 1.5, s: 'x', b: true, t: day }], { namespace: 'n', table: 'plain' });
    expect(await typesOf('plain')).toEqual({
      i: 'int64',
      f: 'double',
      s: 'string',
      b: 'bool',
      t: 'timestamp[us, tz=UTC]',
    });
  });

  test('is made as the caller says', async () => {
    const table = { namespace: 'fresh', table: 'keyed' };
    const create_if_missing = {
      schema_def,
      auto_create_namespace: true,
      partition_scheme: { keys: [{ key: ['name'] }] },
      table_properties: { owner: 'ana' },
    };
    const write = (rows: WriteData) => client.catalog.write(rows, { ...table, create_if_missing });
    await write({ id: [1, 2], name: ['a', 'b'] });
    await write([{ id: 2, name: 'b' }]);
    expect(await client.catalog.describeTable(table)).toMatchObject({
      merge_keys: ['id'],
      properties: { owner: 'ana' },
    });
    expect(await rowsOf(table)).toHaveLength(2);
    const partitions = (await client.catalog.plan(table)).partitionSummaries();
    expect(partitions.map(({ partition_values }) => partition_values).sort()).toEqual([['a'], ['b']]);
  });
});

describe('files that exist already', () => {
  const folder = () => join(server.root, 'elsewhere');

  /** Parquet files of the rows 1 and 2, outside of any session. */
  async function files(...names: string[]) {
    await client.catalog.write({ id: [1, 2], name: ['a', 'b'] }, { namespace: 'n', table: 'origin', mode: 'auto' });
    const [path = ''] = (await client.catalog.plan({ namespace: 'n', table: 'origin' })).filePaths();
    mkdirSync(folder(), { recursive: true });
    for (const name of names) copyFileSync(path, join(folder(), name));
  }

  test('are registered where they are, and make the table they need', async () => {
    await files('one.parquet');
    const path = join(folder(), 'one.parquet');
    const answer = await client.catalog.write(path, { namespace: 'n', table: 'registered' });
    expect(answer).toMatchObject({ total_records: 2, files_registered: 1 });
    expect((await client.catalog.plan({ namespace: 'n', table: 'registered' })).filePaths()).toEqual([path]);
    expect(await rowsOf({ namespace: 'n', table: 'registered' })).toHaveLength(2);
  });

  test('are found by globs and lists of paths, each once, in path order', async () => {
    await files('b.parquet', 'a.parquet', 'note.txt');
    const [a, b] = [join(folder(), 'a.parquet'), join(folder(), 'b.parquet')];
    await client.catalog.write([join(folder(), '[ab].parquet'), a], { namespace: 'n', table: 'globbed' });
    expect((await client.catalog.plan({ namespace: 'n', table: 'globbed' })).filePaths()).toEqual([a, b]);
  });

  test('that are missing are refused before anything is opened', async () => {
    const before = sent.length;
    for (const path of ['nothing.parquet', join(folder(), '*.nothing'), join(folder(), 'none/*.parquet')]) {
      await expect(client.catalog.write(path, { namespace: 'n', table: 'none' })).rejects.toMatchObject({
        code: 'invalid_entry',
      });
    }
    expect(sent.length).toBe(before);
  });

  test('can be committed without a session', async () => {
    await files('free.parquet');
    const path = join(folder(), 'free.parquet');
    const table = await makeTable('sessionless');
    const committed = await client.catalog.commit({ ...table, entries: [{ path }], mode: 'append' });
    expect(committed).toMatchObject({ committed: true, total_records: 2 });
    expect(await rowsOf(table)).toHaveLength(2);
  });
});

test('a session can be committed by the catalog as well', async () => {
  const table = await makeTable('staged');
  const session = await client.catalog.stage({ ...table, mode: 'append' });
  expect(existsSync(session.data_dir) ? readdirSync(session.data_dir) : []).toEqual([]);
  expect(await client.catalog.commit({ session, entries: [] })).toMatchObject({
    status: 'COMMITTED',
    total_records: 0,
  });
});
