import { gzipSync } from 'node:zlib';
import type { SchemaField } from '@deltacat/contract';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, expect, test } from 'vitest';
import { openStorage } from '../storage/open.ts';
import { FILE_INDEX_COLUMN, FILE_ROW_COLUMN, prepareScan } from './format.ts';

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'name', type: 'string' },
  { name: 'at', type: 'timestamp[us]' },
  { name: 'price', type: 'decimal128(10, 2)' },
  { name: 'list', type: 'list<item: int64>' },
  { name: 'pair', type: 'struct<x: double, y: string>' },
  { name: 'data', type: 'binary' },
];
const LINES =
  '{"name":"x","id":9007199254740993,"at":"2024-01-02 03:04:05.000001","price":"1.50","list":[1,null],"pair":{"x":1.5,"y":"a"},"data":"YWI=","more":1}\n' +
  '{"id":2,"name":"","price":2.25}\n{"id":null,"name":null}\n';
const EMPTY = { id: null, name: null, at: null, price: null, list: null, pair: null, data: null };
const ROWS = [
  {
    id: '9007199254740993',
    name: 'x',
    at: '2024-01-02 03:04:05.000001',
    price: '1.50',
    list: ['1', null],
    pair: { x: 1.5, y: 'a' },
    data: 'ab',
  },
  { ...EMPTY, id: '2', name: '', price: '2.25' },
  EMPTY,
];

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function fileOf(content: string | Uint8Array) {
  const path = `memory://${crypto.randomUUID()}/x.json`;
  await openStorage(path).write(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return {
    path,
    content_type: 'json' as const,
    content_encoding: 'identity' as const,
    content_length: 0,
    record_count: 0,
  };
}

async function scan(contents: (string | Uint8Array)[], fields = FIELDS) {
  const prepared = await prepareScan(await Promise.all(contents.map(fileOf)), { fields: fields });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  closers.push(
    prepared.dispose,
    () => instance.closeSync(),
    () => connection.closeSync(),
  );
  const sql = `SELECT * EXCLUDE (${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}) FROM ${prepared.sql} ORDER BY ${FILE_INDEX_COLUMN}, ${FILE_ROW_COLUMN}`;
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

test('lines of objects are rows of the schema, packed or not, in the order of their files', async () => {
  const contents = [LINES, gzipSync(gzipSync(LINES)), '', gzipSync(LINES), LINES];
  expect(await scan(contents)).toEqual([...ROWS, ...ROWS, ...ROWS, ...ROWS]);
});

test.each([
  ['a fraction in an integer column', '{"id":1.5}\n'],
  ['a text in an integer column', '{"id":"one"}\n'],
  ['a list of objects instead of lines', '[{"id":1}]\n'],
  ['a line that is no JSON', '{"id":1}\nid: 2\n'],
])('%s fails the read instead of changing a value', async (_name, content) => {
  await expect(scan([content])).rejects.toThrow();
});
