import { DeltacatError } from '@deltacat/contract';
import { S3Connection, type S3Options } from './s3-client.ts';
import { parseS3File, parseS3Uri } from './s3-path.ts';
import { measureObject, openObject, type S3Range } from './s3-read.ts';
import { adoptFile, writeObject } from './s3-write.ts';
import type { RemoteReads, Storage, StoredFile, Tail } from './storage.ts';

export type { S3Keys, S3Options, S3Patience } from './s3-client.ts';

/**
 * The objects of a store that speaks S3, by `s3://bucket/key`; keys are taken as they are written. Fails with `not_found`,
 * `storage_denied`, `service_unavailable` (after a few attempts, naming the store) and `data_missing` (the object was
 * replaced while it was read). Nothing is asked before the first file is.
 */
export function s3Storage(options: S3Options = {}): Storage {
  const connection = new S3Connection(options);
  const range = async (path: string, part: S3Range) => joined(await openObject(connection, { path, range: part }));
  return {
    read: (path) => range(path, { offset: 0 }),
    readRange: async (path, offset, length) => {
      if (length > 0) return range(path, { offset, length });
      await measureObject(connection, path);
      return new Uint8Array();
    },
    readTail: (path, length) => nullIfMissing(readTail(connection, path, length)),
    size: async (path) => (await nullIfMissing(measureObject(connection, path)))?.size_bytes ?? null,
    write: (path, bytes) => writeObject(connection, bytes, { path, isNew: false }),
    writeNew: (path, bytes) => writeObject(connection, bytes, { path, isNew: true }),
    adopt: (source, path) => adoptFile(connection, source, { path, isNew: false }),
    list: (prefix) => list(connection, prefix),
    remove: (path) => remove(connection, path),
    localPath: () => null,
    remote: remoteReads(connection),
  };
}

function remoteReads(connection: S3Connection): RemoteReads {
  return {
    store: connection.store,
    measure: (path) => nullIfMissing(measureObject(connection, path)),
    async *stream(path, { offset, length, version }) {
      const { chunks } = await openObject(connection, { path, range: { offset, length }, version });
      yield* chunks;
    },
  };
}

interface Opened {
  length: number;
  chunks: AsyncGenerator<Uint8Array>;
}

async function joined({ length, chunks }: Opened): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

async function readTail(connection: S3Connection, path: string, length: number): Promise<Tail> {
  if (length === 0) return { bytes: new Uint8Array(), ...(await measureObject(connection, path)) };
  const opened = await openObject(connection, { path, range: { last: length } });
  const { size_bytes, version } = opened;
  return { bytes: await joined(opened), size_bytes, version };
}

async function nullIfMissing<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof DeltacatError && error.code === 'not_found') return null;
    throw error;
  }
}

/** Pages are asked for as they are used. Keys come escaped where the store can: XML has no way to write some characters. */
async function* list(connection: S3Connection, prefix: string): AsyncIterable<StoredFile> {
  const folder = prefix.replace(/\/+$/, '');
  const { bucket, key } = parseS3Uri(folder);
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const about = { Bucket: bucket, Prefix: key === '' ? '' : `${key}/`, EncodingType: 'url' as const };
  let token: string | undefined;
  do {
    const more = token === undefined ? {} : { ContinuationToken: token };
    const page = await connection.send(folder, (client) =>
      client.send(new ListObjectsV2Command({ ...about, ...more })),
    );
    for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
      const name = page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
      // Some programs leave an empty object where a folder is.
      if (name.endsWith('/')) continue;
      yield { path: `s3://${bucket}/${name}`, size_bytes: Size, modified_ms: LastModified?.getTime() ?? 0 };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

async function remove(connection: S3Connection, path: string): Promise<void> {
  const { bucket, key } = parseS3File(path);
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
  try {
    await connection.send(path, (client) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
  } catch (error) {
    if (!(error instanceof DeltacatError) || error.code !== 'not_found') throw error;
  }
}
