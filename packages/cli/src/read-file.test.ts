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

test.each(['out.csv', 'out.jsonl', 'out', '/dev/stdout'])('%s is not the name of a Parquet file', async (name) => {
  expect(await readTo(join(folder, name))).toBe(EXIT.usage.code);
  expect(complained).toContain('.parquet');
  expect(existsSync(join(folder, name))).toBe(false);
});
