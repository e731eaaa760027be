import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { DeltacatError } from '@deltacat/contract';
import type { S3Connection } from './s3-client.ts';
import { hasStatus, isMissingObject } from './s3-errors.ts';
import { parseS3File } from './s3-path.ts';
import { nameTaken } from './storage.ts';

/** What goes into one request; more is sent in parts. */
const PART_BYTES = 8 * 1024 * 1024;
/** S3 takes at most 10,000 parts. */
const PARTS_MAX = 9_000;
const PARTS_AT_ONCE = 4;

/** Objects of ours tell which write made them: an answer may be lost, and the object be there all the same. */
const WRITE_ID = 'deltacat-write';
const CONFLICT_ATTEMPTS_MAX = 3;

/** How an object is written. */
export interface S3Write {
  path: string;
  /** Fail when there is an object already. */
  isNew: boolean;
}

type Bytes = Uint8Array | AsyncIterable<Uint8Array>;

/** Puts an object in place, whole; parts that were sent before a failure are removed. */
export async function writeObject(connection: S3Connection, bytes: Bytes, write: S3Write): Promise<void> {
  if (!(bytes instanceof Uint8Array)) await writeStream(connection, bytes[Symbol.asyncIterator](), write);
  else if (bytes.byteLength <= PART_BYTES) await putObject(connection, bytes, write);
  else await upload(connection, { body: bytes, size_bytes: bytes.byteLength }, write);
}

/** A stream that ends soon goes into one request, which can be repeated. */
async function writeStream(connection: S3Connection, bytes: AsyncIterator<Uint8Array>, write: S3Write): Promise<void> {
  const head: Uint8Array[] = [];
  let held = 0;
  while (held <= PART_BYTES) {
    const { done, value } = await bytes.next();
    if (done) return putObject(connection, Buffer.concat(head), write);
    head.push(value);
    held += value.byteLength;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* head.splice(0);
    yield* { [Symbol.asyncIterator]: () => bytes };
  }
  await upload(connection, { body: Readable.from(all(), { objectMode: false }) }, write);
}

/** Puts a local file in place as an object, whole, and removes the file. */
export async function adoptFile(connection: S3Connection, source: string, write: S3Write): Promise<void> {
  const { size } = await stat(source);
  if (size <= PART_BYTES) await putObject(connection, await readFile(source), write);
  else await upload(connection, { body: createReadStream(source), size_bytes: size }, write);
  await unlink(source);
}

async function putObject(connection: S3Connection, bytes: Uint8Array, write: S3Write): Promise<void> {
  // Not the caller's own bytes: it may change them once it has its answer, and a late attempt may still send.
  const body = new Uint8Array(bytes);
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  await conditionally(connection, write, async (client, input) => {
    await client.send(new PutObjectCommand({ ...input, Body: body }));
  });
}

interface Source {
  body: Uint8Array | Readable;
  size_bytes?: number;
}

async function upload(connection: S3Connection, { body, size_bytes = 0 }: Source, write: S3Write): Promise<void> {
  const { Upload } = await import('@aws-sdk/lib-storage');
  const options = { partSize: Math.max(PART_BYTES, Math.ceil(size_bytes / PARTS_MAX)), queueSize: PARTS_AT_ONCE };
  try {
    await conditionally(connection, write, async (client, input) => {
      if (body instanceof Readable && body.readableDidRead) throw lostBytes(write.path);
      await new Upload({ client, params: { ...input, Body: body }, ...options }).done();
    });
  } finally {
    if (body instanceof Readable) body.destroy();
  }
}

/** A stream can be sent once. */
function lostBytes(path: string): DeltacatError {
  return new DeltacatError(
    'service_unavailable',
    `${path} could not be written: its store refused it when its bytes had been sent. Write it again.`,
    { path },
  );
}

type Attempt = (client: S3Client, input: Omit<PutObjectCommandInput, 'Body'>) => Promise<void>;

/** Writes by a condition where the object must be new; stores that know no conditions are asked before. */
async function conditionally(connection: S3Connection, { path, isNew }: S3Write, attempt: Attempt): Promise<void> {
  const { bucket, key } = parseS3File(path);
  const id = randomUUID();
  const input = { Bucket: bucket, Key: key, Metadata: { [WRITE_ID]: id } };
  await connection.send(path, async (client) => {
    for (let attempts = 1; ; attempts += 1) {
      const isConditional = isNew && connection.knowsConditions;
      if (isNew && !isConditional && (await hasObject(client, input))) throw nameTaken(path);
      try {
        return await attempt(client, isConditional ? { ...input, IfNoneMatch: '*' } : input);
      } catch (error) {
        if (await isOurs(client, input, { id, error })) return;
        if (hasStatus(error, 412)) throw nameTaken(path);
        if (isConditional && hasStatus(error, 501)) connection.knowsConditions = false;
        else if (!hasStatus(error, 409) || attempts === CONFLICT_ATTEMPTS_MAX) throw error;
        else await pause(Math.random() * 100 * 2 ** attempts);
      }
    }
  });
}

interface Target {
  Bucket: string;
  Key: string;
}

/** Whether an attempt that failed was the second one, because the answer to a first that succeeded was lost. */
async function isOurs(
  client: S3Client,
  input: Target,
  { id, error }: { id: string; error: unknown },
): Promise<boolean> {
  if (!hasStatus(error, 412) && !hasStatus(error, 404)) return false;
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const found = await client.send(new HeadObjectCommand({ Bucket: input.Bucket, Key: input.Key })).catch(nullIfMissing);
  return found?.Metadata?.[WRITE_ID] === id;
}

async function hasObject(client: S3Client, { Bucket, Key }: Target): Promise<boolean> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  return (await client.send(new HeadObjectCommand({ Bucket, Key })).catch(nullIfMissing)) !== null;
}

function nullIfMissing(error: unknown): null {
  if (isMissingObject(error)) return null;
  throw error;
}
