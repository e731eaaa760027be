import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@deltacat/client';
import { type RunningServer, startServer } from '@deltacat/server';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { EXIT, main } from './index.ts';

let folder: string;
let server: RunningServer;
let complained: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-file-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  server = await startServer({ catalog_root: join(folder, 'catalog'), port: 0 });
  await using client = new Client(server.url);
  await client.catalog.createNamespace({ namespace: 'shop' });
  await client.catalog.write([{ id: 1n }, { id: 2n }], { namespace: 'shop', table: 'fruit', mode: 'create' });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  complained = '';
  vi.spyOn(process.stdout, 'write').mockImplementation(((_text: string, taken?: () => void) => {
    taken?.();
    return true;
  }) as typeof process.stdout.write);
  vi.spyOn(console, 'error').mockImplementation((text) => {
    complained += `${text}\n`;
  });
});

const readTo = (file: string, ...args: string[]) =>
  main(['read', 'shop.fruit', '-o', file, '--url', server.url, ...args]);
const isParquet = (file: string) => readFileSync(file).subarray(0, 4).toString() === 'PAR1';

test('a file of that name is replaced', async () => {
  const file = join(folder, 'old.parquet');
  writeFileSync(file, 'old');
  expect(await readTo(file)).toBe(EXIT.done.code);
  expect(isParquet(file)).toBe(true);
});

test('a link stays, and the file that it names is replaced', async () => {
  const [file, link] = [join(folder, 'named.parquet'), join(folder, 'link.parquet')];
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  expect(await readTo(link)).toBe(EXIT.done.code);
  expect(isParquet(file)).toBe(true);
  expect(
    readdirSync(folder, { withFileTypes: true })
      .find(({ name }) => name === 'link.parquet')
      ?.isSymbolicLink(),
  ).toBe(true);
});

test('the permissions of a replaced file stay', async () => {
  const file = join(folder, 'private.parquet');
  writeFileSync(file, 'old');
  chmodSync(file, 0o600);
  await readTo(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each([
  ['a folder', 'folder.parquet', { make: (path: string) => mkdirSync(path), said: 'not a file' }],
  [
    'a link to a device',
    'device.parquet',
    { make: (path: string) => symlinkSync('/dev/null', path), said: 'not a file' },
  ],
  [
    'a link to nothing',
    'dangling.parquet',
    { make: (path: string) => symlinkSync(join(folder, 'gone'), path), said: 'leads nowhere' },
  ],
])('%s is not replaced', async (_title, name, { make, said }) => {
  const path = join(folder, name);
  make(path);
  expect(await readTo(path)).toBe(EXIT.failed.code);
  expect(complained).toContain(path);
  expect(complained).toContain(said);
  expect(existsSync('/dev/null') && !statSync('/dev/null').isFile()).toBe(true);
});

test('a folder that is not there is named', async () => {
  expect(await readTo(join(folder, 'nowhere', 'x.parquet'))).toBe(EXIT.failed.code);
  expect(complained).toContain(`There is no folder ${join(folder, 'nowhere')}`);
});

test('a folder that is a file is named', async () => {
  writeFileSync(join(folder, 'plain'), '');
  expect(await readTo(join(folder, 'plain', 'x.parquet'))).toBe(EXIT.failed.code);
  expect(complained).toContain(join(folder, 'plain'));
  expect(complained).not.toContain('ENOTDIR');
});

const READ: Record<string, (file: string) => unknown> = {
  csv: (file) => readFileSync(file, 'utf8'),
  json: (file) => readFileSync(file, 'utf8'),
  parquet: (file) => readFileSync(file).subarray(0, 4).toString(),
  feather: (file) =>
    tableFromIPC(readFileSync(file))
      .toArray()
      .map(({ id }) => id),
};

test.each([
  ['rows.csv', 'csv', 'id\n1\n2\n'],
  ['rows.json', 'json', '{"id":1}\n{"id":2}\n'],
  ['rows.NDJSON', 'json', '{"id":1}\n{"id":2}\n'],
  ['rows.feather', 'feather', [1n, 2n]],
  ['rows.arrow', 'feather', [1n, 2n]],
  ['rows.parquet', 'parquet', 'PAR1'],
])('%s is written as its name promises', async (name, form, held) => {
  const file = join(folder, name);
  expect(await readTo(file)).toBe(EXIT.done.code);
  expect(READ[form]?.(file)).toEqual(held);
});

test('a name that promises nothing needs a form', async () => {
  const file = join(folder, 'rows.out');
  expect(await readTo(file, '--as', 'csv', '--offset', '1', '--limit', '5')).toBe(EXIT.done.code);
  expect(readFileSync(file, 'utf8')).toBe('id\n2\n');
});

test('no rows make an Arrow file of the columns', async () => {
  const file = join(folder, 'none.arrow');
  expect(await readTo(file, '--limit', '0')).toBe(EXIT.done.code);
  const table = tableFromIPC(readFileSync(file));
  expect([table.numRows, table.schema.fields.map(String)]).toEqual([0, ['id: Int64']]);
});

test.each([
  ['out', [], 'none of'],
  ['/dev/stdout', [], 'none of'],
  ['out.parquet', ['--csv'], 'promises|says'],
  ['out.csv', ['--as', 'table'], 'screen'],
  ['out.csv', ['--csv', '--json'], 'Choose one'],
  ['out.csv', ['--as', 'xml'], 'xml'],
])('%s with %j is wrong usage', async (name, options, said) => {
  expect(await readTo(join(folder, name), ...options)).toBe(EXIT.usage.code);
  expect(complained).toMatch(new RegExp(said));
  expect(existsSync(join(folder, name))).toBe(false);
});

test('what is no text is not printed', async () => {
  const args = ['read', 'shop.fruit', '--url', server.url, '--as', 'feather'];
  expect(await main(args)).toBe(EXIT.usage.code);
  expect(complained).toContain('--output');
});
