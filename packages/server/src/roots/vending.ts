import { DeltacatError, SESSION_SECONDS, type StorageCredentials } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import { accountOf, type Binding, REGION_DEFAULT } from './bindings.ts';
import { type HeldKeys, serverKeys } from './keys.ts';
import { partitionOf, policyFor, type Verb } from './policy.ts';

/** What keys are wanted for: to do something with the files of some prefixes, through one binding. */
export interface Wanted {
  binding: Binding;
  verb: Verb;
  prefixes: string[];
}

/** How many answers of STS are kept; each is a few hundred bytes. */
const KEPT_MAX = 10_000;

/** How long keys are handed out again before they end, at the latest: clients renew theirs when as much is left. */
const REST_MS_MAX = 15 * 60_000;

/** How long STS may take to answer. */
const STS_MS_MAX = 10_000;

interface Kept {
  keys: Promise<HeldKeys>;
  renew_ms: number;
}

const kept = new Map<string, Kept>();

/**
 * The keys that a client is given, as its binding says: none, those of the server, or those of a role that may do this and
 * nothing else. Keys of a role are given again to who wants the same, until they near their end. Throws
 * `service_unavailable` when they cannot be had now.
 */
export async function vendKeys({ clock }: ServerContext, wanted: Wanted): Promise<StorageCredentials | null> {
  const { binding } = wanted;
  if (binding.kind === 'none') return null;
  if (binding.kind === 'static') return tell(await serverKeys(binding));
  return tell(await roleKeys(wanted, Number(clock.nowNs() / 1_000_000n)));
}

async function roleKeys(wanted: Wanted, now_ms: number): Promise<HeldKeys> {
  const { binding, verb, prefixes } = wanted;
  const id = JSON.stringify([accountOf(binding), verb, prefixes]);
  const known = kept.get(id);
  if (known && now_ms < known.renew_ms) return known.keys;
  const seconds = binding.session_seconds ?? SESSION_SECONDS.default;
  const made: Kept = { keys: assumeRole(wanted, seconds), renew_ms: now_ms + seconds * 500 };
  kept.delete(id);
  kept.set(id, made);
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value ?? '');
  try {
    const { expires_at_ms } = await made.keys;
    if (expires_at_ms !== null) made.renew_ms = renewal(expires_at_ms, now_ms);
    return await made.keys;
  } catch (error) {
    if (kept.get(id) === made) kept.delete(id);
    throw error;
  }
}

/** Keys are renewed when half of their life is over, or a quarter of an hour before its end, whichever is later. */
function renewal(expires_at_ms: number, now_ms: number): number {
  return expires_at_ms - Math.min(REST_MS_MAX, (expires_at_ms - now_ms) / 2);
}

async function assumeRole({ binding, verb, prefixes }: Wanted, seconds: number): Promise<HeldKeys> {
  const { role_arn, external_id, sts_endpoint_url } = binding;
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts');
  const own = await serverKeys(binding);
  const client = new STSClient({
    region: binding.region ?? REGION_DEFAULT,
    credentials: {
      accessKeyId: own.access_key_id,
      secretAccessKey: own.secret_access_key,
      ...(own.session_token === null ? {} : { sessionToken: own.session_token }),
    },
    ...(sts_endpoint_url === null ? {} : { endpoint: sts_endpoint_url }),
  });
  const role = role_arn ?? '';
  try {
    const command = new AssumeRoleCommand({
      RoleArn: role,
      RoleSessionName: `deltacat-${verb}`,
      DurationSeconds: seconds,
      Policy: JSON.stringify(policyFor(verb, prefixes, partitionOf(role))),
      ...(external_id === null ? {} : { ExternalId: external_id }),
    });
    const { Credentials } = await client.send(command, { abortSignal: AbortSignal.timeout(STS_MS_MAX) });
    if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey) throw new Error('STS answered without keys');
    return {
      access_key_id: Credentials.AccessKeyId,
      secret_access_key: Credentials.SecretAccessKey,
      session_token: Credentials.SessionToken ?? null,
      expires_at_ms: Credentials.Expiration?.getTime() ?? null,
    };
  } catch (cause) {
    throw refusedRole(binding, cause);
  } finally {
    client.destroy();
  }
}

/** What STS said is for the log: it names accounts, roles and who the server is. The error of the SDK may hold keys. */
function refusedRole({ name, sts_endpoint_url }: Binding, error: unknown): DeltacatError {
  const where = sts_endpoint_url ?? 'STS of AWS';
  const cause = new Error(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  return new DeltacatError(
    'service_unavailable',
    `No credentials for storage binding "${name}" could be had: ${where} did not give its role to the server. ` +
      'Repeat later; if it stays so, the operator must let the server assume the role, and finds what STS said in its log.',
    { binding_name: name, cause },
  );
}

function tell(keys: HeldKeys): StorageCredentials {
  const { access_key_id, secret_access_key, session_token, expires_at_ms } = keys;
  return {
    access_key_id,
    secret_access_key,
    ...(session_token === null ? {} : { session_token }),
    ...(expires_at_ms === null ? {} : { expires_at: new Date(expires_at_ms).toISOString() }),
  };
}
