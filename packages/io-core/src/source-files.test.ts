import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findSources } from './source-files.ts';
import { openStorage } from './storage/open.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sources-'));
  for (const name of [
    'runs/a/1.parquet',
    'runs/a/2.PQ',
    'runs/b/3.parquet',
    'runs/b/deep/4.parquet',
    'runs/_SUCCESS',
    'runs/_metadata',
    'runs/_delta_log/00.json',
    'runs/.hidden/5.parquet',
    'runs/a/.1.parquet.crc',
    'runs/readme.txt',
    'mixed/x.csv',
    'mixed/y.parquet',
    'sets/one.lance/data/0.lance',
    'sets/one.lance/_versions/1.manifest',
    'odd/[1].parquet',
    'odd/1.parquet',
    'odd/a b%.parquet',
    'notes/readme.txt',
  ]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  }
  symlinkSync(join(root, 'runs/a/1.parquet'), join(root, 'odd/link.parquet'));
  symlinkSync(join(root, 'gone'), join(root, 'odd/dangling.parquet'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function found(...given: string[]) {
  const { content_type, paths } = await findSources(given.map((path) => join(root, path)));
  return [content_type, ...paths.map((path) => path.slice(root.length + 1))];
}

describe('files are found by', () => {
  test.each<[string, string[], string[]]>([
    [
      'their paths, each once',
      ['runs/b/3.parquet', 'runs/a/1.parquet', 'runs/b/3.parquet'],
      ['runs/b/3.parquet', 'runs/a/1.parquet'],
    ],
    ['a glob, in path order', ['runs/*/*.parquet'], ['runs/a/1.parquet', 'runs/b/3.parquet']],
    ['a glob of any depth', ['runs/**/*.parquet'], ['runs/a/1.parquet', 'runs/b/3.parquet', 'runs/b/deep/4.parquet']],
    ['alternatives', ['runs/{a/1,b/3}.parquet'], ['runs/a/1.parquet', 'runs/b/3.parquet']],
    [
      'a folder, without what is hidden or no data',
      ['runs'],
      ['runs/a/1.parquet', 'runs/a/2.PQ', 'runs/b/3.parquet', 'runs/b/deep/4.parquet'],
    ],
    ['a folder with a slash', ['runs/b/'], ['runs/b/3.parquet', 'runs/b/deep/4.parquet']],
    ['a name that looks like a glob', ['odd/[1].parquet'], ['odd/[1].parquet']],
    ['a glob where no file has that name', ['odd/[0-9].parquet'], ['odd/1.parquet']],
    ['a link to a file', ['odd/l*.parquet'], ['odd/link.parquet']],
  ])('%s', async (_title, given, paths) => {
    expect(await found(...given)).toEqual(['parquet', ...paths]);
  });

  test.each([['sets/one.lance'], ['sets/one.lance/'], ['sets'], ['sets/*'], ['sets/*.lance']])(
    'the folder of a Lance dataset: %s',
    async (given) => {
      expect(await found(given)).toEqual(['lance', 'sets/one.lance']);
    },
  );

  test('file:// URIs, and globs of them', async () => {
    const uri = pathToFileURL(join(root, 'odd/a b%.parquet')).href;
    expect(await findSources([uri])).toEqual({ content_type: 'parquet', paths: [uri] });
    expect(await findSources([`file://${root}/odd/a*`])).toEqual({ content_type: 'parquet', paths: [uri] });
    const folder = await findSources([`file://${root}/runs/b`]);
    expect(folder.paths).toEqual([`file://${root}/runs/b/3.parquet`, `file://${root}/runs/b/deep/4.parquet`]);
  });

  test('folders and globs of other storage', async () => {
    const place = `memory://${crypto.randomUUID()}`;
    for (const name of ['a/1.csv', 'a/2.csv.gz', 'b.lance/data/x.lance', 'a/_x.csv']) {
      await openStorage(place).write(`${place}/${name}`, new Uint8Array());
    }
    expect(await findSources([`${place}/a`])).toEqual({
      content_type: 'csv',
      paths: [`${place}/a/1.csv`, `${place}/a/2.csv.gz`],
    });
    expect((await findSources([`${place}/*/*.gz`])).paths).toEqual([`${place}/a/2.csv.gz`]);
    expect((await findSources([`${place}/*.lance`])).paths).toEqual([`${place}/b.lance`]);
  });
});

describe('the format', () => {
  test.each([
    ['x.JSONL', 'json'],
    ['x.ndjson.gz', 'json'],
    ['x.arrow', 'feather'],
    ['x.tsv.zst', 'tsv'],
    ['part-0001', 'parquet'],
    ['x.gz', 'parquet'],
  ])('is told by the name %s: %s', async (name, content_type) => {
    expect((await findSources([join(root, name)])).content_type).toBe(content_type);
  });

  test('must be one', async () => {
    await expect(found('mixed')).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/x\.csv .* csv .*y\.parquet .* parquet/),
    });
    await expect(found('mixed/x.csv', 'part-0001')).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('that is said picks the files of a folder, and takes others by their paths', async () => {
    const csv = await findSources([join(root, 'mixed'), join(root, 'notes/readme.txt')], { content_type: 'csv' });
    expect(csv).toEqual({ content_type: 'csv', paths: [join(root, 'mixed/x.csv'), join(root, 'notes/readme.txt')] });
  });
});

test.each([
  ['a glob that matches nothing', 'runs/*.nothing'],
  ['a glob below a folder that is not there', 'none/*/x.parquet'],
  ['a link that leads nowhere', 'odd/dang*'],
  ['a folder without data', 'notes'],
])('%s is refused', async (_title, given) => {
  await expect(found(given)).rejects.toMatchObject({ code: 'invalid_entry' });
});

test('a glob looks into no folder that cannot match', async (context) => {
  const long_ago = new Date(0);
  for (const folder of ['runs', 'runs/a', 'runs/b']) utimesSync(join(root, folder), long_ago, long_ago);
  const readAt = (folder: string) => statSync(join(root, folder)).atimeMs;
  readdirSync(join(root, 'runs'));
  context.skip(readAt('runs') === 0, 'this file system does not note when a folder is read');
  await found('runs/a/*.parquet');
  expect([readAt('runs/a') > 0, readAt('runs/b')]).toEqual([true, 0]);
});
