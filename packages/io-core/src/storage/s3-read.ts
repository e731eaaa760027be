import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { readSlot, type S3Connection } from './s3-client.ts';
import { BrokenRead, hasStatus, isTransient } from './s3-errors.ts';
import { parseS3File } from './s3-path.ts';

/** A part of an object: from an offset (to the end where no length is given), or its last bytes. */
export type S3Range = { offset: number; length?: number | undefined } | { last: number };

/** What moves less than this in the time that a connection may idle counts as standing still. */
const PROGRESS_BYTES_MIN = 16 * 1024;
/** An answer that broke off is asked for again from there; so much more of it is a new start for counting. */
const RECOVERY_BYTES = 8 * 1024 * 1024;
const PAUSE_MS = 100;

/** An answer whose bytes have not been read yet. */
interface OpenedObject {
  offset: number;
  length: number;
  /** The size of the whole object. */
  size_bytes: number;
  version: string | null;
  body: Readable;
}

/** What is being read of which object. */
export interface S3Read {
  path: string;
  range: S3Range;
  /** Only this version of it: `data_missing` when it is another by now. */
  version?: string | null | undefined;
}

/** An object's bytes as they come, and what was told of the whole object. */
export interface S3Bytes {
  size_bytes: number;
  version: string | null;
  length: number;
  /** To be read to its end, or left by `return`: until then it counts among the objects that are being read. */
  chunks: AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Opens a part of an object for reading. An answer that stalls, breaks off or is shorter than it said is asked for again
 * from there, of the same version, a few times; never are bytes of two versions mixed, and never are there fewer than
 * were told. A part beyond the end has no bytes.
 */
export async function openObject(connection: S3Connection, read: S3Read): Promise<S3Bytes> {
  const done = await readSlot();
  try {
    const opened = await getObject(connection, read);
    if (opened === null) {
      done();
      return { ...(await measureObject(connection, read.path)), length: 0, chunks: noChunks() };
    }
    const { size_bytes, version, length } = opened;
    return { size_bytes, version, length, chunks: resumed(connection, { ...read, opened, done }) };
  } catch (error) {
    done();
    throw error;
  }
}

/** The size and version of an object. */
export async function measureObject(
  connection: S3Connection,
  path: string,
): Promise<{ size_bytes: number; version: string | null; modified_ms: number }> {
  const { bucket, key } = parseS3File(path);
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const found = await connection.send(path, (client) =>
    client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })),
  );
  return {
    size_bytes: found.ContentLength ?? 0,
    version: found.ETag ?? null,
    modified_ms: found.LastModified?.getTime() ?? 0,
  };
}

async function* noChunks(): AsyncGenerator<Uint8Array, void, undefined> {}

/** Null when the part lies beyond the end of the object. */
async function getObject(connection: S3Connection, { path, range, version }: S3Read): Promise<OpenedObject | null> {
  const { bucket, key } = parseS3File(path);
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const input = { Bucket: bucket, Key: key, Range: rangeHeader(range), ...(version ? { IfMatch: version } : {}) };
  return connection.send(path, async (client) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return opened(await client.send(new GetObjectCommand(input)), range);
      } catch (error) {
        if (hasStatus(error, 416)) return null;
        // The SDK asks again by itself when there is no answer, and takes any that there is.
        if (!(error instanceof BrokenRead) || attempt === connection.patience.attempts_max) throw error;
        await beforeAttempt(attempt);
      }
    }
  });
}

function beforeAttempt(attempt: number): Promise<void> {
  return pause(PAUSE_MS * 2 ** attempt * Math.random());
}

function rangeHeader(range: S3Range): string {
  if ('last' in range) return `bytes=-${range.last}`;
  return `bytes=${range.offset}-${range.length === undefined ? '' : range.offset + range.length - 1}`;
}

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/** What the store answers with. Some send the whole of an empty object, or of one that is asked for from its start. */
function opened(answer: GetObjectCommandOutput, range: S3Range): OpenedObject {
  const { ContentRange, ContentLength, ETag = null, Body } = answer;
  if (!(Body instanceof Readable)) throw new BrokenRead('answers without any bytes');
  const isWhole = 'offset' in range && range.offset === 0 && range.length === undefined;
  if (ContentRange === undefined && ContentLength !== undefined && (isWhole || ContentLength === 0)) {
    return { offset: 0, length: ContentLength, size_bytes: ContentLength, version: ETag, body: Body };
  }
  const [, first, last, total] = CONTENT_RANGE.exec(ContentRange ?? '')?.map(Number) ?? [];
  if (first === undefined || last === undefined || total === undefined) {
    Body.destroy();
    throw new BrokenRead('answers with another part than was asked for');
  }
  const offset = 'last' in range ? Math.max(0, total - range.last) : range.offset;
  const end = 'last' in range || range.length === undefined ? total : Math.min(total, offset + range.length);
  const length = end - offset;
  if (first !== offset || last !== end - 1 || (ContentLength !== undefined && ContentLength !== length)) {
    Body.destroy();
    throw new BrokenRead('answers with another part than was asked for');
  }
  return { offset, length, size_bytes: total, version: ETag, body: Body };
}

interface Resumable extends S3Read {
  opened: OpenedObject;
  done: () => void;
}

async function* resumed(connection: S3Connection, read: Resumable): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, opened, done } = read;
  const { attempts_max, idle_ms } = connection.patience;
  const end = opened.offset + opened.length;
  let [at, attempt, counted_from] = [opened.offset, 1, opened.offset];
  let body: Readable | null = opened.body;
  try {
    while (at < end) {
      try {
        body ??= await reopen(connection, { path, version: opened.version, range: { offset: at, length: end - at } });
        for await (const chunk of steady(body, idle_ms)) {
          at += chunk.byteLength;
          if (at > end) throw new BrokenRead('answers with more bytes than were asked for');
          yield chunk;
        }
        if (at < end) throw new BrokenRead(`broke off its answer ${end - at} bytes before the end`);
      } catch (error) {
        body = null;
        if (at - counted_from >= RECOVERY_BYTES) [attempt, counted_from] = [1, at];
        if (!isTransient(error) || at > end || attempt === attempts_max) throw connection.explain(error, path);
        await beforeAttempt(attempt);
        attempt += 1;
      }
    }
  } finally {
    body?.destroy();
    done();
  }
}

async function reopen(connection: S3Connection, read: S3Read): Promise<Readable> {
  const again = await getObject(connection, read);
  if (again === null) throw new BrokenRead('answers with another part than was asked for');
  return again.body;
}

/** Gives up a body on which too little moves. The time in which its reader is busy does not count. */
async function* steady(body: Readable, idle_ms: number): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  let isReaderBusy = false;
  const watch = setInterval(() => {
    if (received < PROGRESS_BYTES_MIN && !isReaderBusy) {
      body.destroy(new BrokenRead(`sent less than ${PROGRESS_BYTES_MIN} bytes in ${idle_ms} ms`));
    }
    received = 0;
  }, idle_ms);
  watch.unref();
  try {
    for await (const chunk of body) {
      received += chunk.byteLength;
      isReaderBusy = true;
      yield chunk;
      isReaderBusy = false;
    }
  } finally {
    clearInterval(watch);
  }
}
