import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Client } from '@deltacat/client';
import { type RunningServer, startServer } from '@deltacat/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { environmentFor } from '../../server/src/testing/database.ts';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

let folder: string;
let server: RunningServer;
let output: CapturedOutput;
let tables = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-write-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  for (const [name, value] of Object.entries(await environmentFor(folder))) vi.stubEnv(name, value);
  server = await startServer({ catalog_root: join(folder, 'catalog'), port: 0 });
  await using client = new Client(server.url);
  await client.catalog.createNamespace({ namespace: 'shop' });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  tables += 1;
  output = captureOutput();
});
afterEach(() => vi.restoreAllMocks());

const write = (...args: string[]) => main(['write', ...args, '--table', `shop.t${tables}`, '--url', server.url]);

function send(...parts: (string | Uint8Array)[]) {
  // What is sent is bytes, cut anywhere.
  const input = Readable.from(parts.map((part) => Buffer.from(part)));
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as typeof process.stdin);
}

async function rows() {
  await using client = new Client(server.url);
  return client.catalog.read({ namespace: 'shop', table: `t${tables}`, read_as: 'objects' });
}

describe('rows from standard input', () => {
  test('are JSON lines, to the last digit, empty lines aside', async () => {
    send('{"id": 9007199254740993, "name": "a"}\n\n{"id": 2, "na', 'me": null}\r\n{"id": 3}');
    expect(await write('-')).toBe(EXIT.done.code);
    expect(output.printed).toMatch(/^shop\.t\d+: 1 file with 3 rows committed/);
    expect(await rows()).toEqual([
      { id: 9007199254740993n, name: 'a' },
      { id: 2n, name: null },
      { id: 3n, name: null },
    ]);
  });

  test('are CSV below the names of their columns, in any order of a table', async () => {
    await using client = new Client(server.url);
    const schema_def = [
      { name: 'id', type: 'int32' },
      { name: 'at', type: 'timestamp[us]' },
    ];
    await client.catalog.createTable({ namespace: 'shop', table: `t${tables}`, schema_def });
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    vi.stubEnv('TMPDIR', temporary);
    send('at,id\n2026-03-01 12:00:00,', '1\n,2\n');
    expect(await write('-', '--format', 'csv')).toBe(EXIT.done.code);
    expect(readdirSync(temporary)).toEqual([]);
    vi.stubEnv('TMPDIR', tmpdir());
    expect(await rows()).toEqual([
      { id: 1, at: '2026-03-01T12:00:00' },
      { id: 2, at: null },
    ]);
  });

  test.each<[string, string, { said: string; options?: string[] }]>([
    ['a line that is no JSON', '{"id": 1}\n{"id":\n', { said: 'Line 2' }],
    ['a line that is no object', '[1]\n', { said: 'Line 1' }],
    ['CSV without names', 'id,id\n1,2\n', { said: 'first line', options: ['--format', 'csv'] }],
  ])('with %s are not written, and the line is told', async (_title, text, { said, options }) => {
    send(text);
    expect(await write('-', ...(options ?? []))).toBe(EXIT.failed.code);
    expect(output.complained).toContain(said);
    await using client = new Client(server.url);
    expect(await client.catalog.tableExists({ namespace: 'shop', table: `t${tables}` })).toBe(false);
  });

  test.each([
    ['beside files', ['-', 'x.parquet']],
    ['of a format that is no text', ['-', '--format', 'parquet']],
    ['of a format that nobody knows', ['-', '--format', 'xml']],
  ])('%s are wrong usage', async (_title, args) => {
    send('');
    expect(await write(...args)).toBe(EXIT.usage.code);
  });
});

test('files are registered by their names, or by the format that is said', async () => {
  const files = join(folder, `files-${tables}`);
  mkdirSync(files);
  writeFileSync(join(files, 'a.csv'), 'id,name\n1,x\n');
  writeFileSync(join(files, 'b.txt'), 'id,name\n2,y\n');
  expect(await write(files)).toBe(EXIT.done.code);
  expect(await write(join(files, '*.txt'), '--format', 'csv')).toBe(EXIT.done.code);
  expect((await rows()).map(({ id, name }) => [id, name])).toEqual([
    [1n, 'x'],
    [2n, 'y'],
  ]);
  expect(await write(join(files, '*'))).toBe(EXIT.failed.code);
  expect(output.complained).toContain('[invalid_request]');
});
