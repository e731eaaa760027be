import { copyFile, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoteIdentifier, quotePath } from '../duckdb/quote.ts';
import { closeEngine, openSession, type Session } from '../duckdb/session.ts';
import { ambientAccess } from '../storage/access.ts';
import { writeRows } from '../write.ts';
import { readParquetFooter } from './parquet-footer.ts';
import { parquetParts } from './parquet-parts.ts';

let folder: string;
let session: Session;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parts-'));
  session = await openSession();
});
afterAll(async () => {
  session[Symbol.dispose]();
  await rm(folder, { recursive: true });
  await closeEngine();
});

const COLUMNS = ['id', 'word', 'text', 'score', 'flag', 'day', 'list', 'nested', 'mostly_null'];
const ROWS =
  `SELECT i AS id, 'word ' || (i % 50) AS word, repeat(md5(i::VARCHAR), 8) AS text, sqrt(i) AS score, i % 3 = 0 AS flag, ` +
  `DATE '2020-01-01' + (i % 900)::INTEGER AS day, [i, i + 1] AS list, {a: i, b: 'b' || i} AS nested, ` +
  `CASE WHEN i % 1000 = 0 THEN i END AS mostly_null FROM range(12000) t(i)`;

const WRITERS: Record<string, (path: string) => Promise<unknown>> = {
  'DuckDB, small row groups': (path) =>
    session.rows(`COPY (${ROWS}) TO ${quotePath(path)} (FORMAT parquet, ROW_GROUP_SIZE 4096)`),
  'DuckDB, second version of the format, uncompressed': (path) =>
    session.rows(`COPY (${ROWS}) TO ${quotePath(path)} (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION uncompressed)`),
  'DuckDB, zstd, filters in most columns': (path) =>
    session.rows(
      `COPY (${ROWS}) TO ${quotePath(path)} (FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 100000, ROW_GROUP_SIZE 10000)`,
    ),
  'this package': async (path) => {
    const data = Array.from({ length: 8_000 }, (_, i) => ({
      id: BigInt(i),
      word: `word ${i % 50}`,
      text: String(Math.sin(i)).repeat(9),
      score: Math.sqrt(i),
      flag: i % 3 === 0,
    }));
    const [entry] = await writeRows(data, { data_dir: `${path}.d` });
    await copyFile(entry?.path ?? '', path);
  },
};

/** A copy of the file in which all that reading some columns does not need is zeros, as it is in the cache. */
async function sparseCopy(path: string, wanted: string[]): Promise<string> {
  const parts = parquetParts(await readParquetFooter(path, ambientAccess), new Set(wanted));
  if (parts === null) return path;
  const bytes = await readFile(path);
  const copy = `${path}.${wanted.join('-')}`;
  const file = await open(copy, 'w');
  await file.truncate(bytes.byteLength);
  for (const { offset, end } of parts) await file.write(bytes, offset, end - offset, offset);
  await file.close();
  return copy;
}

const read = (path: string, column: string, where = '') =>
  session.rows(
    `SELECT ${quoteIdentifier(column)}, file_row_number FROM read_parquet(${quotePath(path)})${where} ORDER BY 2`,
  );

describe.each(Object.entries(WRITERS))('a file written by %s', (name, write) => {
  const path = () => join(folder, `${name.replace(/\W+/g, '-')}.parquet`);
  let columns: string[];
  beforeAll(async () => {
    await write(path());
    const described = await session.rows(`DESCRIBE SELECT * FROM read_parquet(${quotePath(path())})`);
    columns = described.map(([column]) => String(column));
    expect(columns.length).toBeGreaterThan(4);
  });

  test('reads alike column by column when only its parts are there', async () => {
    for (const column of columns) {
      expect(await read(await sparseCopy(path(), [column]), column), column).toEqual(await read(path(), column));
    }
  });

  test('finds the same rows by a filter, whatever helps to skip', async () => {
    const copy = await sparseCopy(path(), ['id', 'word']);
    for (const where of [
      ` WHERE word = 'word 7'`,
      ` WHERE word = 'none'`,
      ` WHERE id BETWEEN 7000 AND 7100`,
      ` WHERE id = -1`,
    ]) {
      expect(await read(copy, 'word', where), where).toEqual(await read(path(), 'word', where));
    }
  });

  test('fails when another column is asked for, and never gives zeros for it', async () => {
    for (const wanted of ['id', 'word', 'flag']) {
      const copy = await sparseCopy(path(), [wanted]);
      expect(copy).not.toBe(path());
      for (const column of columns.filter((each) => each !== wanted)) {
        const footer = await readParquetFooter(path(), ambientAccess);
        const chunks = footer.row_groups.flatMap((group) => group.columns.filter((chunk) => chunk.path[0] === column));
        const parts = parquetParts(footer, new Set([wanted])) ?? [];
        const isThere = chunks.every(({ parts: [chunk] }) =>
          parts.some(({ offset, end }) => chunk && offset <= chunk.offset && chunk.end <= end),
        );
        // A small column between two parts may be fetched with them, and is then right.
        if (isThere) expect(await read(copy, column), column).toEqual(await read(path(), column));
        else await expect(read(copy, column), `${column} where ${wanted} is there`).rejects.toThrow();
      }
    }
  });
});

test('a few of many columns need a small part of a file', async () => {
  const path = join(folder, 'wide.parquet');
  const columns = Array.from({ length: 50 }, (_, index) => `hash(i + ${index}) AS c${index}`);
  await session.rows(
    `COPY (SELECT ${columns.join(', ')} FROM range(100000) t(i)) TO ${quotePath(path)} (FORMAT parquet)`,
  );
  const footer = await readParquetFooter(path, ambientAccess);
  const bytes = (wanted: string[]) =>
    (parquetParts(footer, new Set(wanted)) ?? [{ offset: 0, end: footer.size_bytes }]).reduce(
      (sum, { offset, end }) => sum + end - offset,
      0,
    );
  const { size } = await stat(path);
  expect(bytes(['c0', 'C10', 'c20', 'c30', 'c49'])).toBeLessThan(size / 6);
  expect(bytes(['c10'])).toBe(bytes(['C10']));
  expect(bytes([])).toBeLessThan(70_000);
  expect(parquetParts(footer, null)).toBeNull();
  expect(parquetParts(footer, new Set(columns.map((_, index) => `c${index}`)))).toBeNull();
});

/** A number as footers write it: seven bits at a time, its sign in the lowest. */
function varint(value: number): number[] {
  const bytes = [];
  let rest = BigInt(value) * 2n;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** Takes the sizes of all filters out of a footer, as older writers leave them. */
async function forgetFilterSizes(path: string): Promise<void> {
  const filters = await session.rows(
    `SELECT bloom_filter_offset, bloom_filter_length FROM parquet_metadata(${quotePath(path)}) WHERE bloom_filter_offset IS NOT NULL`,
  );
  let bytes = await readFile(path);
  expect(filters.length).toBeGreaterThan(0);
  for (const [offset, length] of filters) {
    const told = Buffer.from([...varint(Number(offset)), 0x15, ...varint(Number(length))]);
    const at = bytes.lastIndexOf(told);
    expect(at).toBeGreaterThan(0);
    const kept = at + varint(Number(offset)).length;
    bytes = Buffer.concat([bytes.subarray(0, kept), bytes.subarray(at + told.byteLength)]);
    const footer_length = bytes.byteLength - 8;
    bytes.writeUInt32LE(bytes.readUInt32LE(footer_length) - (at + told.byteLength - kept), footer_length);
  }
  await writeFile(path, bytes);
}

test('a filter of any size is there whole, also when its size is told nowhere but in itself', async () => {
  const path = join(folder, 'filter.parquet');
  const rows = `SELECT 'w' || i AS word, repeat(md5(i::VARCHAR), 3) AS text, hash(i) AS more FROM range(200000) t(i)`;
  const options = 'DICTIONARY_SIZE_LIMIT 400000, BLOOM_FILTER_FALSE_POSITIVE_RATIO 0.00000001, ROW_GROUP_SIZE 204800';
  await session.rows(`COPY (${rows}) TO ${quotePath(path)} (FORMAT parquet, COMPRESSION zstd, ${options})`);
  await forgetFilterSizes(path);
  const copy = await sparseCopy(path, ['word']);
  expect(copy).not.toBe(path);
  const found = await Promise.all(
    Array.from({ length: 40 }, (_, index) => read(copy, 'word', ` WHERE word = 'w${index * 5_000}'`)),
  );
  expect(found.map((rows) => rows.length)).toEqual(Array.from({ length: 40 }, () => 1));
});

test('the columns of every writer are among those that are tried', async () => {
  const described = await session.rows(`DESCRIBE ${ROWS}`);
  expect(described.map(([column]) => column)).toEqual(COLUMNS);
});
