import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { tableFromArrays } from 'apache-arrow';
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

const schema_def = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'name', type: 'string' },
];

async function makeTable(table: string, properties: Record<string, unknown> = {}) {
  await client.catalog.createTable({ namespace: 'n', table, schema_def, table_properties: properties });
  return { namespace: 'n', table };
}

/** All rows as plain objects, by id. */
async function rowsOf(table: { namespace: string; table: string }) {
  const rows = await client.catalog.read({ ...table, read_as: 'objects' });
  return rows.sort((a, b) => Number(a.id) - Number(b.id));
}

async function columnsOf(table: { namespace: string; table: string }) {
  const { schema } = await client.catalog.describeTable(table);
  return schema?.map(({ name, type }) => `${name} ${type}`);
}

describe('a table that evolves takes further columns', () => {
  test('of rows, with their types, and keeps the rows that it had', async () => {
    const table = await makeTable('rows');
    await client.catalog.write([{ id: 1, name: 'a' }], table);
    await client.catalog.write([{ id: 2, name: 'b', score: 0.5, tags: ['x'], nothing: null }, { id: 3 }], table);
    expect(await columnsOf(table)).toEqual(['id int64', 'name string', 'score double', 'tags list<item: string>']);
    expect(await rowsOf(table)).toEqual([
      { id: 1n, name: 'a', score: null, tags: null },
      { id: 2n, name: 'b', score: 0.5, tags: ['x'] },
      { id: 3n, name: null, score: null, tags: null },
    ]);
  });

  test('of Arrow data and of typed columns', async () => {
    const table = await makeTable('arrow');
    await client.catalog.write(tableFromArrays({ id: BigInt64Array.of(1n), depth: Float32Array.of(0.5) }), table);
    await client.catalog.write({ id: [2], count: Int16Array.of(7) }, table);
    expect(await columnsOf(table)).toEqual(['id int64', 'name string', 'depth float', 'count int16']);
  });

  test('of files that are registered where they are', async () => {
    const table = await makeTable('files');
    const folder = mkdtempSync(join(tmpdir(), 'deltacat-evolution-'));
    const schema = [...schema_def, { name: 'more', type: 'bool' }];
    await writeRows([{ id: 1, name: 'a', more: true }], { data_dir: folder, schema });
    await client.catalog.write(join(folder, '*.parquet'), table);
    expect(await rowsOf(table)).toEqual([{ id: 1n, name: 'a', more: true }]);
    rmSync(folder, { recursive: true });
  });

  test('of many writers at once', async () => {
    const table = await makeTable('many');
    const writers = Array.from({ length: 6 }, (_, id) => ({ id, [`c${id}`]: id }));
    await Promise.all(writers.map((row) => client.catalog.write([row], { ...table, mode: 'append' })));
    expect((await columnsOf(table))?.slice(2).sort()).toEqual(writers.map(({ id }) => `c${id} int64`));
    for (const row of await rowsOf(table)) expect(row[`c${row.id}`]).toBe(row.id);
  });

  test('but not of rows to delete', async () => {
    const table = await makeTable('deleting');
    await client.catalog.write([{ id: 1, name: 'a' }], table);
    const deleting = client.catalog.write([{ id: 1, more: 1 }], { ...table, mode: 'delete' });
    await expect(deleting).rejects.toMatchObject({ code: 'schema_mismatch' });
    expect(await columnsOf(table)).toEqual(['id int64', 'name string']);
  });
});

test('a table that does not evolve refuses them before anything is written', async () => {
  const table = await makeTable('manual', { schema_evolution_mode: 'manual' });
  const refused = client.catalog.write([{ id: 1, more: 1 }], table);
  await expect(refused).rejects.toMatchObject({ code: 'schema_mismatch', details: { columns: ['more'] } });
});

describe('alterTable', () => {
  test('changes columns, whose older rows have what it says', async () => {
    const table = await makeTable('altered');
    await client.catalog.write([{ id: 1, name: 'a' }], table);
    const { schema_id, committed_at_ns } = await client.catalog.alterTable({
      ...table,
      schema_updates: {
        base_schema_id: 0,
        operations: [
          { op: 'add', field: { name: 'rank', type: 'int32', past_default: 1, future_default: 2 } },
          { op: 'update', field_locator: 'name', field: { future_default: 'nobody' } },
        ],
      },
    });
    expect(schema_id).toBe(1);
    await client.catalog.write([{ id: 2 }], table);
    expect(await rowsOf(table)).toEqual([
      { id: 1n, name: 'a', rank: 1 },
      { id: 2n, name: 'nobody', rank: 2 },
    ]);
    await client.catalog.alterTable({
      ...table,
      schema_updates: { operations: [{ op: 'remove', field_locator: 'rank' }], allow_incompatible_changes: true },
    });
    expect(Object.keys((await rowsOf(table))[0] ?? {})).toEqual(['id', 'name']);
    const then = await client.catalog.read({ ...table, as_of: committed_at_ns, read_as: 'objects' });
    expect(then).toEqual([{ id: 1n, name: 'a', rank: 1 }]);
  });

  test('tells a caller that another one was first', async () => {
    const table = await makeTable('raced');
    const add = (name: string) =>
      client.catalog.alterTable({
        ...table,
        schema_updates: { base_schema_id: 0, operations: [{ op: 'add', field: { name, type: 'bool' } }] },
      });
    await add('a');
    await expect(add('b')).rejects.toMatchObject({ name: 'ConcurrentModificationError', retryable: true });
  });
});
