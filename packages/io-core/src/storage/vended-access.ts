import { DeltacatError } from '@deltacat/contract';
import type { StorageAccess } from './access.ts';
import type { S3Keys } from './s3.ts';
import { type S3Grant, s3Access } from './s3-access.ts';

interface VendedRoot {
  root: string;
  endpoint_url?: string | null | undefined;
  region?: string | null | undefined;
  binding_id?: string | null | undefined;
  binding_revision?: number | null | undefined;
}

interface VendedBinding {
  binding_revision?: number | null | undefined;
  endpoint_url?: string | null | undefined;
  region?: string | null | undefined;
  root?: string | null | undefined;
}

interface VendedFile {
  path: string;
  file_access_ref?: { binding_id: string; binding_revision?: number | null | undefined } | null | undefined;
}

/**
 * What a plan, a write session or a staged write says of how its files are reached: by roots, with keys per endpoint or
 * `default`; and by bindings, with keys per `binding@revision`. Servers tell both, for readers of any age.
 */
export interface Vended {
  data_roots?: Record<string, VendedRoot> | null | undefined;
  available_roots?: Record<string, VendedRoot> | null | undefined;
  storage_bindings?: Record<string, VendedBinding> | null | undefined;
  available_storage_bindings?: Record<string, VendedBinding> | null | undefined;
  credentials?: Record<string, unknown> | null | undefined;
  scan_tasks?: { files: VendedFile[] }[] | undefined;
  mor_plan?: { scan_tasks?: { files: VendedFile[] }[] | null | undefined } | null | undefined;
}

/**
 * Access to the files of an answer by what it vends. `renew` asks for the answer again when its keys expire. Files that
 * it vends nothing for are reached by the keys of this process; local files need none.
 */
export function vendedAccess(vended: Vended, renew?: () => Promise<Vended>): StorageAccess {
  return s3Access(vendedGrants(vended), renew && (async () => vendedGrants(await renew())));
}

const S3 = /^s3:\/\//;

/** What an answer vends, as grants. */
function vendedGrants(vended: Vended): S3Grant[] {
  const grants = new Map<string, S3Grant>();
  const put = (grant: S3Grant) => {
    // What tells keys stays, in whichever way they are told.
    if (S3.test(grant.prefix) && (grant.keys || !grants.get(grant.prefix)?.keys)) grants.set(grant.prefix, grant);
  };
  const roots = Object.entries({ ...vended.data_roots, ...vended.available_roots });
  for (const [, { root, endpoint_url, region }] of roots) {
    const keys = keysOf(vended, endpoint_url ?? 'default') ?? keysOf(vended, 'default');
    put({ prefix: root, endpoint_url, region, keys });
  }
  for (const [id, binding] of Object.entries({ ...vended.storage_bindings, ...vended.available_storage_bindings })) {
    const { endpoint_url, region } = binding;
    const keys = keysOf(vended, `${id}@${binding.binding_revision}`);
    const opened = roots.filter(([name, { binding_id }]) => (binding_id ?? `binding:${name}`) === id);
    const prefixes = [...(binding.root ? [binding.root] : []), ...opened.map(([, { root }]) => root)];
    for (const prefix of prefixes) put({ prefix, endpoint_url, region, keys });
    for (const prefix of outside(vended, id, prefixes)) put({ prefix, endpoint_url, region, keys });
  }
  return [...grants.values()];
}

/** Files that are reached by a binding without lying in any of its folders. */
function outside({ scan_tasks = [], mor_plan }: Vended, id: string, prefixes: string[]): string[] {
  const files = [...scan_tasks, ...(mor_plan?.scan_tasks ?? [])].flatMap((task) => task.files);
  return files
    .filter(({ path, file_access_ref }) => file_access_ref?.binding_id === id && S3.test(path))
    .filter(({ path }) => !prefixes.some((prefix) => path.startsWith(`${prefix.replace(/\/+$/, '')}/`)))
    .map(({ path }) => path);
}

function keysOf({ credentials }: Vended, name: string): S3Keys | null {
  const found = credentials?.[name];
  if (found === undefined || found === null) return null;
  const told = { ...found } as Record<string, unknown>; // any JSON
  // The server says that everyone has keys of their own.
  if (told.resolver === 'host_default_chain') return null;
  const { access_key_id, secret_access_key, session_token, expires_at } = told;
  if (typeof access_key_id !== 'string' || typeof secret_access_key !== 'string') {
    throw new DeltacatError(
      'not_supported',
      `The server vends credentials for ${name} that hold no access_key_id and secret_access_key, which alone are known here.`,
    );
  }
  return {
    access_key_id,
    secret_access_key,
    session_token: typeof session_token === 'string' ? session_token : null,
    expires_at_ms: timeOf(expires_at),
  };
}

/** Times of day are ISO text; control-plane times are nanoseconds. Others are not known. */
function timeOf(value: unknown): number | null {
  if (typeof value === 'bigint') return Number(value / 1_000_000n);
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
