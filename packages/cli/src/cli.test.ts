import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@deltacat/client';
import { writeRows } from '@deltacat/io-core';
import { type RunningServer, startServer } from '@deltacat/server';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { environmentFor, TEST_DATABASE_URL } from '../../server/src/testing/database.ts';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

const FILE = fileURLToPath(import.meta.url);

let folder: string;
let server: RunningServer;
let corrected_at: bigint;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-cli-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  for (const [name, value] of Object.entries(await environmentFor(folder))) vi.stubEnv(name, value);
  server = await startServer({ catalog_root: join(folder, 'catalog'), port: 0 });
  await using client = new Client(server.url);
  const fruit = { namespace: 'shop', table: 'fruit' };
  await client.catalog.createNamespace({ namespace: 'shop' });
  await client.catalog.createTable({
    ...fruit,
    schema_def: [
      { name: 'id', type: 'int64', is_merge_key: true },
      { name: 'name', type: 'string' },
      { name: 'price', type: 'double' },
    ],
  });
  const rows = [
    { id: 1n, name: 'apple, red', price: 0.5 },
    { id: 2n, name: '', price: null },
    { id: 9_007_199_254_740_993n, name: null, price: 2 },
  ];
  const first = await client.catalog.write(rows, fruit);
  await client.catalog.write([{ id: 1n, name: 'apple', price: 0.75 }], fruit);
  corrected_at = first.committed_at_ns ?? 0n;
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

let output: CapturedOutput;

beforeEach(() => {
  output = captureOutput();
});

/** Runs a command against the server, unless it names another. */
const run = (...args: string[]) => main(args.includes('--url') ? args : [...args, '--url', server.url]);

describe('read', () => {
  test('prints merged rows as an aligned table', async () => {
    expect(await run('read', 'shop.fruit', '--filter', '{"lte": ["id", 2]}', '--columns', 'id,name,price')).toBe(
      EXIT.done.code,
    );
    expect(output.printed.split('\n').map((line) => line.trimEnd())).toEqual(
      expect.arrayContaining(['id  name   price', ' 1  apple   0.75', ' 2']),
    );
  });

  test('prints the rows of the partitions that are named', async () => {
    await using client = new Client(server.url);
    const days = { namespace: 'shop', table: 'days' };
    const schema_def = [
      { name: 'city', type: 'string' },
      { name: 'year', type: 'int64' },
    ];
    const partition_scheme = { keys: [{ key: ['city'] }, { key: ['year'] }] };
    await client.catalog.createTable({ ...days, schema_def, partition_scheme });
    await client.catalog.write({ city: ['Lima', 'Oslo', 'Rome'], year: [2025, 2026, 2027] }, days);
    const named = ['--partition', '["Oslo", 2026]', '--partition', '["Rome", 2027]'];
    expect(await run('read', 'shop.days', '--csv', '--columns', 'city', ...named)).toBe(EXIT.done.code);
    expect(output.printed).toBe('city\nOslo\nRome\n');
    expect(await run('read', 'shop.days', '--partition', 'Oslo')).toBe(EXIT.failed.code);
    expect(await run('read', 'shop.days', '--partition', '[["Oslo"]]')).toBe(EXIT.usage.code);
  });

  test('prints JSON lines in which 64-bit integers are bare and exact', async () => {
    expect(await run('read', 'shop.fruit', '--json', '--filter', '{"gt": ["id", 2]}')).toBe(EXIT.done.code);
    expect(output.printed).toBe('{"id":9007199254740993,"name":null,"price":2}\n');
  });

  test('prints CSV in which null and the empty text stay apart', async () => {
    expect(await run('read', 'shop.fruit', '--csv', '--as-of', String(corrected_at))).toBe(EXIT.done.code);
    const lines = output.printed.trimEnd().split('\n');
    expect(lines[0]).toBe('id,name,price');
    expect(lines.slice(1).sort()).toEqual(['1,"apple, red",0.5', '2,"",', '9007199254740993,,2']);
  });

  test('registers files of the format that it is told', async () => {
    const [entry] = await writeRows([{ id: 1, name: 'avro' }], { data_dir: folder, format: 'avro' });
    const args = ['write', entry?.path ?? '', '--table', 'shop.avro', '--format', 'avro'];
    expect(await run(...args)).toBe(EXIT.done.code);
    output.printed = '';
    expect(await run('read', 'shop.avro', '--csv')).toBe(EXIT.done.code);
    expect(output.printed.trimEnd().split('\n')).toEqual(['id,name', '1,avro']);
  });

  test('writes a Parquet file that can be written to another table', async () => {
    const file = join(folder, 'fruit.parquet');
    expect(await run('read', 'shop.fruit', '-o', file)).toBe(EXIT.done.code);
    expect(output.printed).toContain('Wrote 3 rows');
    expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1');
    output.printed = '';
    expect(await run('write', file, '--table', 'shop.copy', '--json')).toBe(EXIT.done.code);
    expect(JSON.parse(output.printed)).toMatchObject({
      namespace: 'shop',
      table: 'copy',
      files_registered: 1,
      total_records: 3,
    });
    output.printed = '';
    await run('write', file, '--table', 'shop.copy');
    expect(output.printed).toMatch(/^shop.copy: 1 file with 3 rows committed/);
    output.printed = '';
    await run('read', 'shop.copy', '--json', '--limit', '1');
    expect(output.printed.trimEnd().split('\n')).toHaveLength(1);
  });

  describe('of no rows', () => {
    const none = ['read', 'shop.fruit', '--filter', '{"gt": ["price", 100]}'];

    test.each([
      ['a table', [], ['id  name  price', '--  ----  -----', '']],
      ['CSV', ['--csv'], ['id,name,price', '']],
      ['CSV of some columns', ['--csv', '--columns', 'price,id'], ['price,id', '']],
      ['CSV within a memory limit', ['--csv', '--memory-limit', '512MiB'], ['id,name,price', '']],
      ['JSON', ['--json'], ['']],
    ])('prints the names of the columns where %s has them', async (_title, form, lines) => {
      expect(await run(...none, ...form)).toBe(EXIT.done.code);
      expect(output.printed.split('\n')).toEqual(lines);
    });

    test('writes a file of the columns, which can be written to another table', async () => {
      const file = join(folder, 'none.parquet');
      expect(await run(...none, '-o', file)).toBe(EXIT.done.code);
      expect(output.printed).toMatch(/^Wrote 0 rows to /);
      expect(await run('write', file, '--table', 'shop.none')).toBe(EXIT.done.code);
      output.printed = '';
      expect(await run('read', 'shop.none', '--csv')).toBe(EXIT.done.code);
      expect(output.printed).toBe('id,name,price\n');
    });

    test('says nothing of rows that were not asked for', async () => {
      expect(await run('read', 'shop.fruit', '--limit', '0')).toBe(EXIT.done.code);
      expect(output.printed).not.toContain('first');
    });
  });

  test('says how to see more than the first rows', async () => {
    await run('read', 'shop.fruit', '--limit', '1');
    expect(output.printed).toContain('(first row; --limit N shows more, --json and --csv all)');
  });

  test('leaves no file behind when there is nothing to read', async () => {
    const file = join(folder, 'nothing.parquet');
    expect(await run('read', 'shop.nothing', '-o', file)).toBe(EXIT.failed.code);
    expect(existsSync(file)).toBe(false);
    expect(output.complained).toContain('[table_not_found]');
  });
});

test('tables goes on where a table has no version left', async () => {
  await using client = new Client(server.url);
  const worn = { namespace: 'shop', table: 'worn' };
  await client.catalog.createTable({ ...worn, schema_def: [{ name: 'id', type: 'int64' }] });
  await client.catalog.alterTable({ ...worn, lifecycle_state: 'deleted' });
  expect(await run('tables', 'shop')).toBe(EXIT.done.code);
  expect(output.printed).toMatch(/fruit.*worn/s);
  await client.catalog.dropTable(worn);
});

test('partitions lists what each of a table holds, all or those of a filter', async () => {
  await using client = new Client(server.url);
  const runs = { namespace: 'shop', table: 'runs' };
  const schema_def = [{ name: 'n', type: 'int64' }];
  await client.catalog.createTable({ ...runs, schema_def, partition_scheme: { keys: [{ key: ['n'] }] } });
  await client.catalog.write({ n: [1, 2, 2] }, runs);
  expect(await run('partitions', 'shop.runs')).toBe(EXIT.done.code);
  expect(output.printed).toMatch(/values +rows +files.*\n-.*\n\[1\] +1 +1 .*\n\[2\] +2 +1 /);
  expect(await run('partitions', 'shop.runs', '--json', '--filter', '{"gt": ["record_count", 1]}')).toBe(
    EXIT.done.code,
  );
  const { partition_values, record_count } = JSON.parse(output.printed.trimEnd().split('\n').at(-1) ?? '');
  expect({ partition_values, record_count }).toEqual({ partition_values: [2], record_count: 2 });
});

test('tables lists rows, files and sizes', async () => {
  expect(await run('tables', 'shop', '--json')).toBe(EXIT.done.code);
  const [fruit] = output.printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ table }) => table === 'fruit');
  expect(fruit).toMatchObject({ namespace: 'shop', version: '1', rows: 4, files: 2 });
});

describe('exit codes', () => {
  test.each([
    ['an unknown command', ['nope']],
    ['a table name with too many parts', ['read', 'a.b.c']],
    ['a filter that is no JSON', ['read', 'a.b', '--filter', 'nope']],
    ['a filter with an unknown operator', ['read', 'a.b', '--filter', '{"nope": ["a", 1]}']],
    ['a time that is a word', ['read', 'a.b', '--as-of', 'yesterday']],
    ['a table without its namespace', ['write', 'x.parquet', '--table', 'fruit']],
    ['a time in seconds', ['read', 'a.b', '--as-of', '1774958400']],
    ['an address that is none', ['tables', '--url', 'nope']],
    ['two forms at once', ['read', 'shop.fruit', '--json', '--csv']],
    ['a memory limit without its unit', ['read', 'shop.fruit', '--memory-limit', '512']],
    ['a memory limit that nothing could be read with', ['read', 'shop.fruit', '--memory-limit', '1MiB']],
    ['an unknown format', ['write', 'x.xls', '--table', 'a.b', '--format', 'xls']],
    ['an unknown mode', ['write', 'x.parquet', '--table', 'a.b', '--mode', 'upsert']],
  ])('%s is wrong usage', async (_title, args) => {
    expect(await run(...args)).toBe(EXIT.usage.code);
    expect(output.complained).not.toBe('');
  });

  test('a transport that is not there yet is wrong usage', async () => {
    expect(await main(['serve', '--catalog-root', join(folder, 'other')])).toBe(EXIT.usage.code);
    expect(output.complained).toContain('--transport http');
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  test('a refusal of the server is told with its code', async () => {
    expect(await run('read', 'shop.nope')).toBe(EXIT.failed.code);
    expect(output.complained).toContain('[table_not_found]');
  });

  test('a server that is not there is told apart from a refusal', async () => {
    expect(await main(['tables', '--url', 'http://127.0.0.1:9'])).toBe(EXIT.unreachable.code);
    expect(output.complained).toContain('deltacat serve --catalog-root');
  });

  test.skipIf(TEST_DATABASE_URL !== null)(
    'a folder that another server holds is a failure that names it (skipped where the store is not in it)',
    async () => {
      expect(
        await main(['serve', '--catalog-root', join(folder, 'catalog'), '--transport', 'http', '--port', '0']),
      ).toBe(EXIT.failed.code);
      expect(output.complained).toContain('held by another server');
    },
  );

  test.each([
    ['a file where the folder should be', ['--catalog-root', FILE], FILE],
    ['a host that is not of this machine', ['--host', '127.0.0.1.invalid'], '--host'],
  ])('%s is told in words', async (_title, args, named) => {
    vi.stubEnv('DELTACAT_ALLOW_ANONYMOUS', 'true');
    const root = ['--catalog-root', join(folder, 'elsewhere'), ...args];
    expect(await main(['serve', ...root, '--transport', 'http', '--port', '0'])).toBe(EXIT.failed.code);
    expect(output.complained).toContain(named);
    expect(output.complained).not.toMatch(/E[A-Z]{4,}|undefined/);
  });

  test('the guide lists the exit codes', () => {
    const guide = readFileSync(new URL('../../../docs/guide/command-line.md', import.meta.url), 'utf8');
    for (const { code, meaning } of Object.values(EXIT))
      expect(guide).toMatch(new RegExp(`\\| ${code} \\| ${meaning}`));
  });
});
