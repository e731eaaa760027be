import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { catalogName, credentialSettings, endpointUrl, s3Root } from '@deltacat/contract';
import { MEMORY_LIMIT_MB_MIN, parseMemoryLimit } from '@deltacat/io-core';
import { z } from 'zod';

/** How the address of a PostgreSQL database may begin. */
const DATABASE_PROTOCOLS = ['postgres:', 'postgresql:'];

interface Variable {
  schema: z.ZodType;
  meaning: string;
  /** Whether the value may hold a password: then no error repeats it. */
  is_secret?: boolean;
}

/** Keys of the server that data roots which are added while it runs may use. */
export interface RootKeys {
  /** `env:NAME` or `profile:name`; null for those where AWS tools look by default. */
  keys_from: string | null;
  /** `s3://bucket/prefix` on AWS, and `http://store:9000/bucket/prefix` elsewhere; what is below it is meant, too. */
  place: string;
  /** What clients may be given beside nothing: `static` for the keys as they are, and the ARNs of roles. */
  given: string[];
}

/** A store other than AWS or a part of it, spelled as requests to it are. */
const storePlace = endpointUrl
  .transform((url) => new URL(url))
  .pipe(
    z
      .instanceof(URL)
      .refine(
        ({ pathname, search, hash }) => !/%/.test(pathname) && search === '' && hash === '',
        'is no plain address',
      )
      .transform(({ origin, pathname }) => `${origin}${pathname.replace(/\/+$/, '')}`),
  );

const rootKeysPiece = z.object({
  source: z.literal('default').or(credentialSettings.keys_from.unwrap().unwrap()),
  place: s3Root.or(storePlace),
  given: z.array(z.literal('static').or(credentialSettings.role_arn.unwrap().unwrap())),
});

const rootKeys = z.string().transform((text, context): RootKeys[] => {
  const pieces = text.split(';').map((piece) => piece.trim());
  return pieces.filter(Boolean).flatMap((piece) => {
    const [source = '', place = '', ...given] = piece.split(/\s+/);
    const parsed = rootKeysPiece.safeParse({ source, place, given });
    if (parsed.success) {
      return [{ keys_from: source === 'default' ? null : source, place: parsed.data.place, given: parsed.data.given }];
    }
    const [issue] = parsed.error.issues;
    context.addIssue({
      code: 'custom',
      message: `"${piece}": its ${String(issue?.path[0])} cannot be used (${issue?.message})`,
    });
    return [];
  });
});

/** Every environment variable that the server reads; docs/configuration.md lists the same. */
export const VARIABLES = {
  DELTACAT_CATALOGS: {
    schema: z.string(),
    meaning: 'Path of a JSON file that defines the catalogs and their data roots.',
  },
  DELTACAT_DATABASE_URL: {
    schema: z.string().refine((url) => DATABASE_PROTOCOLS.includes(URL.parse(url)?.protocol ?? ''), {
      error: 'it is not the address of a PostgreSQL database, as postgres://user:password@host:5432/name',
    }),
    meaning:
      'The PostgreSQL database that keeps the store, as `postgres://user:password@host:5432/name`. Unset: SQLite in the catalog root.',
    is_secret: true,
  },
  DELTACAT_DATABASE_CONNECTIONS: {
    schema: z.coerce.number().int().min(2).max(1_000).default(10),
    meaning: 'The most connections to the PostgreSQL database that the server holds.',
  },
  DELTACAT_WRITE_SESSION_TTL_SECONDS: {
    schema: z.coerce.number().int().min(1).max(31_536_000).default(3_600),
    meaning: 'How long a write session lives without a heartbeat.',
  },
  DELTACAT_TXN_TTL_SECONDS: {
    schema: z.coerce.number().int().min(1).max(31_536_000).default(3_600),
    meaning: 'How long a transaction lives without a change or a heartbeat.',
  },
  DELTACAT_BODY_MAX_MB: {
    schema: z.coerce.number().int().min(1).max(4_096).default(64),
    meaning: 'The largest request body, in MiB.',
  },
  DELTACAT_MEMORY_LIMIT: {
    schema: z.string().refine((text) => parseMemoryLimit(text) !== null, {
      error: `it is not a size of ${MEMORY_LIMIT_MB_MIN}MiB or more, as 512MiB or 2GiB`,
    }),
    meaning:
      'The most memory that the process may take while it reads for previews and rewrites, itself included; more goes to disk. Unset: 1GiB, or half of the machine. `deltacat read` goes by it, too.',
  },
  DELTACAT_ENGINE_MEMORY_MB: {
    schema: z.coerce.number().int().min(64).max(4_194_304),
    meaning: 'The older name of `DELTACAT_MEMORY_LIMIT`, in MiB; it counts where that is unset.',
  },
  DELTACAT_CACHE_MB: {
    schema: z.coerce.number().int().min(1).max(1_073_741_824),
    meaning:
      'The most disk, in MiB, that copies of files on S3 take beyond those in use. Unset: 4096, or half of what is free where that is less.',
  },
  DELTACAT_CACHE_DIR: {
    schema: z.string(),
    meaning: 'The folder in which they are kept. Unset: that of the system for temporary files.',
  },
  DELTACAT_ROOT_KEYS: {
    schema: rootKeys,
    meaning:
      'Which keys of the server data roots on S3 may use that are added while it runs: `SOURCE PLACE`, several apart by `;`. SOURCE is `default`, `env:NAME` or `profile:name`; PLACE is `s3://bucket/prefix` on AWS, else `http://store:9000/bucket/prefix`, which may end earlier. After it stands what clients may get: `static` for the keys as they are, the ARN of a role. Unset: none, and S3 is for roots of the catalogs file alone.',
  },
  DELTACAT_EXTERNAL_URL: {
    schema: z.url(),
    meaning: 'The address under which clients outside reach the server.',
  },
  DELTACAT_ALLOW_ANONYMOUS: {
    schema: z.enum(['true', 'false']).default('false'),
    meaning: 'true lets the server listen beyond this machine although nobody has to log in.',
  },
  DELTACAT_LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    meaning: 'How much the server logs, as JSON lines on standard error.',
  },
} as const satisfies Record<string, Variable>;

/** The name of an environment variable of the server. */
export type VariableName = keyof typeof VARIABLES;

const text = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'is not text') })
  .min(1, 'is empty');

/** A folder of this machine: what looks like an address would become a strange folder name. */
const folder = text.refine((path) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(path), {
  error: ({ input }) => `is "${input}", not a folder of this machine`,
});

const localRootConfig = z.strictObject(
  { root: folder, storage_type: z.literal('local'), endpoint_url: text.nullish(), region: text.nullish() },
  { error: 'is not an object with "root"' },
);

/** How clients get credentials: not at all, the keys of the server, or a role narrowed to what they may do. */
const VENDING_KINDS = ['none', 'static', 'sts'] as const;

const s3RootConfig = z
  .strictObject({
    root: s3Root,
    storage_type: z.literal('s3'),
    endpoint_url: endpointUrl.nullish(),
    region: text.nullish(),
    credentials: z.enum(VENDING_KINDS, `is none of ${VENDING_KINDS.join(', ')}`).nullish(),
    ...credentialSettings,
  })
  .refine(({ credentials, role_arn }) => credentials !== 'sts' || role_arn, {
    path: ['role_arn'],
    error: 'is missing: credentials "sts" are those of a role',
  });

/** A root says by its address what it is, where `storage_type` does not. */
const dataRootConfig = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !('storage_type' in value)
      ? { ...value, storage_type: 'root' in value && /^[a-z0-9]+:\/\//i.test(String(value.root)) ? 's3' : 'local' }
      : value,
  z.discriminatedUnion('storage_type', [localRootConfig, s3RootConfig], {
    error: ({ code }) =>
      code === 'invalid_union'
        ? 'cannot be served: set "storage_type" to "local" or "s3"; gs:// and az:// are not supported'
        : 'is not an object with "root"',
  }),
);
/** A data root that is a folder of this machine. */
export type LocalRootConfig = z.infer<typeof localRootConfig>;
/** A data root on S3 as it is configured. */
export type S3RootConfig = z.infer<typeof s3RootConfig>;
/** One data root as it is configured. */
export type DataRootConfig = LocalRootConfig | S3RootConfig;

const catalogConfig = z.strictObject(
  {
    root: folder,
    data_root: text.nullish(),
    data_roots: z
      .record(z.string().min(1), dataRootConfig, { error: 'is not an object of data roots by name' })
      .refine((roots) => Object.keys(roots).length > 0, 'is empty; leave it out for one data root at "root"')
      .nullish(),
  },
  { error: 'is not an object with "root"' },
);

/** One catalog as it is configured: its folder, its data roots, and which of them new files go to. */
export interface CatalogConfig {
  name: string;
  root: string;
  data_root: string;
  data_roots: Record<string, DataRootConfig>;
  /** Whether the file itself says which root new files go to: then nothing else may. */
  has_fixed_root?: boolean;
}

/** Settings of the server. */
export interface Config {
  /** The folder of the store, unless it is in a database, and by default of the data. */
  catalog_root: string;
  /** The catalogs by name; the first is the default. */
  catalogs: CatalogConfig[];
  /** The database of the store and how many connections it is given; null for SQLite in the folder. */
  database: { url: string; connections_max: number } | null;
  write_session_ttl_ns: bigint;
  transaction_ttl_ns: bigint;
  body_bytes_max: number;
  /** The most memory that the process may take while it reads; null for what readers take by themselves. */
  memory_limit_mb: number | null;
  /** The cache of files on S3: the most disk that it may take, and its folder; undefined for what readers take by themselves. */
  cache: { cache_mb: number | undefined; cache_directory: string | undefined };
  /** What of its keys the server may use for data roots that are not of the catalogs file. */
  root_keys: RootKeys[];
  external_url: string | null;
  allow_anonymous: boolean;
  log_level: string;
}

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** The name of the data root that a catalog has when none is configured. */
const DEFAULT_DATA_ROOT = 'default';

/** Reads the settings from the environment; throws an `Error` that names the variable and what it should hold. */
export function readConfig(catalogRoot: string, environment: NodeJS.ProcessEnv = process.env): Config {
  const catalog_root = resolve(catalogRoot);
  const value = <N extends VariableName>(name: N) => readVariable(name, environment);
  const catalogsFile = value('DELTACAT_CATALOGS');
  const url = value('DELTACAT_DATABASE_URL');
  const connections_max = value('DELTACAT_DATABASE_CONNECTIONS') ?? 0;
  return {
    catalog_root,
    catalogs: catalogsFile ? readCatalogs(catalogsFile) : [defaultCatalog(catalog_root)],
    database: url ? { url, connections_max } : null,
    write_session_ttl_ns: BigInt(value('DELTACAT_WRITE_SESSION_TTL_SECONDS') ?? 0) * NANOSECONDS_PER_SECOND,
    transaction_ttl_ns: BigInt(value('DELTACAT_TXN_TTL_SECONDS') ?? 0) * NANOSECONDS_PER_SECOND,
    body_bytes_max: (value('DELTACAT_BODY_MAX_MB') ?? 0) * 1_048_576,
    memory_limit_mb:
      parseMemoryLimit(value('DELTACAT_MEMORY_LIMIT') ?? '') ?? value('DELTACAT_ENGINE_MEMORY_MB') ?? null,
    cache: { cache_mb: value('DELTACAT_CACHE_MB'), cache_directory: value('DELTACAT_CACHE_DIR') },
    root_keys: value('DELTACAT_ROOT_KEYS') ?? [],
    external_url: value('DELTACAT_EXTERNAL_URL') ?? null,
    allow_anonymous: value('DELTACAT_ALLOW_ANONYMOUS') === 'true',
    log_level: value('DELTACAT_LOG_LEVEL') ?? 'info',
  };
}

function readVariable<N extends VariableName>(name: N, environment: NodeJS.ProcessEnv) {
  const text = environment[name];
  const schema = VARIABLES[name].schema as (typeof VARIABLES)[N]['schema'];
  const parsed = schema.optional().safeParse(text === undefined || text === '' ? undefined : text);
  if (parsed.success) {
    const filled = parsed.data ?? schema.safeParse(undefined).data;
    // The schema of that very variable made the value.
    return filled as z.output<(typeof VARIABLES)[N]['schema']> | undefined;
  }
  const { is_secret, meaning }: Variable = VARIABLES[name];
  throw new Error(`${name}${is_secret ? '' : `=${text}`}: ${parsed.error.issues[0]?.message}. ${meaning}`);
}

function defaultCatalog(root: string): CatalogConfig {
  const data_roots = { [DEFAULT_DATA_ROOT]: { root, storage_type: 'local' as const } };
  return { name: 'default', root, data_root: DEFAULT_DATA_ROOT, data_roots };
}

const catalogsConfig = z.record(catalogName, catalogConfig, { error: 'the file is not an object of catalogs by name' });

function readCatalogs(file: string): CatalogConfig[] {
  const unusable = (problem: string) => new Error(`DELTACAT_CATALOGS=${file}: ${problem}.`);
  const parsed = catalogsConfig.safeParse(readJson(file, unusable));
  if (!parsed.success) throw unusable(parsed.error.issues.map(problemOf).join('; '));
  const folder = dirname(resolve(file));
  const catalogs = Object.entries(parsed.data).map(([name, config]) => completeCatalog(name, config, folder));
  if (catalogs.length === 0) throw unusable('the file defines no catalog');
  const lost = catalogs.find(({ data_root, data_roots }) => !Object.hasOwn(data_roots, data_root));
  if (!lost) return catalogs;
  const known = Object.keys(lost.data_roots).join(', ');
  throw unusable(`catalog "${lost.name}" names the data root "${lost.data_root}", but has only: ${known}`);
}

function readJson(file: string, unusable: (problem: string) => Error): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw unusable(`the file cannot be read as JSON (${(error as Error).message})`);
  }
}

/** What is wrong at a place of the file, as a part of a sentence. */
function problemOf(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.');
  if (issue.code === 'invalid_key') return `"${place}" cannot be the name of a catalog: ${issue.issues[0]?.message}`;
  if (issue.code !== 'unrecognized_keys') return place === '' ? issue.message : `${place} ${issue.message}`;
  const known = issue.path.length > 1 ? s3RootConfig : catalogConfig;
  return `${place}.${issue.keys[0]} is not known; known are ${Object.keys(known.shape).join(', ')}`;
}

/** A catalog with what it leaves out filled in; relative roots are below the folder of the file. */
function completeCatalog(name: string, config: z.infer<typeof catalogConfig>, folder: string): CatalogConfig {
  const root = resolve(folder, config.root);
  const given = config.data_roots ?? { [DEFAULT_DATA_ROOT]: { root, storage_type: 'local' as const } };
  const placed = Object.entries(given).map(([key, one]) => {
    return [key, one.storage_type === 's3' ? one : { ...one, root: resolve(folder, one.root) }] as const;
  });
  const data_root = config.data_root ?? placed[0]?.[0] ?? DEFAULT_DATA_ROOT;
  const has_fixed_root = typeof config.data_root === 'string';
  return { name, root, data_root, data_roots: Object.fromEntries(placed), has_fixed_root };
}

/** Keys of an S3 store. */
export interface Keys {
  access_key_id: string;
  secret_access_key: string;
  session_token: string | null;
}

/**
 * The keys in the environment variables of a name: `NAME_ACCESS_KEY_ID`, `NAME_SECRET_ACCESS_KEY` and, where there is one,
 * `NAME_SESSION_TOKEN`. Null unless both keys are there.
 */
export function readKeys(name: string, environment: NodeJS.ProcessEnv = process.env): Keys | null {
  const access_key_id = environment[`${name}_ACCESS_KEY_ID`];
  const secret_access_key = environment[`${name}_SECRET_ACCESS_KEY`];
  if (!access_key_id || !secret_access_key) return null;
  return { access_key_id, secret_access_key, session_token: environment[`${name}_SESSION_TOKEN`] || null };
}
