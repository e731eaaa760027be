import type { DataRoot as DataRootAnswer, StorageBindingAnswer, StorageCredentials } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import { accountOf, type Binding, tellBinding } from './bindings.ts';
import { type DataRoot, describeRoots } from './data-roots.ts';
import type { Verb } from './policy.ts';
import { refuseUnmeantKeys } from './root-keys.ts';
import { vendKeys } from './vending.ts';

/** Some prefixes of a data root on S3. */
export interface Place {
  root: DataRoot & { binding: Binding };
  prefixes: string[];
}

/**
 * What clients need to get at files on S3. Older ones find their keys by the endpoint of a data root, newer ones by binding
 * and revision, and each leaves aside what is for the other.
 */
export interface Envelope {
  data_roots: Record<string, DataRootAnswer>;
  storage_bindings: Record<string, StorageBindingAnswer>;
  credentials: Record<string, StorageCredentials | OwnKeys>;
}

/** Tells newer clients to use their own keys: they take a binding without credentials for a mistake of the server. */
const OWN_KEYS = { type: 'host_default_chain', resolver: 'host_default_chain' } as const;
type OwnKeys = typeof OWN_KEYS;

/** The key under which older clients look for the keys of stores that have no address of their own. */
const DEFAULT_ENDPOINT = 'default';

/** Vends what is needed to do something with files of some places, and nothing beyond them. Throws `storage_denied`. */
export async function envelopeFor(context: ServerContext, verb: Verb, places: Place[]): Promise<Envelope> {
  for (const { root } of places) refuseUnmeantKeys(root.root, root.binding);
  const accounts = Map.groupBy(places, ({ root }) => accountOf(root.binding));
  const credentials: Record<string, StorageCredentials | OwnKeys> = {};
  for (const some of accounts.values()) {
    const [first] = some;
    if (!first) continue;
    const { binding } = first.root;
    const prefixes = [...new Set(some.flatMap((place) => place.prefixes))].sort();
    const keys = await vendKeys(context, { binding, verb, prefixes });
    // Older clients use their own keys where they are told nothing.
    if (keys) credentials[binding.endpoint_url ?? DEFAULT_ENDPOINT] ??= keys;
    for (const { root } of some) {
      credentials[`${root.binding.binding_id}@${root.binding.binding_revision}`] = keys ?? OWN_KEYS;
    }
  }
  const roots = places.map(({ root }) => root);
  return {
    data_roots: describeRoots(roots),
    storage_bindings: describeBindings(roots),
    credentials,
  };
}

/** The bindings of some roots as clients are told of them, by id. */
export function describeBindings(roots: DataRoot[]): Record<string, StorageBindingAnswer> {
  return Object.fromEntries(
    roots.flatMap(({ binding }) => (binding ? [[binding.binding_id, tellBinding(binding)] as const] : [])),
  );
}
