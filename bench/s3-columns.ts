import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeEngine, configureEngine, executePlan, type S3Keys, s3Access, serializeSchema } from '@deltacat/io-core';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { Field, Float64, Schema } from 'apache-arrow';
import { CountingProxy, type Traffic } from './counting-proxy.ts';

const COLUMNS = 50;
const WANTED = [3, 14, 15, 29, 41].map((index) => `c${index}`);
const ROWS = 400_000;
/** What an answer of S3 takes to begin in the same region. */
const DELAY_MS = 20;
const ROUNDS = 5;

type Figures = Record<string, number | string>;

/**
 * Reads 5 of the 50 columns of a Parquet file of 400,000 rows in S3, through a proxy that counts bytes and takes 20 ms for
 * each request: the whole object, the parts that the columns need, the same again from the cache, and by DuckDB's httpfs
 * where it is at hand. Null without an S3 to measure with: `node scripts/s3.ts npm run bench -- s3-columns` brings one.
 */
export async function s3Columns(): Promise<Figures | null> {
  const { DELTACAT_TEST_S3_URL: url, DELTACAT_TEST_DUCKDB_EXTENSIONS: extensions } = process.env;
  if (!url) return null;
  const folder = mkdtempSync(join(tmpdir(), 'deltacat-bench-'));
  await using proxy = new CountingProxy(url, DELAY_MS);
  try {
    const store: Store = { endpoint_url: await proxy.start(), keys: keysOfEnvironment() };
    const file = await putFile(folder, url, store.keys);
    const ways: [string, () => Promise<number>][] = [
      ['whole object', () => readWhole(store, file, join(folder, 'whole.parquet'))],
      ['parts', () => forget().then(() => readColumns(store, file))],
      ['parts, cached', () => readColumns(store, file)],
      ...(extensions
        ? [['httpfs', () => readByHttpfs(store, file, extensions)] as [string, () => Promise<number>]]
        : []),
    ];
    const figures: Figures = { 'object, MB': megabytes(file.size_bytes) };
    const measured = new Map<string, Measured>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [way, read] of ways) measured.set(way, await measure(read, proxy, measured.get(way)));
    }
    for (const [way, { bytes, requests, best_ms }] of measured) {
      const goal = way === 'parts' || way === 'httpfs' ? ' (goal 0.33)' : '';
      figures[`${way}: share of the bytes${goal}`] = Math.round((bytes / file.size_bytes) * 1000) / 1000;
      figures[`${way}: requests`] = requests;
      figures[`${way}: best of ${ROUNDS}, ms`] = Math.round(best_ms);
    }
    return figures;
  } finally {
    await closeEngine();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Store {
  endpoint_url: string;
  keys: S3Keys;
}

interface StoredFile {
  path: string;
  size_bytes: number;
}

function keysOfEnvironment(): S3Keys {
  const { AWS_ACCESS_KEY_ID: access_key_id = '', AWS_SECRET_ACCESS_KEY: secret_access_key = '' } = process.env;
  return { access_key_id, secret_access_key };
}

async function putFile(folder: string, endpoint_url: string, keys: S3Keys): Promise<StoredFile> {
  const local = join(folder, 'wide.parquet');
  const columns = Array.from({ length: COLUMNS }, (_, index) => `random() AS c${index}`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT ${columns.join(', ')} FROM range(${ROWS})) TO '${local}' (FORMAT parquet)`);
  instance.closeSync();
  const { size: size_bytes } = statSync(local);
  const path = `s3://${process.env.DELTACAT_TEST_S3_BUCKET}/bench/${crypto.randomUUID()}/wide.parquet`;
  const file = { path, size_bytes };
  await accessTo({ endpoint_url, keys }, file).open(path).adopt(local, path);
  return file;
}

function accessTo({ endpoint_url, keys }: Store, { path }: StoredFile) {
  return s3Access([{ prefix: path, endpoint_url, region: 'us-east-1', keys }]);
}

async function readWhole(store: Store, file: StoredFile, local: string): Promise<number> {
  const storage = accessTo(store, file).open(file.path);
  const whole = { offset: 0, length: file.size_bytes, version: null };
  await writeFile(local, storage.remote?.stream(file.path, whole) ?? []);
  return readColumns(store, { ...file, path: local });
}

async function readColumns(store: Store, file: StoredFile): Promise<number> {
  const { path, size_bytes } = file;
  const known = { content_type: 'parquet', content_encoding: 'identity' } as const;
  const fields = Array.from({ length: COLUMNS }, (_, index) => new Field(`c${index}`, new Float64(), true));
  const plan = {
    namespace: 'bench',
    table: 'wide',
    content_type: known.content_type,
    requires_mor: false,
    total_files: 1,
    total_records: ROWS,
    total_bytes: size_bytes,
    returned_files: 1,
    truncated: false,
    scan_tasks: [{ files: [{ ...known, path, content_length: size_bytes, record_count: ROWS }] }],
    schema_serialized: serializeSchema(new Schema(fields)),
  };
  let rows = 0;
  const read = executePlan(plan, { columns: WANTED, access: accessTo(store, file) });
  for await (const batch of read.batches()) rows += batch.numRows;
  return rows;
}

/** An engine of its own: what one reader may read by its keys, no other may read by them. */
async function readByHttpfs({ endpoint_url, keys }: Store, { path }: StoredFile, extensions: string): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' });
  try {
    const connection = await instance.connect();
    await connection.run(`LOAD '${join(extensions, 'httpfs.duckdb_extension')}'`);
    await connection.run(
      `CREATE SECRET (TYPE s3, KEY_ID '${keys.access_key_id}', SECRET '${keys.secret_access_key}', REGION 'us-east-1', ` +
        `ENDPOINT '${new URL(endpoint_url).host}', URL_STYLE 'path', USE_SSL false, SCOPE '${path}')`,
    );
    return await countRows(connection, `SELECT ${WANTED.join(', ')} FROM read_parquet('${path}')`);
  } finally {
    instance.closeSync();
  }
}

async function countRows(connection: DuckDBConnection, sql: string): Promise<number> {
  const result = await connection.stream(sql);
  let rows = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    rows += chunk.rowCount;
  }
  connection.closeSync();
  return rows;
}

async function forget(): Promise<void> {
  await closeEngine();
  configureEngine({});
}

interface Measured extends Traffic {
  best_ms: number;
}

/** Rounds take turns, and the best one counts: what else runs on the machine only makes them slower. */
async function measure(read: () => Promise<number>, proxy: CountingProxy, before?: Measured): Promise<Measured> {
  proxy.take();
  const started = performance.now();
  const rows = await read();
  const ms = performance.now() - started;
  if (rows !== ROWS) throw new Error(`${rows} rows were read of ${ROWS}`);
  return { ...proxy.take(), best_ms: Math.min(ms, before?.best_ms ?? ms) };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
