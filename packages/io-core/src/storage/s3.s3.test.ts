import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { newS3Folder, TEST_S3, testS3Access } from '../testing/s3-place.ts';
import { parseS3Uri } from './s3-path.ts';

/** Enough for three parts. */
const LARGE = 20_000_000;

const { open } = testS3Access();

/** Uploads of the tests' bucket that were begun below a folder and are not whole. */
async function unfinished(folder: string): Promise<number> {
  const { bucket, key } = parseS3Uri(folder);
  const { access_key_id = '', secret_access_key = '' } = TEST_S3?.keys ?? {};
  const client = new S3Client({
    endpoint: TEST_S3?.endpoint_url ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key },
  });
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  client.destroy();
  return Uploads.filter(({ Key }) => Key?.startsWith(key)).length;
}

async function* inChunks(bytes: Uint8Array, failure?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
  if (failure) throw failure;
}

describe.skipIf(TEST_S3 === null)('large objects (skipped where DELTACAT_TEST_S3_URL names no server)', () => {
  test('are written in parts, and read whole, in part and from their end', async () => {
    const path = `${newS3Folder()}/large`;
    const bytes = randomBytes(LARGE);
    await open(path).write(path, inChunks(bytes));
    expect(Buffer.compare(await open(path).read(path), bytes)).toBe(0);
    expect(
      Buffer.compare(await open(path).readRange(path, 7_999_999, 9_000_000), bytes.subarray(7_999_999, 16_999_999)),
    ).toBe(0);
    expect((await open(path).readTail(path, 9))?.bytes).toEqual(new Uint8Array(bytes.subarray(-9)));
    await open(path).write(`${path}-2`, bytes);
    expect(await open(path).size(`${path}-2`)).toBe(LARGE);
  });

  test('are written under a name only once, where they must be new', async () => {
    const folder = newS3Folder();
    const path = `${folder}/large`;
    await open(path).writeNew(path, inChunks(Buffer.alloc(LARGE, 1)));
    const again = open(path).writeNew(path, inChunks(Buffer.alloc(LARGE, 2)));
    await expect(again).rejects.toMatchObject({ code: 'name_taken' });
    expect((await open(path).readRange(path, 0, 1))[0]).toBe(1);
    expect(await unfinished(folder)).toBe(0);
  });

  test('whose bytes stop coming leave nothing, and no parts that cost', async () => {
    const folder = newS3Folder();
    const path = `${folder}/large`;
    const failure = new Error('no more');
    await expect(open(path).write(path, inChunks(Buffer.alloc(LARGE), failure))).rejects.toBe(failure);
    expect(await open(path).size(path)).toBeNull();
    expect(await unfinished(folder)).toBe(0);
  });

  test('are moved in from a local file', async () => {
    const path = `${newS3Folder()}/large`;
    const made = await mkdtemp(join(tmpdir(), 'storage-'));
    const bytes = randomBytes(LARGE);
    await writeFile(join(made, 'file'), bytes);
    await open(path).adopt(join(made, 'file'), path);
    expect(Buffer.compare(await open(path).read(path), bytes)).toBe(0);
    expect(await readdir(made)).toEqual([]);
    await rm(made, { recursive: true });
  });
});

describe.skipIf(TEST_S3 === null)('a bucket (skipped where DELTACAT_TEST_S3_URL names no server)', () => {
  test('is listed page by page', async () => {
    const folder = newS3Folder();
    const names = Array.from({ length: 1_005 }, (_, index) => `${folder}/${String(index).padStart(4, '0')}`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((path) => open(path).write(path, new Uint8Array())));
    }
    expect((await Array.fromAsync(open(folder).list(folder))).map(({ path }) => path)).toEqual(names);
  });

  test('that is missing has no files, and nothing can be put there', async () => {
    const path = 's3://deltacat-no-such-bucket/x';
    expect(await open(path).size(path)).toBeNull();
    await expect(open(path).read(path)).rejects.toMatchObject({ code: 'not_found' });
    await expect(open(path).write(path, new Uint8Array())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is closed to wrong keys, which are not told', async () => {
    const path = `${newS3Folder()}/x`;
    await open(path).write(path, new Uint8Array(8));
    const keys = { access_key_id: TEST_S3?.keys?.access_key_id ?? '', secret_access_key: 'a-wrong-secret' };
    const read = testS3Access({ keys }).open(path).read(path);
    await expect(read).rejects.toMatchObject({
      code: 'storage_denied',
      message: expect.not.stringContaining('a-wrong'),
    });
  });
});
