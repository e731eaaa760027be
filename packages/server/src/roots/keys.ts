import { DeltacatError } from '@deltacat/contract';
import { type Keys, readKeys } from '../config.ts';
import { type Binding, REGION_DEFAULT } from './bindings.ts';

/** Keys, and until when they hold; null for ever. */
export interface HeldKeys extends Keys {
  expires_at_ms: number | null;
}

type KeySource = Pick<Binding, 'name' | 'keys_from' | 'region'>;

/**
 * The keys by which the server itself reaches a store; `anew` when those from before are refused or expire. Throws
 * `service_unavailable` when there are none.
 */
export async function serverKeys(binding: KeySource, { anew = false } = {}): Promise<HeldKeys> {
  const [kind, name = ''] = binding.keys_from?.split(':') ?? [];
  if (kind === 'env') return keysOfVariables(binding, name);
  try {
    const region = binding.region ?? REGION_DEFAULT;
    return await foundKeys(kind === 'profile' ? name : null, { region, anew });
  } catch (cause) {
    const where = kind === 'profile' ? `profile "${name}" of the AWS configuration` : 'its environment';
    throw noKeys(binding, `The server finds no keys in ${where}. Give it some, and repeat.`, cause);
  }
}

function keysOfVariables(binding: KeySource, name: string): HeldKeys {
  const keys = readKeys(name);
  if (keys) return { ...keys, expires_at_ms: null };
  const wanted = `${name}_ACCESS_KEY_ID and ${name}_SECRET_ACCESS_KEY`;
  throw noKeys(binding, `The environment of the server lacks ${wanted}. Set them, and start it again.`);
}

/** How long keys that do not expire are taken for those that would be found: files and variables may change. */
const FOUND_MS = 60_000;

/** How long before they expire keys are looked for anew, so that who gets them has some time. */
const REST_MS = 5 * 60_000;

interface Found {
  keys: Promise<HeldKeys>;
  until_ms: number;
}

const found = new Map<string, Found>();

/** Looking may mean a request to the machine, or running a program, and plans come by the hundred: it is done once for many. */
async function foundKeys(
  profile: string | null,
  { region, anew }: { region: string; anew: boolean },
): Promise<HeldKeys> {
  const id = JSON.stringify([profile, region]);
  const known = found.get(id);
  if (known && !anew && Date.now() < known.until_ms) return known.keys;
  const looking: Found = { keys: findKeys(profile, region), until_ms: Date.now() + FOUND_MS };
  found.set(id, looking);
  try {
    const { expires_at_ms } = await looking.keys;
    if (expires_at_ms !== null) looking.until_ms = expires_at_ms - REST_MS;
    return await looking.keys;
  } catch (error) {
    found.delete(id);
    throw error;
  }
}

/** What is found where AWS tools look: variables, profiles, web identities, the machine itself. */
async function findKeys(profile: string | null, region: string): Promise<HeldKeys> {
  const { STSClient } = await import('@aws-sdk/client-sts');
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  // The SDK reads the files of the AWS configuration once per process, unless it is told to.
  await loadSharedConfigFiles({ ignoreCache: true });
  const client = new STSClient({ region, ...(profile === null ? {} : { profile }) });
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await client.config.credentials();
    return {
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
      session_token: sessionToken ?? null,
      expires_at_ms: expiration?.getTime() ?? null,
    };
  } finally {
    client.destroy();
  }
}

function noKeys({ name }: KeySource, what: string, cause?: unknown): DeltacatError {
  return new DeltacatError('service_unavailable', `The store of storage binding "${name}" cannot be reached. ${what}`, {
    binding_name: name,
    cause,
  });
}
