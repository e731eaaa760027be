import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WriteEntry } from '@deltacat/contract';
import { type StorageAccess, writeRows } from '@deltacat/io-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkStore } from '../maintenance/fsck.ts';
import { accessTo } from '../roots/access.ts';
import { newS3Root, startOnS3, TEST_BUCKET, TEST_S3_URL } from '../testing/s3-catalogs.ts';
import type { TestAnswer, TestServer } from '../testing/server.ts';

describe.skipIf(TEST_S3_URL === null)('files on S3 (skipped where DELTACAT_TEST_S3_URL names no server)', () => {
  let folder: string;
  let server: TestServer;
  let access: StorageAccess;
  const lake = newS3Root();
  const pond = newS3Root();
  const at = '/v1/namespaces/n/tables/t';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltacat-s3-'));
    server = await startOnS3(folder, { lake, pond });
    access = await accessTo(server.context, [`${lake.root}/x`, `${pond.root}/x`]);
    await server.request('POST', '/v1/namespaces', { namespace: 'n' });
    const schema_def = [{ name: 'id', type: 'int64', is_merge_key: true }];
    await server.request('POST', '/v1/namespaces/n/tables', { table: 't', schema_def });
  });

  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(body: object = {}): Promise<{ session_id: string; data_dir: string }> {
    return (await server.request('POST', `${at}/write-sessions`, { mode: 'append', ...body })).body;
  }

  async function put(data_dir: string, ids: number[]): Promise<WriteEntry> {
    const rows = ids.map((id) => ({ id }));
    const [entry] = await writeRows(rows, { data_dir, access, schema: [{ name: 'id', type: 'int64' }] });
    if (!entry) throw new Error('nothing was written');
    return { path: entry.path, record_count: ids.length, content_length: entry.content_length };
  }

  function commit(session_id: string, entries: unknown[]): Promise<TestAnswer> {
    return server.request('POST', `/v1/write-sessions/${session_id}/commit`, { session_version: 1, entries });
  }

  test('many files of a session become visible together, each looked at', async () => {
    const { session_id, data_dir } = await open();
    expect(data_dir.startsWith(`${lake.root}/data/`)).toBe(true);
    const entries = await Promise.all(Array.from({ length: 20 }, (_, n) => put(data_dir, [n * 2, n * 2 + 1])));
    const { status, body } = await commit(session_id, entries);
    expect([status, body.files_registered, body.total_records]).toEqual([200, 20, 40]);
  });

  test.each([
    ['that steps out of its session', (dir: string) => `${dir}/../x.parquet`, 'invalid_entry'],
    ['with an empty part', (dir: string) => `${dir}//x.parquet`, 'invalid_entry'],
    ['with escaped steps', (dir: string) => `${dir}/%2e%2e/x.parquet`, 'invalid_entry'],
    ['of a sibling whose name begins alike', (dir: string) => `${dir}2/x.parquet`, 'entry_outside_session'],
    ['of the session before', (dir: string) => `${dir.slice(0, -1)}/x.parquet`, 'entry_outside_session'],
    ['of another root', () => `${pond.root}/x.parquet`, 'entry_outside_session'],
    ['of another bucket', () => 's3://other/x.parquet', 'entry_outside_session'],
    ['of this machine', () => '/tmp/x.parquet', 'entry_outside_session'],
    ['that is a bucket', () => `s3://${TEST_BUCKET}`, 'invalid_entry'],
  ])('a file %s is refused', async (_title, path, code) => {
    const { session_id, data_dir } = await open();
    const { status, body } = await commit(session_id, [{ path: path(data_dir), record_count: 1 }]);
    expect([status, body.error.code]).toEqual([400, code]);
  });

  test('a file that vanished before the commit is named, and what is there stays out, too', async () => {
    const { session_id, data_dir } = await open();
    const kept = await put(data_dir, [100]);
    const lost = await put(data_dir, [101]);
    await access.open(lost.path).remove(lost.path);
    const { status, body } = await commit(session_id, [kept, lost]);
    expect([status, body.error.code]).toEqual([400, 'invalid_entry']);
    expect(body.error.message).toContain(lost.path);
    const described = await server.request('GET', at);
    expect(described.body.total_records).toBe(40);
  });

  test('a file that is not what its entry says is refused', async () => {
    const { session_id, data_dir } = await open();
    const entry = await put(data_dir, [102]);
    const counted = await commit(session_id, [{ ...entry, record_count: 2 }]);
    const measured = await commit(session_id, [{ ...entry, content_length: 5 }]);
    expect([counted, measured].map(({ body }) => body.error.code)).toEqual(['invalid_entry', 'invalid_entry']);
  });

  test('files of any data root are registered where they are, those of no root are not', async () => {
    const entry = await put(`${pond.root}/elsewhere`, [1_000]);
    const register = (manifest_entries: unknown[]) =>
      server.request('POST', `${at}/commit?mode=append`, { manifest_entries });
    const registered = await register([entry]);
    expect([registered.status, registered.body.total_records]).toEqual([200, 1]);
    const rootless = await register([{ path: `s3://${TEST_BUCKET}/nowhere/x.parquet`, record_count: 1 }]);
    expect([rootless.status, rootless.body.error.code]).toEqual([400, 'invalid_entry']);
    expect(rootless.body.error.message).toContain(`lake (${lake.root}), pond (${pond.root})`);
    for (const scheme of ['s3a', 'S3']) {
      const spelled = await register([{ path: `${scheme}://${TEST_BUCKET}/nowhere/x.parquet`, record_count: 1 }]);
      expect([spelled.status, spelled.body.error.message]).toEqual([400, rootless.body.error.message]);
    }
    const sibling = await register([{ path: `${pond.root}2/x.parquet`, record_count: 1 }]);
    expect(sibling.body.error.code).toBe('invalid_entry');
  });

  test('a plan over two roots hands out both', async () => {
    const { body } = await server.request('POST', `${at}/plan`);
    expect(Object.keys(body.data_roots).sort()).toEqual(['lake', 'pond']);
    expect(Object.keys(body.credentials).sort()).toEqual(
      ['configured:lake@1', 'configured:pond@1', TEST_S3_URL].sort(),
    );
  });

  test('a preview reads rows from S3, merged', async () => {
    const rows = { data: { id: [0, 5_000] } };
    expect((await server.request('POST', `${at}/write?mode=merge`, rows)).status).toBe(200);
    const filter = encodeURIComponent(JSON.stringify({ gte: ['id', 5_000] }));
    const { status, body } = await server.request('GET', `${at}/preview?limit=5&filter_predicate=${filter}`);
    expect([status, body.sample_rows]).toEqual([200, [{ id: 5_000 }]]);
  });

  test('readers that cannot merge get rows that were rewritten on S3', async () => {
    const { body } = await server.requestAs({})('POST', `${at}/plan`);
    expect(body.requires_mor).toBe(false);
    expect(body.scan_tasks[0].files[0].path).toMatch(new RegExp(`^${lake.root}/data/.*/rewrite-`));
  });

  test('fsck looks at files on S3: what is gone is told, and what nothing names', async () => {
    const options = { files: true, history: true, orphans_older_than_ms: -3_600_000, progress: () => {} };
    const stray = `${lake.root}/data/stray/file.parquet`;
    await access.open(stray).write(stray, new Uint8Array(7));
    const before = await checkStore(server.context.config, options);
    expect(before.found.filter(({ code }) => code.startsWith('file_'))).toEqual([]);
    expect(before.orphans?.findings.map(({ object }) => object)).toContain(stray);
    const { body } = await server.request('POST', `${at}/plan`);
    const { path } = body.scan_tasks[0].files[0];
    await access.open(path).remove(path);
    const after = await checkStore(server.context.config, options);
    const missing = after.found.find(({ code }) => code === 'file_missing');
    expect(missing?.findings[0]?.message).toContain(path);
  });

  test('a commit refused by the rows themselves leaves no file behind', async () => {
    const list = async () => (await Array.fromAsync(access.open(lake.root).list(lake.root))).length;
    const before = await list();
    const refused = await server.request('POST', `${at}/write?mode=create`, { data: { id: [1] } });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(await list()).toBe(before);
  });
});
