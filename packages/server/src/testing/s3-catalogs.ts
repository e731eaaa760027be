import { randomUUID } from 'node:crypto';
import type { CatalogConfig, S3RootConfig } from '../config.ts';
import { startTestServer, type TestServer } from './server.ts';

const { DELTACAT_TEST_S3_URL, DELTACAT_TEST_S3_BUCKET } = process.env;

/** Where the S3 server of the tests is, which `node scripts/s3.ts` starts; null where there is none. */
export const TEST_S3_URL: string | null = DELTACAT_TEST_S3_URL || null;

/** The bucket of the tests. */
export const TEST_BUCKET: string = DELTACAT_TEST_S3_BUCKET ?? 'none';

/** A data root of its own in the bucket of the tests. */
export function newS3Root(settings: Partial<S3RootConfig> = {}): S3RootConfig {
  const root = `s3://${TEST_BUCKET}/${randomUUID()}`;
  return { root, storage_type: 's3', endpoint_url: TEST_S3_URL, region: 'us-east-1', ...settings };
}

/** One catalog with data roots on S3, and one of this machine that is called `near`; new files go to the first. */
export function catalogOn(folder: string, roots: Record<string, S3RootConfig>): CatalogConfig {
  const near = { root: `${folder}/near`, storage_type: 'local' as const };
  const data_root = Object.keys(roots)[0] ?? 'near';
  return { name: 'default', root: folder, data_root, data_roots: { ...roots, near } };
}

/** A server whose default catalog has these data roots on S3, over a folder for the rest. */
export function startOnS3(folder: string, roots: Record<string, S3RootConfig>): Promise<TestServer> {
  return startTestServer({ root: folder, config: { catalogs: [catalogOn(folder, roots)] } });
}
