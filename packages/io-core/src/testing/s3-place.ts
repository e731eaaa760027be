import { randomUUID } from 'node:crypto';
import type { StorageAccess } from '../storage/access.ts';
import { type S3Options, s3Storage } from '../storage/s3.ts';

const { DELTACAT_TEST_S3_URL, DELTACAT_TEST_S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;

/** The S3 server of the tests, which `node scripts/s3.ts` starts; null where there is none. */
export const TEST_S3: Required<Pick<S3Options, 'endpoint_url' | 'region' | 'keys'>> | null = DELTACAT_TEST_S3_URL
  ? {
      endpoint_url: DELTACAT_TEST_S3_URL,
      region: 'us-east-1',
      keys: { access_key_id: AWS_ACCESS_KEY_ID ?? '', secret_access_key: AWS_SECRET_ACCESS_KEY ?? '' },
    }
  : null;

/** A folder of its own in the bucket of the tests. */
export function newS3Folder(): string {
  return `s3://${DELTACAT_TEST_S3_BUCKET}/${randomUUID()}`;
}

/** Access to the S3 server of the tests, and nothing else; by another way to it, where one is given. */
export function testS3Access(options: S3Options = {}): StorageAccess {
  const storage = s3Storage({ ...TEST_S3, ...options });
  return { open: () => storage };
}
