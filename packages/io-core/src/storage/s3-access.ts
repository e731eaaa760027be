import { ambientAccess, type StorageAccess } from './access.ts';
import { type S3Keys, type S3Options, s3Storage } from './s3.ts';
import type { Storage } from './storage.ts';

/** How files below a prefix are reached. */
export interface S3Grant extends Pick<S3Options, 'endpoint_url' | 'region' | 'keys' | 'patience'> {
  /** `s3://bucket` or `s3://bucket/prefix`: a folder with all that is below it, or one file. */
  prefix: string;
}

/**
 * Access to S3 by grants, the longest prefix first; what none of them covers is reached as without them. `renew` is asked
 * for all grants anew when the keys of one expire.
 */
export function s3Access(grants: readonly S3Grant[], renew?: () => Promise<readonly S3Grant[]>): StorageAccess {
  if (grants.length === 0) return ambientAccess;
  const renewal = renew && shared(renew);
  const opened = grants.map((grant) => ({ prefix: folderOf(grant.prefix), storage: storageOf(grant, renewal) }));
  opened.sort((a, b) => b.prefix.length - a.prefix.length);
  return { open: (path) => covering(opened, path)?.storage ?? ambientAccess.open(path) };
}

function covering<T extends { prefix: string }>(grants: readonly T[], path: string): T | undefined {
  if (!path.startsWith('s3://')) return undefined;
  return grants.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
}

function folderOf(prefix: string): string {
  return prefix.replace(/\/+$/, '');
}

function storageOf({ prefix, ...options }: S3Grant, renew?: () => Promise<readonly S3Grant[]>): Storage {
  if (!options.keys || renew === undefined) return s3Storage(options);
  const renewKeys = async (): Promise<S3Keys | null> => {
    const grants = await renew();
    return grants.find((grant) => folderOf(grant.prefix) === folderOf(prefix))?.keys ?? null;
  };
  return s3Storage({ ...options, renewKeys });
}

/** Keys of several grants that expire together are asked for once. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | null = null;
  return () => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}
