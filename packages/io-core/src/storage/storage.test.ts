import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { afterEach, describe, expect, test } from 'vitest';
import { newS3Folder, TEST_S3, testS3Access } from '../testing/s3-place.ts';
import { openStorage } from './open.ts';
import type { Storage } from './storage.ts';

interface Place {
  root: string;
  open(path: string): Storage;
  clean(): Promise<void>;
}

const PLACES: Record<string, () => Promise<Place>> = {
  'a local path': localPlace,
  'a file:// URI': async () => {
    const place = await localPlace();
    return { ...place, root: `file://${place.root}` };
  },
  'a memory:// URI': async () => ({
    root: `memory://${crypto.randomUUID()}`,
    open: openStorage,
    clean: async () => {},
  }),
};
if (TEST_S3 !== null) {
  PLACES['an s3:// URI'] = async () => ({ root: newS3Folder(), open: testS3Access().open, clean: async () => {} });
}

async function localPlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'storage-'));
  return { root, open: openStorage, clean: () => rm(root, { recursive: true, force: true }) };
}

const text = (value: string) => new TextEncoder().encode(value);

const SKIPPED = 'S3 is skipped where DELTACAT_TEST_S3_URL names no server';

describe.each(Object.entries(PLACES))(`storage of %s (${SKIPPED})`, (_name, place) => {
  const places: Place[] = [];
  const root = async () => {
    const made = await place();
    places.push(made);
    return made.root;
  };
  const open = (path: string) => (places[0] ?? { open: openStorage }).open(path);
  async function listed(prefix: string) {
    return Array.fromAsync(open(prefix).list(prefix));
  }
  afterEach(async () => {
    for (const place of places.splice(0)) await place.clean();
  });

  test('what was written is read back, whole, in part and from its end', async () => {
    const path = `${await root()}/a/b c/é.bin`;
    const storage = open(path);
    await storage.write(path, text('0123456789'));
    expect(await storage.read(path)).toEqual(text('0123456789'));
    expect(await storage.size(path)).toBe(10);
    expect(await storage.readRange(path, 3, 4)).toEqual(text('3456'));
    expect(await storage.readRange(path, 8, 100)).toEqual(text('89'));
    expect(await storage.readRange(path, 100, 5)).toEqual(text(''));
    expect(await storage.readRange(path, 3, 0)).toEqual(text(''));
    expect(await storage.readTail(path, 3)).toMatchObject({ bytes: text('789'), size_bytes: 10 });
    expect(await storage.readTail(path, 300)).toMatchObject({ bytes: text('0123456789'), size_bytes: 10 });
    expect(await storage.readTail(path, 0)).toMatchObject({ bytes: text(''), size_bytes: 10 });
  });

  test('a second write replaces the first, and an empty file is a file', async () => {
    const path = `${await root()}/x`;
    const storage = open(path);
    await storage.write(path, text('first'));
    await storage.write(path, text(''));
    expect(await storage.read(path)).toEqual(text(''));
    expect(await storage.size(path)).toBe(0);
    expect(await storage.readTail(path, 8)).toMatchObject({ bytes: text(''), size_bytes: 0 });
    expect(await storage.readRange(path, 0, 8)).toEqual(text(''));
  });

  test('a file is made under a name only once, where it must be new', async () => {
    const top = await root();
    const path = `${top}/new/x`;
    async function* parts() {
      yield* [text('as '), text('parts')];
    }
    await open(path).writeNew(path, text('first'));
    await expect(open(path).writeNew(path, text('second'))).rejects.toMatchObject({ code: 'name_taken' });
    await expect(open(path).writeNew(path, parts())).rejects.toMatchObject({ code: 'name_taken' });
    expect(await open(path).read(path)).toEqual(text('first'));
    await open(path).writeNew(`${path}-2`, parts());
    expect(await open(path).read(`${path}-2`)).toEqual(text('as parts'));
    expect((await listed(top)).map((file) => file.path)).toEqual([path, `${path}-2`]);
  });

  test('of writers of a new file one wins, and the others are told', async () => {
    const path = `${await root()}/x`;
    const storage = open(path);
    const done = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => storage.writeNew(path, text(`writer ${index}`))),
    );
    const won = done.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(won).toHaveLength(1);
    for (const result of done) if (result.status === 'rejected') expect(result.reason.code).toBe('name_taken');
    expect(await storage.read(path)).toEqual(text(`writer ${won[0]}`));
  });

  test('names keep every character', async () => {
    const top = await root();
    // What a URI of a file writes as an escape, it must be given as.
    const names = ['a b+c', '100%', 'é ü/日本', '#?&=', "it's", '<&">', 'a%20b'];
    const paths = names.map(
      (name) => `${top}/${top.startsWith('file:') ? encodeURI(name).replace(/[#?]/g, encodeURIComponent) : name}`,
    );
    for (const path of paths) await open(path).write(path, text(path));
    for (const path of paths) expect(await open(path).read(path)).toEqual(text(path));
    const found = (await listed(top)).map(({ path }) => decodeURIComponent(path.replace(/%(?![0-9A-F]{2})/g, '%25')));
    expect(found).toHaveLength(names.length);
    await Promise.all(paths.map((path) => open(path).remove(path)));
    expect(await listed(top)).toEqual([]);
  });

  test('bytes that come one after another make one file', async () => {
    const path = `${await root()}/new/x`;
    async function* parts() {
      yield* [text('one '), text(''), text('two')];
    }
    await open(path).write(path, parts());
    expect(await open(path).read(path)).toEqual(text('one two'));
  });

  test('bytes that stop coming leave the file that was there, and nothing half made', async () => {
    const top = await root();
    const path = `${top}/x`;
    const failure = new DeltacatError('not_found', 'no more');
    async function* parts() {
      yield text('one');
      throw failure;
    }
    await open(path).write(path, text('old'));
    await expect(open(path).write(path, parts())).rejects.toBe(failure);
    expect(failure).not.toHaveProperty('path');
    expect(await open(path).read(path)).toEqual(text('old'));
    const folder = open(top).localPath(top);
    if (folder !== null) expect(await readdir(folder)).toEqual(['x']);
  });

  test('bytes that are changed after a write or a read do not change the file', async () => {
    const path = `${await root()}/x`;
    const storage = open(path);
    const bytes = text('abc');
    await storage.write(path, bytes);
    bytes[0] = 0;
    (await storage.read(path))[1] = 0;
    expect(await storage.read(path)).toEqual(text('abc'));
  });

  test('a missing file has no size and no end, and reading it is not_found', async () => {
    const path = `${await root()}/none/x`;
    const storage = open(path);
    expect(await storage.size(path)).toBeNull();
    expect(await storage.readTail(path, 8)).toBeNull();
    await expect(storage.read(path)).rejects.toMatchObject({ code: 'not_found' });
    await expect(storage.readRange(path, 0, 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a listing is in path order, goes into folders, and leaves others of the same beginning out', async () => {
    const top = await root();
    const storage = open(top);
    for (const name of ['t/b.x', 't/a/2', 't/a-1', 't/a/1', 'tt/no', 't/c/d/e']) {
      await storage.write(`${top}/${name}`, text(name));
    }
    const files = await listed(`${top}/t`);
    expect(files.map(({ path }) => path)).toEqual(
      ['t/a-1', 't/a/1', 't/a/2', 't/b.x', 't/c/d/e'].map((name) => `${top}/${name}`),
    );
    expect(files[0]?.size_bytes).toBe(5);
    const age_ms = Date.now() - (files[0]?.modified_ms ?? 0);
    expect(age_ms).toBeGreaterThan(-60_000);
    expect(age_ms).toBeLessThan(60_000);
    expect(await listed(`${top}/t/`)).toEqual(files);
    expect(await listed(`${top}/nothing`)).toEqual([]);
  });

  test('a removal can be repeated', async () => {
    const path = `${await root()}/x`;
    const storage = open(path);
    await storage.write(path, text('x'));
    await storage.remove(path);
    await storage.remove(path);
    expect(await storage.size(path)).toBeNull();
  });

  test('a file that another program made is moved in', async () => {
    const path = `${await root()}/in/x`;
    const folder = await mkdtemp(join(tmpdir(), 'storage-'));
    const source = join(folder, 'made');
    await writeFile(source, 'made elsewhere');
    await open(path).adopt(source, path);
    expect(await open(path).read(path)).toEqual(text('made elsewhere'));
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('writers of one path leave one whole file and nothing half made', async () => {
    const top = await root();
    const path = `${top}/x`;
    const storage = open(path);
    const bytes = Array.from({ length: 8 }, (_, index) => new Uint8Array(50_000).fill(index));
    await Promise.all(bytes.map((item) => storage.write(path, item)));
    const found = await storage.read(path);
    expect(found.every((byte) => byte === found[0])).toBe(true);
    expect(await listed(top)).toHaveLength(1);
  });
});

test('relative paths, NUL and storages that are not built are refused', () => {
  expect(() => openStorage('a/b')).toThrowError(expect.objectContaining({ code: 'invalid_entry' }));
  expect(() => openStorage('/a\0b')).toThrowError(expect.objectContaining({ code: 'invalid_entry' }));
  for (const path of [
    'gs://bucket/x',
    'az://container/x',
    'abfss://c@account/x',
    'wasb://c@account/x',
    'https://host/x',
  ]) {
    expect(() => openStorage(path)).toThrowError(
      expect.objectContaining({ code: 'not_supported', message: expect.stringContaining(path), details: { path } }),
    );
  }
});

test('a file:// URI names the same file as its plain path', async () => {
  const place = await localPlace();
  await openStorage(place.root).write(`${place.root}/a b#?`, text('x'));
  expect(openStorage('file:///x').localPath(`file://${place.root}/a%20b%23%3F`)).toBe(`${place.root}/a b#?`);
  expect(await openStorage('file:///x').size(`file://${place.root}/a%20b%23%3F`)).toBe(1);
  await place.clean();
});
