import { DeltacatError } from '@deltacat/contract';
import { type Keys, readKeys } from '../config.ts';
import { type Binding, REGION_DEFAULT } from './bindings.ts';

/** Keys, and until when they hold; null for ever. */
export interface HeldKeys extends Keys {
  expires_at_ms: number | null;
}

type KeySource = Pick<Binding, 'name' | 'keys_from' | 'region'>;

/** The keys by which the server itself reaches a store. Throws `service_unavailable` when there are none. */
export async function serverKeys(binding: KeySource): Promise<HeldKeys> {
  const [kind, name = ''] = binding.keys_from?.split(':') ?? [];
  if (kind === 'env') return keysOfVariables(binding, name);
  try {
    const found = await findKeys(kind === 'profile' ? name : null, binding.region ?? REGION_DEFAULT);
    return {
      access_key_id: found.accessKeyId,
      secret_access_key: found.secretAccessKey,
      session_token: found.sessionToken ?? null,
      expires_at_ms: found.expiration?.getTime() ?? null,
    };
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

/** What is found where AWS tools look: variables, profiles, web identities, the machine itself. */
async function findKeys(profile: string | null, region: string) {
  const { STSClient } = await import('@aws-sdk/client-sts');
  const client = new STSClient({ region, ...(profile === null ? {} : { profile }) });
  try {
    return await client.config.credentials();
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
