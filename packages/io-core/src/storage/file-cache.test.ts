import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileCache } from './file-cache.ts';
import type { RemoteReads, VersionRange } from './storage.ts';

const BYTES = new Uint8Array(1_000_000).map((_, index) => index % 251);
const MB = 2 ** 20;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A store of files of the same bytes that tells what it was asked, and can be made to wait or to fail. */
class Store implements RemoteReads {
  readonly store: string;
  readonly asked: VersionRange[] = [];
  before: (range: VersionRange) => Promise<void> = async () => {};

  constructor(name = 'store') {
    this.store = name;
  }

  async measure() {
    return { size_bytes: BYTES.byteLength, version: 'v' };
  }

  async *stream(_path: string, range: VersionRange): AsyncGenerator<Uint8Array> {
    this.asked.push(range);
    await this.before(range);
    yield BYTES.subarray(range.offset, range.offset + range.length);
  }

  get bytes(): number {
    return this.asked.reduce((sum, { length }) => sum + length, 0);
  }
}

const file = (path: string, version: string | null = 'v') => ({ path, size_bytes: BYTES.byteLength, version });
const files = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());

test('a file is copied once, for readers at the same time and after', async () => {
  const cache = new FileCache({ folder });
  const store = new Store();
  const copies = await Promise.all(Array.from({ length: 5 }, () => cache.copy(store, file('a'))));
  for (const { path, release } of copies) {
    expect(Buffer.compare(await readFile(path), BYTES)).toBe(0);
    await release();
  }
  await (await cache.copy(store, file('a'))).release();
  expect(store.bytes).toBe(BYTES.byteLength);
  await cache.clear();
  expect(await files()).toEqual([]);
});

test('only the parts that are lacking are fetched, and what was read already is taken', async () => {
  const cache = new FileCache({ folder });
  const store = new Store();
  const known = { offset: 900_000, bytes: BYTES.subarray(900_000) };
  const first = await cache.copy(store, { ...file('a'), known }, [
    { offset: 100_000, end: 200_000 },
    { offset: 900_000, end: 950_000 },
  ]);
  const second = await cache.copy(store, file('a'), [{ offset: 150_000, end: 300_000 }]);
  expect(store.asked.map(({ offset, length }) => [offset, length])).toEqual([
    [100_000, 100_000],
    [200_000, 100_000],
  ]);
  expect(first.path).toBe(second.path);
  const bytes = await readFile(second.path);
  expect(bytes.byteLength).toBe(BYTES.byteLength);
  expect(Buffer.compare(bytes.subarray(100_000, 300_000), BYTES.subarray(100_000, 300_000))).toBe(0);
  expect(Buffer.compare(bytes.subarray(900_000), BYTES.subarray(900_000))).toBe(0);
  expect(bytes[99_999]).toBe(0);
  await cache.clear();
});

test('another version, and a file of the same name in another store, are other files', async () => {
  const cache = new FileCache({ folder });
  const [one, other] = [new Store('one'), new Store('other')];
  const copies = [
    await cache.copy(one, file('a')),
    await cache.copy(one, file('a', 'w')),
    await cache.copy(other, file('a')),
  ];
  expect(new Set(copies.map(({ path }) => path)).size).toBe(3);
  expect([one.asked.length, other.asked.length]).toEqual([2, 1]);
  await cache.clear();
});

test('a file without a version is copied for its reader alone', async () => {
  const cache = new FileCache({ folder });
  const store = new Store();
  const copies = await Promise.all([cache.copy(store, file('a', null)), cache.copy(store, file('a', null))]);
  expect(store.asked).toHaveLength(2);
  for (const { release } of copies) await release();
  expect(await files()).toEqual([]);
  await cache.clear();
});

test('beyond the limit the files used longest ago go, and none that is in use', async () => {
  const cache = new FileCache({ folder, limit_mb: (3 * BYTES.byteLength) / MB });
  const store = new Store();
  const held = await cache.copy(store, file('held'));
  for (const name of ['a', 'b', 'a', 'c']) await (await cache.copy(store, file(name))).release();
  expect(cache.size_bytes).toBeLessThanOrEqual(3 * BYTES.byteLength);
  expect(Buffer.compare(await readFile(held.path), BYTES)).toBe(0);
  const before = store.asked.length;
  for (const name of ['held', 'a', 'c']) await (await cache.copy(store, file(name))).release();
  expect(store.asked.length).toBe(before);
  await (await cache.copy(store, file('b'))).release();
  expect(store.asked.length).toBe(before + 1);
  await held.release();
  await held.release();
  await cache.clear();
});

test('files in use may be more than the limit, and go when they are not', async () => {
  const cache = new FileCache({ folder, limit_mb: BYTES.byteLength / MB });
  const copies = await Promise.all(['a', 'b', 'c'].map((name) => cache.copy(new Store(), file(name))));
  expect(await files()).toHaveLength(3);
  for (const { release } of copies) await release();
  expect(await files()).toHaveLength(1);
  await cache.clear();
});

test('who waited for a copy that another failed to make fetches it with its own keys', async () => {
  const cache = new FileCache({ folder });
  const [failing, good] = [new Store(), new Store()];
  const denied = new DeltacatError('storage_denied', 'no');
  let fail: (error: Error) => void = () => {};
  const begun = new Promise<void>((resolve) => {
    failing.before = () => {
      resolve();
      return new Promise((_, reject) => {
        fail = reject;
      });
    };
  });
  const first = cache.copy(failing, file('a'));
  await begun;
  const second = cache.copy(good, file('a'));
  fail(denied);
  await expect(first).rejects.toBe(denied);
  expect(Buffer.compare(await readFile((await second).path), BYTES)).toBe(0);
  await cache.clear();
});

test('a failure leaves what came before it, and the rest is fetched the next time', async () => {
  const cache = new FileCache({ folder });
  const store = new Store();
  const parts = [
    { offset: 0, end: 10 },
    { offset: 500_000, end: 500_010 },
  ];
  store.before = async ({ offset }) => {
    if (offset > 0) throw new Error('broken');
  };
  await expect(cache.copy(store, file('a'), parts)).rejects.toThrow('broken');
  store.before = async () => {};
  const { path } = await cache.copy(store, file('a'), parts);
  expect(Buffer.compare((await readFile(path)).subarray(500_000, 500_010), BYTES.subarray(500_000, 500_010))).toBe(0);
  expect(store.asked.map(({ offset }) => offset)).toEqual([0, 500_000, 500_000]);
  await cache.clear();
});

test('an empty file, and a copy that somebody removed, are made', async () => {
  const cache = new FileCache({ folder });
  const empty = await cache.copy(new Store(), { ...file('empty'), size_bytes: 0 });
  expect((await stat(empty.path)).size).toBe(0);
  const first = await cache.copy(new Store(), file('a'));
  await first.release();
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
  expect(Buffer.compare(await readFile((await cache.copy(new Store(), file('a'))).path), BYTES)).toBe(0);
  await cache.clear();
});

test('what a process left that is gone is removed, and what one left that lives is not', async () => {
  const dead = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => dead.once('exit', resolve));
  const cache = new FileCache({ folder });
  await (await cache.copy(new Store(), file('a'))).release();
  const [own = ''] = await readdir(folder);
  const [leftover, alive] = [dead.pid, process.pid].map((pid) => join(folder, own.replace(/-\d+-.*/, `-${pid}-x`)));
  for (const made of [leftover, alive, join(folder, 'another')]) {
    mkdirSync(made ?? '');
    await writeFile(join(made ?? '', 'file'), 'x');
  }
  const next = new FileCache({ folder });
  await (await next.copy(new Store(), file('a'))).release();
  expect(existsSync(leftover ?? '')).toBe(false);
  expect([alive, join(folder, own), join(folder, 'another')].map((path) => existsSync(path ?? ''))).toEqual([
    true,
    true,
    true,
  ]);
  await Promise.all([cache.clear(), next.clear()]);
});

test('a folder whose disk is full is said to be', async () => {
  const cache = new FileCache({ folder });
  // More than any disk has, and than a file can be.
  const copy = cache.copy(new Store(), { ...file('huge'), size_bytes: Number.MAX_SAFE_INTEGER });
  await expect(copy).rejects.toMatchObject({ code: 'service_unavailable', message: expect.stringContaining('huge') });
  await cache.clear();
});
