import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { DeltacatError } from '@deltacat/contract';
import { explainS3, isDenied, isExpired } from './s3-errors.ts';

/** Keys of S3, in the words in which servers vend them. */
export interface S3Keys {
  access_key_id: string;
  secret_access_key: string;
  session_token?: string | null | undefined;
  /** When they stop working, in milliseconds since 1970; null when they do not, or it is not known. */
  expires_at_ms?: number | null | undefined;
}

/** How long a store is waited for. */
export interface S3Patience {
  connect_ms: number;
  /** A connection on which less than `PROGRESS_BYTES_MIN` moves in this time is given up. */
  idle_ms: number;
  /** How often a request is sent at most. */
  attempts_max: number;
}

/** A place of objects, and how it is reached. */
export interface S3Options {
  /** The URL of a store other than AWS. Its buckets are parts of the path. */
  endpoint_url?: string | null | undefined;
  region?: string | null | undefined;
  /** The keys to use; those that the environment gives to this process when left out. */
  keys?: S3Keys | null | undefined;
  /** Gets other keys when these expire; null where there are none. */
  renewKeys?: ((expired: S3Keys) => Promise<S3Keys | null>) | null | undefined;
  /** Whether keys may be replaced before they expire: then others are asked for when they are refused, too. */
  may_rotate?: boolean | undefined;
  patience?: S3Patience | undefined;
}

const PATIENCE: S3Patience = { connect_ms: 5_000, idle_ms: 30_000, attempts_max: 5 };

/** The region of stores that have none. */
const REGION_DEFAULT = 'us-east-1';

/** More only share the bandwidth; each reader holds a buffer. */
const READS_AT_ONCE = 32;
/** Writes are never made to wait for reads: a copy from S3 to S3 needs both. */
const SOCKETS_MAX = 256;

/** Keys are renewed so long before they expire: requests take their time. */
const RENEW_BEFORE_MS = 60_000;

/**
 * A conversation with one store by one set of keys. The SDK is loaded by the first request, and the connections are shared
 * by all conversations of the process.
 */
export class S3Connection {
  readonly patience: S3Patience;
  /** Whether the store can be told to write only where nothing is; until it says that it cannot, it is believed to. */
  knowsConditions = true;
  readonly #options: S3Options;
  #keys: S3Keys | null;
  #client: Promise<S3Client> | null = null;
  #renewing: Promise<void> | null = null;

  constructor(options: S3Options) {
    this.#options = options;
    this.patience = options.patience ?? PATIENCE;
    this.#keys = options.keys ?? null;
  }

  /** Names the store, for messages and to tell equal paths in two stores apart. */
  get store(): string {
    return this.#options.endpoint_url ?? `the S3 of region ${this.#options.region ?? 'of this machine'}`;
  }

  /**
   * Asks the store. Keys that have expired, or were rotated, are renewed once, and then it is asked again. What goes wrong is told by a
   * `DeltacatError` that names the file, and never holds a key.
   */
  async send<T>(path: string, ask: (client: S3Client) => Promise<T>): Promise<T> {
    await this.#renewEarly();
    const client = this.#open();
    try {
      return await ask(await client);
    } catch (error) {
      if (!this.#mayRenew(error)) throw this.explain(error, path);
      await this.#renew(client, path);
    }
    try {
      return await ask(await this.#open());
    } catch (error) {
      throw this.explain(error, path);
    }
  }

  /** What an error of the SDK or of a connection means for whoever wanted a file. */
  explain(error: unknown, path: string): unknown {
    return explainS3(error, { path, store: this.store, isVended: this.#keys !== null });
  }

  #mayRenew(error: unknown): boolean {
    if (!this.#options.renewKeys || this.#keys === null) return false;
    const { expires_at_ms } = this.#keys;
    if (this.#options.may_rotate && isDenied(error)) return true;
    return isExpired(error, expires_at_ms != null && expires_at_ms <= Date.now());
  }

  async #renewEarly(): Promise<void> {
    const { expires_at_ms } = this.#keys ?? {};
    if (!this.#options.renewKeys || expires_at_ms == null || expires_at_ms - Date.now() > RENEW_BEFORE_MS) return;
    // They may still work for a minute; whether they do the store will tell.
    await this.#replaceKeys(this.#client).catch(() => {});
  }

  async #renew(used: Promise<S3Client>, path: string): Promise<void> {
    try {
      await this.#replaceKeys(used);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DeltacatError(
        'storage_denied',
        `The keys by which ${path} is reached have expired, and no new ones could be had: ${reason}`,
        { path },
      );
    }
  }

  /** Readers that find out at the same time renew once. */
  async #replaceKeys(used: Promise<S3Client> | null): Promise<void> {
    if (used !== null && used !== this.#client) return;
    this.#renewing ??= (async () => {
      const keys = this.#keys && (await this.#options.renewKeys?.(this.#keys));
      if (keys == null) throw new Error('the server vends none for this place any more');
      this.#keys = keys;
      this.#client = null;
    })().finally(() => {
      this.#renewing = null;
    });
    await this.#renewing;
  }

  #open(): Promise<S3Client> {
    this.#client ??= openClient(this.#options, this.#keys, this.patience).catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }
}

/** The connections of the process, by how long they are waited for. */
const handlers = new WeakMap<S3Patience, S3ClientConfig['requestHandler']>();

async function openClient(options: S3Options, keys: S3Keys | null, patience: S3Patience): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const endpoint = options.endpoint_url ?? (await ambientEndpoint());
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const client = new S3Client({
    region: options.region ?? (await ambientRegion()),
    // Stores other than AWS have no host name for each bucket, and few know the newer checksums.
    ...(endpoint === undefined
      ? { followRegionRedirects: true }
      : {
          endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
    ...(keys === null ? {} : { credentials: identityOf(keys) }),
    maxAttempts: patience.attempts_max,
    retryMode: 'standard',
    requestHandler: handlers.get(patience) ?? {
      connectionTimeout: patience.connect_ms,
      socketTimeout: patience.idle_ms,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  handlers.set(patience, client.config.requestHandler);
  return client;
}

function identityOf({ access_key_id, secret_access_key, session_token }: S3Keys) {
  return {
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key,
    ...(session_token ? { sessionToken: session_token } : {}),
  };
}

/** The endpoint that the environment or the profile names, as for every program that uses an SDK of AWS. */
async function ambientEndpoint(): Promise<string | undefined> {
  const { loadConfig } = await import('@smithy/core/config');
  return loadConfig<string | undefined>({
    environmentVariableSelector: (env) => env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined,
    configFileSelector: ({ endpoint_url }) => endpoint_url || undefined,
    default: async () => undefined,
  })();
}

async function ambientRegion(): Promise<string> {
  const { loadConfig } = await import('@smithy/core/config');
  return loadConfig<string>({
    environmentVariableSelector: (env) => env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined,
    configFileSelector: ({ region }) => region || undefined,
    default: REGION_DEFAULT,
  })();
}

let reading = 0;
const waiting: (() => void)[] = [];

/** Waits until few enough objects are being read, and tells how to say that this one is done. */
export async function readSlot(): Promise<() => void> {
  if (reading < READS_AT_ONCE) reading += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    const next = waiting.shift();
    if (next === undefined) reading -= 1;
    else next();
  };
}
