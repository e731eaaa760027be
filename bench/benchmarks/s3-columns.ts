import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { closeEngine, configureEngine, executePlan, type S3Keys, s3Access, serializeSchema } from '@deltacat/io-core';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { Field, Float64, Schema } from 'apache-arrow';
import { type Benchmark, type Finding, measureInTurns, OURS, timed } from '../suite/benchmark.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';
import { CountingProxy } from './counting-proxy.ts';

const COLUMNS = 50;
const WANTED = [3, 14, 15, 29, 41].map((index) => `c${index}`);
const ROWS = 400_000;
/** What an answer of S3 takes to begin in the same region. */
const DELAY_MS = 20;

/** Reading a few columns of an object in S3, by the parts that they need. */
export const s3Columns: Benchmark = {
  title: 'Columns from S3',
  about:
    'Five of the 50 columns of a Parquet file of 160 MB in S3, read through a proxy that counts bytes and takes 20 ms for each request: ' +
    'the parts that the columns need, the same again from the cache, the whole object, and by httpfs of DuckDB (`npm run bench:s3`).',
  missing: () => (process.env.DELTACAT_TEST_S3_URL ? null : 'an S3; `npm run bench:s3` starts one for it'),
  async run(setting) {
    using folder = scratch();
    await using proxy = new CountingProxy(process.env.DELTACAT_TEST_S3_URL ?? '', DELAY_MS);
    try {
      return await compareWays(await openStage(folder, proxy, setting.size(ROWS, ROWS / 100)), setting.runs);
    } finally {
      await closeEngine();
    }
  },
};

interface Stage {
  store: Store;
  file: StoredFile;
  folder: Scratch;
  proxy: CountingProxy;
}

async function openStage(folder: Scratch, proxy: CountingProxy, rows: number): Promise<Stage> {
  const store: Store = { endpoint_url: await proxy.start(), keys: keysOfEnvironment() };
  const direct = { ...store, endpoint_url: process.env.DELTACAT_TEST_S3_URL ?? '' };
  return { store, file: await putFile(folder.path, direct, rows), folder, proxy };
}

async function compareWays({ store, file, folder, proxy }: Stage, runs: number): Promise<Finding[]> {
  const extensions = process.env.DELTACAT_TEST_DUCKDB_EXTENSIONS;
  const ways: Record<string, () => Promise<number>> = {
    [OURS]: () => forget().then(() => readColumns(store, file)),
    [`${OURS}, again`]: () => readColumns(store, file),
    'whole object': () => readWhole(store, file, folder.next('whole.parquet')),
    ...(extensions ? { 'DuckDB httpfs': () => readByHttpfs(store, file, extensions) } : {}),
  };
  const measure = async (read: () => Promise<number>) => {
    proxy.take();
    const ms = await timed(async () => {
      const rows = await read();
      if (rows !== file.rows) throw new Error(`${rows} rows were read of ${file.rows}`);
    });
    return { ms, share: (proxy.take().bytes / file.size_bytes) * 100 };
  };
  const contenders = Object.entries(ways).map(([name, read]) => [name, () => measure(read)] as const);
  const { ms, share } = await measureInTurns(Object.fromEntries(contenders), { runs, kinds: ['ms', 'share'] });
  return [
    { case: 'Time', unit: 'ms', better: 'less', samples: ms },
    { case: 'Bytes fetched', unit: '% of the object', better: 'less', goals: [{ value: 33 }], samples: share },
  ];
}

interface Store {
  endpoint_url: string;
  keys: S3Keys;
}

interface StoredFile {
  path: string;
  rows: number;
  size_bytes: number;
}

function keysOfEnvironment(): S3Keys {
  const { AWS_ACCESS_KEY_ID: access_key_id = '', AWS_SECRET_ACCESS_KEY: secret_access_key = '' } = process.env;
  return { access_key_id, secret_access_key };
}

async function putFile(folder: string, store: Store, rows: number): Promise<StoredFile> {
  const local = join(folder, 'wide.parquet');
  const columns = Array.from({ length: COLUMNS }, (_, index) => `random() AS c${index}`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT ${columns.join(', ')} FROM range(${rows})) TO '${local}' (FORMAT parquet)`);
  instance.closeSync();
  const { size: size_bytes } = statSync(local);
  const path = `s3://${process.env.DELTACAT_TEST_S3_BUCKET}/bench/${crypto.randomUUID()}/wide.parquet`;
  const file = { path, rows, size_bytes };
  await accessTo(store, file).open(path).adopt(local, path);
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
    total_records: file.rows,
    total_bytes: size_bytes,
    returned_files: 1,
    truncated: false,
    scan_tasks: [{ files: [{ ...known, path, content_length: size_bytes, record_count: file.rows }] }],
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
