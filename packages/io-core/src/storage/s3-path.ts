import { DeltacatError } from '@deltacat/contract';

/** Where an object is: keys are taken as they are written, without any escapes. */
export interface S3Object {
  bucket: string;
  key: string;
}

const S3_URI = /^s3:\/\/([^/]+)(?:\/(.*))?$/is;

/** The longest key that S3 takes, in bytes. */
const KEY_BYTES_MAX = 1024;

/**
 * The bucket and key of an `s3://` URI. Keys with a part "." or ".." are refused: stores that keep objects in folders
 * would take them for another object, outside the prefix that a key was given for.
 */
export function parseS3Uri(path: string): S3Object {
  const [, bucket, key = ''] = S3_URI.exec(path) ?? [];
  if (bucket === undefined) throw refused(path, 'it names no bucket');
  if (key.includes('\0')) throw refused(path, 'a key has no NUL');
  if (key.split('/').some((part) => part === '.' || part === '..'))
    throw refused(path, 'a part of its key is "." or ".."');
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw refused(path, `its key has more than ${KEY_BYTES_MAX} bytes`);
  return { bucket, key };
}

/** The same, for what must be an object and not the top of a bucket. */
export function parseS3File(path: string): S3Object {
  const object = parseS3Uri(path);
  if (object.key === '') throw refused(path, 'it names a bucket and no file in it');
  return object;
}

function refused(path: string, why: string): DeltacatError {
  return new DeltacatError('invalid_entry', `${path} cannot be a file in S3: ${why}. Give s3://bucket/key.`, { path });
}
