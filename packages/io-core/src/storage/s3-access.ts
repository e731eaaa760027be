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
  const renewal = renew && new Renewal(renew);
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

function storageOf({ prefix, ...options }: S3Grant, renewal?: Renewal): Storage {
  if (!options.keys || renewal === undefined) return s3Storage(options);
  return s3Storage({ ...options, renewKeys: (expired) => renewal.keysFor(prefix, expired) });
}

/** New keys, which are asked for once by all grants whose keys expire together. */
class Renewal {
  readonly #ask: () => Promise<readonly S3Grant[]>;
  #grants: readonly S3Grant[] = [];
  #asking: Promise<void> | null = null;

  constructor(ask: () => Promise<readonly S3Grant[]>) {
    this.#ask = ask;
  }

  async keysFor(prefix: string, expired: S3Keys): Promise<S3Keys | null> {
    const known = this.#find(prefix);
    if (known !== null && !isSame(known, expired)) return known;
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = null;
    });
    await this.#asking;
    return this.#find(prefix);
  }

  async #renew(): Promise<void> {
    this.#grants = await this.#ask();
  }

  #find(prefix: string): S3Keys | null {
    return this.#grants.find((grant) => folderOf(grant.prefix) === folderOf(prefix))?.keys ?? null;
  }
}

function isSame(one: S3Keys, other: S3Keys): boolean {
  return one.access_key_id === other.access_key_id && one.session_token === other.session_token;
}
