import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/src/testing/server.ts';
import { Client } from './client.ts';

let server: TestServer;
let client: Client;
let made = 0;

beforeAll(async () => {
  server = await startTestServer();
  client = new Client('http://test', { fetch: (url, init) => server.fetch(url, init) });
  await client.catalog.createNamespace({ namespace: 'n' });
});
afterAll(() => server.close());

function put(name: string, bytes: string | Uint8Array): string {
  made += 1;
  const folder = join(server.root, 'given', String(made));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const table = () => ({ namespace: 'n', table: `t${made}` });
const CSV = 'id,name,score,ok\n1,"a, b",0.5,true\n2,,1,false\n';

describe('text files of other programs', () => {
  test.each([
    ['CSV with a header', 'x.csv', CSV],
    ['CSV of another system', 'x.csv', CSV.replaceAll('\n', '\r\n')],
    ['CSV that is compressed', 'x.csv.gz', gzipSync(CSV)],
    ['CSV whose last line does not end', 'x.csv', CSV.trimEnd()],
    ['TSV', 'x.tsv', 'id\tname\tscore\tok\n1\ta, b\t0.5\ttrue\n2\t\t1\tfalse\n'],
    ['PSV', 'x.psv', 'id|name|score|ok\n1|a, b|0.5|true\n2||1|false\n'],
    ['JSON lines', 'x.jsonl', '{"id":1,"name":"a, b","score":0.5,"ok":true}\n{"ok":false,"id":2,"score":1}\n'],
  ])('are registered with their rows and columns: %s', async (_title, name, bytes) => {
    const path = put(name, bytes);
    const answer = await client.catalog.write(path, table());
    expect(answer).toMatchObject({ total_records: 2, files_registered: 1 });
    const { schema } = await client.catalog.describeTable(table());
    const types = Object.fromEntries((schema ?? []).map((field) => [field.name, field.type]));
    expect(types).toEqual({ id: 'int64', name: 'string', score: 'double', ok: 'bool' });
    const [first, second] = await client.catalog.read({ ...table(), read_as: 'objects' });
    expect(first).toEqual({ id: 1n, name: 'a, b', score: 0.5, ok: true });
    expect(second).toMatchObject({ id: 2n, score: 1, ok: false });
  });

  test('keep texts that look like times or ids, and lists and objects of JSON', async () => {
    const row =
      '{"at":"2026-03-01T12:00:00","who":{"n":1,"id":"6b1f0d4c-1f1e-4e6a-9c1f-0d4c1f1e4e6a"},"tags":["a","b"]}\n';
    await client.catalog.write(put('x.json', row), table());
    const [found] = await client.catalog.read({ ...table(), read_as: 'objects' });
    expect(found).toEqual(JSON.parse(row, (key, value) => (key === 'n' ? BigInt(value) : value)));
  });

  test('go into a table by its own types', async () => {
    const path = put('x.csv', 'id,at\n1,2026-03-01 12:00:00\n');
    const schema_def = [
      { name: 'id', type: 'int32' },
      { name: 'at', type: 'timestamp[us]' },
    ];
    await client.catalog.createTable({ ...table(), schema_def });
    await client.catalog.write(path, { ...table(), mode: 'append' });
    const rows = await client.catalog.read({ ...table(), read_as: 'objects' });
    expect(rows).toEqual([{ id: 1, at: '2026-03-01T12:00:00' }]);
  });

  test('have no rows beside their header', async () => {
    expect(await client.catalog.write(put('x.csv', 'id,name\n'), table())).toMatchObject({ total_records: 0 });
    expect(await client.catalog.read({ ...table(), read_as: 'objects' })).toEqual([]);
  });

  test.each([
    ['other names', 'nr,name\n1,a\n'],
    ['another order', 'name,id\na,1\n'],
    ['fewer columns', 'id\n1\n'],
    ['no header', '7,x\n8,y\n'],
  ])('are refused with %s than their table, whose readers would take the line for a row', async (_title, bytes) => {
    const path = put('x.csv', bytes);
    const schema_def = [
      { name: 'id', type: 'int64' },
      { name: 'name', type: 'string' },
    ];
    await client.catalog.createTable({ ...table(), schema_def });
    await expect(client.catalog.write(path, { ...table(), mode: 'append' })).rejects.toMatchObject({
      code: 'schema_mismatch',
      details: { path },
    });
    expect((await client.catalog.plan(table())).total_files).toBe(0);
  });

  test.each([
    ['a name twice', 'x.csv', 'id,id\n1,2\n'],
    ['a column without a name', 'x.csv', 'id,\n1,2\n'],
    ['nothing in it', 'x.csv', ''],
    ['lines that are no objects', 'x.json', '[1, 2]\n[3, 4]\n'],
    ['no JSON', 'x.json', '{"id": 1}\n{"id": \n'],
  ])('are refused with %s, before a table is made', async (_title, name, bytes) => {
    const path = put(name, bytes);
    await expect(client.catalog.write(path, table())).rejects.toMatchObject({
      code: 'invalid_entry',
      details: { path },
    });
    expect(await client.catalog.tableExists(table())).toBe(false);
  });
});

test('files of one write have one format, which format may say', async () => {
  const paths = [put('x.csv', 'id\n1\n'), put('y.txt', 'id\n2\n'), put('z.json', '{"id":3}\n')];
  await expect(client.catalog.write(paths, table())).rejects.toMatchObject({ code: 'invalid_request' });
  const answer = await client.catalog.write(paths.slice(0, 2), { ...table(), format: 'csv' });
  expect(answer).toMatchObject({ total_records: 2, files_registered: 2 });
  expect(await client.catalog.read({ ...table(), read_as: 'objects' })).toEqual([{ id: 1n }, { id: 2n }]);
});

test('a folder is all of its files, where they are', async () => {
  const folder = join(server.root, 'given', 'folder');
  mkdirSync(join(folder, 'day=1'), { recursive: true });
  for (const name of ['b.csv', 'day=1/a.csv', '_SUCCESS']) writeFileSync(join(folder, name), 'id\n1\n');
  const days = { namespace: 'n', table: 'days' };
  await client.catalog.write(`${folder}/`, days);
  const paths = (await client.catalog.plan(days)).filePaths();
  expect(paths).toEqual([join(folder, 'b.csv'), join(folder, 'day=1/a.csv')]);
});
