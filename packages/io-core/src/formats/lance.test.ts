import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { inspectFile } from '../inspect.ts';
import { schemaFields } from '../schema/schema.ts';
import { openStorage } from '../storage/open.ts';
import { writeRows } from '../write.ts';
import { dataFile, readFile, testdata } from './testing/file-rows.ts';

const DATASET = dataFile(testdata('pylance.lance'), 'lance');

/** A dataset of its own in a storage that no other program opens. */
async function remoteCopy(): Promise<string> {
  const path = `memory://${crypto.randomUUID()}/copy.lance`;
  const local = openStorage(DATASET.path);
  for await (const file of local.list(DATASET.path)) {
    await openStorage(path).write(`${path}${file.path.slice(DATASET.path.length)}`, await local.read(file.path));
  }
  return path;
}

describe('a Lance dataset', () => {
  const rows = [
    { id: 1n, text: 'a', vector: [1, 2], at: '1970-01-01T00:00:00.000001+00:00', pair: { x: 1n, y: 'b' } },
    { id: 2n, text: null, vector: null, at: null, pair: { x: null, y: null } },
    { id: 3n, text: 'é😀', vector: [3, 4], at: '1969-12-31T23:59:59.999999+00:00', pair: { x: 3n, y: '' } },
  ];

  test('by pylance is read as its rows, in their order', async () => {
    expect(await (await readFile(DATASET)).objects()).toEqual(rows);
  });

  test('is read where only its files can be fetched', async () => {
    const file = dataFile(await remoteCopy(), 'lance');
    expect(await (await readFile(file)).objects()).toEqual(rows);
  });

  test('is read by the wanted columns only', async () => {
    const read = await readFile(DATASET, { columns: ['pair', 'id'] });
    expect(await read.objects()).toEqual(rows.map(({ pair, id }) => ({ pair, id })));
  });

  test('tells its rows, schema and size', async () => {
    const found = await inspectFile(DATASET);
    expect(found).toMatchObject({ record_count: 3, column_stats: null });
    expect(found.size_bytes).toBeGreaterThan(1000);
    expect(schemaFields(found.schema ?? expect.unreachable()).map(({ name }) => name)).toEqual(
      Object.keys(rows[0] ?? {}),
    );
  });

  test('that is missing or damaged is refused by its path', async () => {
    const missing = dataFile(`${DATASET.path}.none`, 'lance');
    await expect(inspectFile(missing)).rejects.toMatchObject({
      code: 'invalid_entry',
      message: expect.stringContaining(missing.path),
    });
    const path = await remoteCopy();
    for await (const file of openStorage(path).list(`${path}/_versions`)) {
      await openStorage(path).write(file.path, new TextEncoder().encode('no manifest'));
    }
    const damaged = dataFile(path, 'lance');
    await expect(inspectFile(damaged)).rejects.toMatchObject({
      code: 'invalid_entry',
      message: expect.stringContaining(path),
    });
  });
});

test('a dataset whose files would be copied to elsewhere is refused, and nothing is written there', async () => {
  const path = await remoteCopy();
  const name = `escaped-${crypto.randomUUID()}`;
  await openStorage(path).write(`${path}/data/../../../${name}`, new TextEncoder().encode('anything'));
  const file = dataFile(path, 'lance');
  await expect(inspectFile(file)).rejects.toMatchObject({
    code: 'invalid_entry',
    message: expect.stringContaining(name),
  });
  expect(existsSync(join(tmpdir(), name))).toBe(false);
});

test('writers of one folder at the same time make datasets of their own', async () => {
  const data_dir = await mkdtemp(join(tmpdir(), 'lance-'));
  const written = await Promise.all([1, 2, 3, 4].map((id) => writeRows([{ id }], { data_dir, format: 'lance' })));
  const files = written.flat().map(({ path }) => dataFile(path, 'lance'));
  expect(new Set(files.map(({ path }) => path)).size).toBe(4);
  const rows = await Promise.all(files.map(async (file) => (await readFile(file)).objects()));
  expect(rows).toEqual([1n, 2n, 3n, 4n].map((id) => [{ id }]));
  await rm(data_dir, { recursive: true });
});

describe('without the library', () => {
  afterEach(() => {
    vi.doUnmock('@lancedb/lancedb');
    vi.resetModules();
  });

  test('the failure says what to install', async () => {
    vi.resetModules();
    vi.doMock('@lancedb/lancedb', () => {
      throw new Error('Cannot find package');
    });
    const { inspectFile: inspect } = await import('../inspect.ts');
    await expect(inspect(DATASET)).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining('npm install @lancedb/lancedb'),
    });
  });
});
