import { readFile as readBytes } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { type ContentType, DeltacatError } from '@deltacat/contract';
import { describe, expect, test } from 'vitest';
import { executePlan } from '../execute.ts';
import { inspectFile } from '../inspect.ts';
import { dataFile, filesPlan, outcome, putFile, readFile, testdata } from './testing/file-rows.ts';

const CSV = '1,"a, ""b""",0.5\n2,,1e3\n3,"",\n'.repeat(50);
const JSON_LINES = '{"id":1,"name":"a","x":0.5}\n{"id":2,"name":null,"x":null}\n'.repeat(50);
const FIELDS = [
  { name: 'id', type: 'int64' },
  { name: 'name', type: 'string' },
  { name: 'x', type: 'double' },
];

const FILES: [string, ContentType, () => Promise<Uint8Array>][] = [
  ...['pyarrow.parquet'].map((name) => of(name, 'parquet')),
  ...['feather-lz4', 'feather-zstd', 'feather-plain', 'feather-views', 'feather-delta', 'polars'].map((name) =>
    of(`${name}.feather`, 'feather'),
  ),
  ...['fastavro-null', 'fastavro-deflate', 'fastavro-snappy', 'fastavro-zstandard', 'polars'].map((name) =>
    of(`${name}.avro`, 'avro'),
  ),
  ['rows.csv', 'csv', async () => Buffer.from(CSV)],
  ['rows.csv.gz', 'csv', async () => gzipSync(CSV)],
  ['rows.json', 'json', async () => Buffer.from(JSON_LINES)],
  ['rows.json.gz', 'json', async () => gzipSync(gzipSync(JSON_LINES))],
];

function of(name: string, format: ContentType): [string, ContentType, () => Promise<Uint8Array>] {
  return [name, format, () => readBytes(testdata(name))];
}

/** Numbers from 0 to 1 that a seed brings back. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Words that lengths and offsets are tried with. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];

function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const whole = Uint8Array.from(bytes);
  const kind = random();
  if (kind < 0.15) return whole.subarray(0, Math.floor(random() * whole.length));
  if (kind < 0.25) return Buffer.concat([whole, whole.subarray(Math.floor(random() * whole.length))]);
  const hits = 1 + Math.floor(random() * 4);
  for (let hit = 0; hit < hits; hit++) {
    // Half of the hits go to the footer, which tells where everything else is.
    const at =
      Math.floor(random() < 0.5 ? random() * whole.length : whole.length * (1 - random() * 0.3)) % whole.length;
    const value = random() < 0.5 ? EXTREMES[Math.floor(random() * EXTREMES.length)] : Math.floor(random() * 256);
    whole[at] = value ?? 0;
  }
  return whole;
}

async function readAny(path: string, format: ContentType) {
  const file = dataFile(path, format);
  const { schema } = await inspectFile(file);
  return schema === null ? executePlan(filesPlan([file], FIELDS)) : readFile(file);
}

const ROUNDS = Number(process.env.ROUNDS ?? 40);

test.each(FILES)(
  'a damaged file gives rows or a typed refusal that names it: %s',
  async (name, format, bytes) => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    const random = randomOf(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const path = await putFile(mutate(await bytes(), random), name);
      try {
        const found = await outcome(() => readAny(path, format));
        // A plan is made by the schema of the file, and may be what is refused.
        if (found instanceof DeltacatError && !/^invalid_(schema|request)$/.test(found.code)) {
          expect(found.message).toContain(path);
        }
      } catch (error) {
        throw new Error(`SEED=${seed}, ${name}, round ${round}`, { cause: error });
      }
    }
  },
  60_000,
);

describe('a file of another format than its entry says is refused, naming it', () => {
  const PAGE = '<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n';
  test.each<[string, ContentType, () => Promise<Uint8Array>]>([
    ['a page of a proxy as Parquet', 'parquet', async () => Buffer.from(PAGE)],
    ['a page of a proxy as Feather', 'feather', async () => Buffer.from(PAGE)],
    ['a page of a proxy as CSV', 'csv', async () => Buffer.from(PAGE)],
    ['a page of a proxy as JSON', 'json', async () => Buffer.from(PAGE)],
    ['a page of a proxy as Avro', 'avro', async () => Buffer.from(PAGE)],
    ['CSV as Parquet', 'parquet', async () => Buffer.from(CSV)],
    ['CSV as JSON', 'json', async () => Buffer.from(CSV)],
    ['JSON as CSV', 'csv', async () => Buffer.from(JSON_LINES)],
    ['Parquet as CSV', 'csv', () => readBytes(testdata('pyarrow.parquet'))],
    ['Parquet as JSON', 'json', () => readBytes(testdata('pyarrow.parquet'))],
    ['Parquet as Feather', 'feather', () => readBytes(testdata('pyarrow.parquet'))],
    ['Feather as Parquet', 'parquet', () => readBytes(testdata('pyarrow.feather'))],
    ['a cut gzip file as CSV', 'csv', async () => gzipSync(CSV).subarray(0, 60)],
  ])('%s', async (_title, format, bytes) => {
    const path = await putFile(await bytes());
    const found = await outcome(() => readAny(path, format));
    expect(found).toBeInstanceOf(DeltacatError);
    expect(found).toMatchObject({ message: expect.stringContaining(path) });
  });
});

describe('an encrypted Parquet file is refused, naming it', () => {
  const FIELDS_OF_IT = [
    { name: 'id', type: 'int64' },
    { name: 'secret', type: 'string' },
  ];
  test.each([
    ['encrypted', 'footer'],
    ['encrypted-column', 'column "secret"'],
  ])('%s: its %s', async (name, what) => {
    const file = dataFile(testdata(`${name}.parquet`), 'parquet');
    const refusal = { code: 'not_supported', details: { path: file.path }, message: expect.stringContaining(what) };
    await expect(inspectFile(file)).rejects.toMatchObject(refusal);
    await expect(executePlan(filesPlan([file], FIELDS_OF_IT)).objects()).rejects.toMatchObject(refusal);
    await expect(inspectFile(file)).rejects.toThrow(file.path);
  });
});
