import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@deltacat/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ServerProcess, startServerProcess } from '../server-process.ts';

const { DELTACAT_TEST_S3_URL: S3, DELTACAT_TEST_S3_BUCKET, DELTACAT_TEST_STS_URL: STS } = process.env;
const KEYS = {
  AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? '',
  AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? '',
};

/** The Pythons with the official clients, which the conformance kit installs. */
const PYTHONS = join(homedir(), '.cache/deltacat-conformance');
const NEWER = join(PYTHONS, 'py067/bin/python');
const OLDER = join(PYTHONS, 'py010/bin/python');

/** Ways of vending, with what the environment of a client has to hold. STS is moto, which is S3 as well: its keys open that. */
const WAYS = [
  { credentials: 'none', store: S3, client: KEYS },
  { credentials: 'static', store: S3, client: {} },
  { credentials: 'sts', store: STS, client: {} },
] as const;

/** The variables of a client that has nothing but what it is given, so that keys can only come from where they should. */
function bare(keys: Record<string, string>): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: tmpdir(), AWS_EC2_METADATA_DISABLED: 'true', ...keys };
}

const WRITES = `
import sys, pyarrow as pa
from deltacat_client import Client
catalog = Client(sys.argv[1]).catalog
catalog.write(pa.table({"id": [2, 3], "v": ["B", "c"]}), namespace="n", table="t", mode="merge")
rows = catalog.read(namespace="n", table="t").sort_by("id").to_pylist()
print([(row["id"], row["v"]) for row in rows])
`;

const READS = `
import sys
from deltacat_client import Client
rows = Client(sys.argv[1]).catalog.read(namespace="n", table="t").sort_by("id").to_pylist()
print([(row["id"], row["v"]) for row in rows])
`;

const MERGED = "[(1, 'a'), (2, 'B'), (3, 'c')]";

async function python(program: string, code: string, on: { url: string; keys: Record<string, string> }) {
  const { stdout } = await promisify(execFile)(program, ['-c', code, on.url], { env: bare(on.keys), timeout: 50_000 });
  return stdout.trim();
}

describe.each(WAYS)('with credentials "$credentials"', ({ credentials, store, client: keys }) => {
  describe.skipIf(!store)('on S3 (skipped where DELTACAT_TEST_S3_URL or DELTACAT_TEST_STS_URL names none)', () => {
    let folder: string;
    let server: ServerProcess;
    const bucket = store === S3 ? DELTACAT_TEST_S3_BUCKET : `lake-${randomUUID()}`;
    const root = `s3://${bucket}/${randomUUID()}`;

    beforeAll(async () => {
      // moto takes whoever asks, and makes the bucket.
      if (store !== S3) expect((await fetch(`${store}/${bucket}`, { method: 'PUT' })).status).toBe(200);
      folder = mkdtempSync(join(tmpdir(), 'deltacat-s3-'));
      const file = join(folder, 'catalogs.json');
      const role = { role_arn: 'arn:aws:iam::123456789012:role/lake', sts_endpoint_url: STS };
      const lake = {
        root,
        endpoint_url: store,
        region: 'us-east-1',
        credentials,
        ...(credentials === 'sts' ? role : {}),
      };
      writeFileSync(file, JSON.stringify({ default: { root: folder, data_roots: { lake } } }));
      server = await startServerProcess(folder, { DELTACAT_CATALOGS: file, ...KEYS });
      // From here on keys can only come from the server, unless it hands none out.
      if (credentials !== 'none') vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'not the secret');
      await using client = new Client(server.url);
      await client.catalog.createNamespace({ namespace: 'n' });
      const schema_def = [
        { name: 'id', type: 'int64', is_merge_key: true },
        { name: 'v', type: 'string' },
      ];
      await client.catalog.createTable({ namespace: 'n', table: 't', schema_def });
      const rows = [
        { id: 1, v: 'a' },
        { id: 2, v: 'b' },
      ];
      await client.catalog.write(rows, { namespace: 'n', table: 't', mode: 'merge' });
    });

    afterAll(async () => {
      vi.unstubAllEnvs();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test('the TypeScript client reads what it wrote there, by what it is given alone', async () => {
      await using client = new Client(server.url);
      const rows = await client.catalog.read({ namespace: 'n', table: 't', read_as: 'objects' });
      const found = await Array.fromAsync(rows);
      expect(found.slice(0, 2)).toMatchObject([{ v: 'a' }, {}]);
      const plan = await client.catalog.plan({ namespace: 'n', table: 't' });
      expect(plan.raw.scan_tasks[0]?.files[0]?.path.startsWith(`${root}/data/`)).toBe(true);
    });

    test.skipIf(!existsSync(NEWER))(
      'the newer Python client writes there and reads it back, by what it is given alone',
      async () => {
        expect(await python(NEWER, WRITES, { url: server.url, keys })).toBe(MERGED);
      },
    );

    test.skipIf(!existsSync(OLDER))('the older Python client reads what is there', async () => {
      await using client = new Client(server.url);
      const rows = [
        { id: 2, v: 'B' },
        { id: 3, v: 'c' },
      ];
      await client.catalog.write(rows, { namespace: 'n', table: 't', mode: 'merge' });
      expect(await python(OLDER, READS, { url: server.url, keys })).toBe(MERGED);
    });
  });
});
