import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadPlan, SchemaField, WriteEntry } from '@deltacat/contract';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { arrowSchema, serializeSchema } from './schema/schema.ts';
import { fileCache } from './storage/file-cache.ts';
import { s3Access } from './storage/s3-access.ts';
import { vendedAccess } from './storage/vended-access.ts';
import { between, OddStore, refusal, SHORT_PATIENCE } from './testing/odd-store.ts';
import { writeRows } from './write.ts';

const FIELDS: SchemaField[] = [
  { name: 'id', type: 'int64' },
  ...Array.from({ length: 19 }, (_, index) => ({ name: `c${index}`, type: 'double' })),
];
const ROWS = Array.from({ length: 20_000 }, (_, row) => ({
  id: BigInt(row),
  ...Object.fromEntries(FIELDS.slice(1).map(({ name }, index) => [name, Math.sin(row * 20 + index)])),
}));
const PATH = 's3://bucket/table/file.parquet';
const keys = (access_key_id: string) => ({ access_key_id, secret_access_key: 'secret' });

let folder: string;
let entry: WriteEntry;
let bytes: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'remote-'));
  const [written] = await writeRows(ROWS, { data_dir: folder, schema: FIELDS });
  if (written === undefined) throw new Error('no file was written');
  entry = written;
  bytes = new Uint8Array(await readFile(entry.path));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await closeEngine();
});

let store: OddStore;
let endpoint_url: string;
beforeEach(async () => {
  store = new OddStore(bytes);
  endpoint_url = await store.start();
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await fileCache().clear();
});

const plan = (path = PATH, content_type: ReadPlan['content_type'] = 'parquet'): ReadPlan => ({
  namespace: 'n',
  table: 't',
  content_type,
  requires_mor: false,
  total_files: 1,
  total_records: ROWS.length,
  total_bytes: bytes.byteLength,
  returned_files: 1,
  truncated: false,
  scan_tasks: [
    { files: [{ path, content_type, content_encoding: 'identity', content_length: 1, record_count: ROWS.length }] },
  ],
  schema_serialized: serializeSchema(arrowSchema(FIELDS)),
});

const access = () => s3Access([{ prefix: 's3://bucket', endpoint_url, keys: keys('test'), patience: SHORT_PATIENCE }]);

/** The bytes that were asked for since the last time. */
function asked(): number {
  return store.requests.splice(0).reduce((sum, { range }) => {
    const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
    return sum + (first ? Number(last) - Number(first) + 1 : Number(last));
  }, 0);
}

test('a remote file reads as the local one does, and a part of its columns costs a part of its bytes', async () => {
  const columns = ['c3', 'id'];
  const local = await executePlan(plan(entry.path), { columns, filter: { gt: ['c5', 0.5] } }).objects();
  const remote = await executePlan(plan(), { columns, filter: { gt: ['c5', 0.5] }, access: access() }).objects();
  expect(remote).toEqual(local);
  expect(remote.length).toBeGreaterThan(1_000);
  expect(asked()).toBeLessThan(bytes.byteLength / 3);
});

test('what was read once is not fetched again, and further columns alone are', async () => {
  const read = (columns: string[]) => executePlan(plan(), { columns, access: access() }).objects();
  await read(['c3']);
  const first = asked();
  await read(['c3']);
  const footer = asked();
  expect(footer).toBe(64 * 1024);
  await read(['c3', 'c4']);
  // One column more, and the footer: as much as for the first one.
  expect(asked()).toBeLessThan(first + 1_000);
  expect(await executePlan(plan(), { access: access() }).objects()).toEqual(ROWS);
});

test('reads at the same time share what they fetch', async () => {
  const read = () => executePlan(plan(), { columns: ['c3', 'c9'], access: access() }).objects();
  await read();
  const alone = asked();
  await fileCache().clear();
  await Promise.all([read(), read(), read()]);
  expect(asked()).toBe(alone + 2 * 64 * 1024);
});

test('the first rows cost no more files than hold them', async () => {
  const [file] = plan().scan_tasks.flatMap(({ files }) => files);
  const files = ['a', 'b', 'c'].flatMap((name) => (file ? [{ ...file, path: `s3://bucket/${name}` }] : []));
  const three = { ...plan(), total_files: 3, returned_files: 3, scan_tasks: [{ files }] };
  expect(await executePlan(three, { access: access(), columns: ['id'], limit: 2 }).objects()).toEqual([
    { id: 0n },
    { id: 1n },
  ]);
  expect(new Set(store.requests.map(({ path }) => path.split('?')[0]))).toEqual(new Set(['/bucket/a']));
});

test('keys that open a file once do not open it for a reader without', async () => {
  await executePlan(plan(), { access: access() }).table();
  store.oddity = between(0, 9, (_answer, response) => {
    const { status, headers, body } = refusal(403, 'AccessDenied');
    response.writeHead(status, headers).end(body);
  });
  await expect(executePlan(plan(), { access: access() }).table()).rejects.toMatchObject({ code: 'storage_denied' });
});

test('a file that is replaced between two requests is not mixed', async () => {
  store.oddity = (_request, response, { status, headers, body }) => {
    response.writeHead(status, headers).end(body);
    store.version = `"${store.requests.length}"`;
    return 'answered';
  };
  const read = executePlan(plan(), { columns: ['c3'], access: access() }).table();
  await expect(read).rejects.toMatchObject({ code: 'data_missing', message: expect.stringContaining(PATH) });
});

test.each(['parquet', 'json', 'csv'] as const)(
  'a %s file that is gone is data_missing, with its path',
  async (format) => {
    store.oddity = between(0, 99, (_answer, response) => {
      const { status, headers, body } = refusal(404, 'NoSuchKey');
      response.writeHead(status, headers).end(body);
    });
    const read = executePlan(plan(PATH, format), { access: access() }).table();
    await expect(read).rejects.toMatchObject({ code: 'data_missing', message: expect.stringContaining(PATH) });
  },
);

test.each(['gs://bucket/a.parquet', 'az://container/a.parquet'])('%s is refused at once, by its name', async (path) => {
  const read = executePlan(plan(path)).table();
  await expect(read).rejects.toMatchObject({ code: 'not_supported', message: expect.stringContaining(path) });
  expect(store.requests).toEqual([]);
});

test('a store that breaks off again and again fails the read, and gives no rows', async () => {
  store.oddity = (request, response, { status, headers, body }) => {
    if (request.headers.range?.startsWith('bytes=-')) return null;
    response.writeHead(status, headers);
    response.write(body.subarray(0, 10), () => response.socket?.resetAndDestroy());
    return 'answered';
  };
  const rows: number[] = [];
  const read = async () => {
    for await (const batch of executePlan(plan(), { columns: ['c3'], access: access() }).batches())
      rows.push(batch.numRows);
  };
  await expect(read()).rejects.toMatchObject({ code: 'service_unavailable', message: expect.stringContaining(PATH) });
  expect(rows).toEqual([]);
});

test.each(['json', 'csv', 'feather'] as const)('a %s file is copied whole, once', async (format) => {
  const rows = ROWS.slice(0, 3);
  const [written] = await writeRows(rows, { data_dir: folder, schema: FIELDS, format });
  store.bytes = new Uint8Array(await readFile(written?.path ?? ''));
  for (let round = 0; round < 2; round++) {
    expect(await executePlan(plan(PATH, format), { access: access() }).objects()).toEqual(rows);
  }
  expect(store.requests.filter(({ method }) => method === 'GET')).toHaveLength(1);
});

test('a plan is read by what it vends, and by what is vended when that expires', async () => {
  store.oddity = (request, response) => {
    if (request.headers.authorization?.includes('second-key')) return null;
    const { status, headers, body } = refusal(403, 'ExpiredToken');
    response.writeHead(status, headers).end(body);
    return 'answered';
  };
  const vending = (name: string) => ({
    ...plan(),
    data_roots: { main: { root: 's3://bucket/table', storage_type: 's3', endpoint_url } },
    credentials: { default: { ...keys(name), session_token: 'token' } },
  });
  await expect(executePlan(vending('first-key'), { columns: ['c3'] }).table()).rejects.toMatchObject({
    code: 'storage_denied',
  });
  const renewing = vendedAccess(vending('first-key'), async () => vending('second-key'));
  expect((await executePlan(vending('first-key'), { columns: ['c3'], access: renewing }).table()).numRows).toBe(
    ROWS.length,
  );
  expect((await executePlan(vending('second-key'), { columns: ['c3'] }).table()).numRows).toBe(ROWS.length);
});
