import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mountSmallDisk, type SmallDisk } from '../testing/small-disk.ts';
import { openSqlite } from './sqlite.ts';

let folder: string;
let disk: SmallDisk | null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-unusable-'));
  disk = null;
});
afterEach(() => {
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

const trial = mountSmallDisk(65_536);
trial?.unmount();

async function refusalOf(root: string): Promise<string> {
  const error = await openSqlite(root).then(
    () => new Error('it opened'),
    (reason: Error) => reason,
  );
  expect(error.message).toContain(root);
  expect(error.message).not.toContain('another server');
  return error.message;
}

test('a file in place of the folder is called one', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await refusalOf(file)).toMatch(/file already exists.*Remove the file/);
  expect(await refusalOf(join(file, 'below'))).toMatch(/not a directory.*Remove the file/);
});

test.skipIf(!existsSync('/proc/self'))(
  'a place where no folder can be made is refused, not tried for ever',
  async () => {
    expect(await refusalOf('/proc/self/nowhere/store')).toMatch(/no such file or directory|not permitted|denied/);
  },
);

test('a lock that cannot be opened is not taken for a held one', async () => {
  // A folder in place of the lock refuses everybody, root too.
  mkdirSync(join(folder, 'server.lock'));
  expect(await refusalOf(folder)).toMatch(/unable to open database file/);
});

test.skipIf(trial === null)('a full disk is called one (skipped where disks cannot be mounted)', async () => {
  disk = mountSmallDisk(65_536);
  if (!disk) return;
  const { folder: root } = disk;
  expect(() => writeFileSync(join(root, 'filling'), Buffer.alloc(100_000))).toThrow('ENOSPC');
  expect(await refusalOf(root)).toMatch(/: no space left on device\. Free space/);
  rmSync(join(root, 'filling'));
  expect(await refusalOf(root)).toMatch(/database or disk is full|disk I\/O error|no space left/);
});

test.skipIf(trial === null)('a disk that may only be read is called one (skipped as above)', async () => {
  disk = mountSmallDisk(65_536);
  disk?.remount('ro');
  const { folder: root } = disk ?? { folder };
  expect(await refusalOf(root)).toMatch(/read-only file system.*Let the server write there/);
  expect(await refusalOf(join(root, 'new'))).toMatch(/read-only file system.*Let the server write there/);
});
