import type { StorageBindingAnswer } from '@deltacat/contract';
import type { Selectable } from 'kysely';
import type { RootKeys, S3RootConfig } from '../config.ts';
import type { BindingSettings, StorageBindingRow } from '../db/root-rows.ts';

/** A store, and one state of how it is reached. */
export interface Binding extends BindingSettings {
  binding_id: string;
  binding_revision: number;
  name: string;
  /** The keys of the server that it may use; null for those that it names, because the operator configured it. */
  allowed_keys: RootKeys[] | null;
}

/** The region of stores that name none; those that are not of AWS hardly care. */
export const REGION_DEFAULT = 'us-east-1';

/** The settings of a binding that says nothing but that it exists. */
export const SETTINGS_DEFAULT: BindingSettings = {
  storage_class: 'managed',
  endpoint_url: null,
  region: null,
  path_style_access: null,
  description: null,
  kind: 'none',
  keys_from: null,
  role_arn: null,
  external_id: null,
  sts_endpoint_url: null,
  session_seconds: null,
};

/**
 * How clients get keys of a store that does not say. One with an address of its own exists for its users, who have no other
 * keys for it. Those of AWS may be the keys to everything, and are handed out only where somebody says so.
 */
export function vendingDefault(endpoint_url: string | null | undefined): 'static' | 'none' {
  return endpoint_url ? 'static' : 'none';
}

/** The binding of a root of the catalogs file: it has one to itself, which never changes while the server runs. */
export function bindingOfConfig(name: string, config: S3RootConfig): Binding {
  const { endpoint_url, region, credentials, keys_from, role_arn, external_id, sts_endpoint_url, session_seconds } =
    config;
  return {
    ...SETTINGS_DEFAULT,
    binding_id: `configured:${name}`,
    binding_revision: 1,
    name,
    allowed_keys: null,
    endpoint_url: endpoint_url ?? null,
    region: region ?? null,
    kind: credentials ?? vendingDefault(endpoint_url),
    keys_from: keys_from ?? null,
    role_arn: role_arn ?? null,
    external_id: external_id ?? null,
    sts_endpoint_url: sts_endpoint_url ?? null,
    session_seconds: session_seconds ?? null,
  };
}

/** A binding of the store: anybody may have made it, so that the operator says which keys it may use. */
export function bindingOfRow(row: Selectable<StorageBindingRow>, allowed_keys: RootKeys[]): Binding {
  const { binding_id, binding_revision, name, settings } = row;
  return { ...SETTINGS_DEFAULT, ...settings, binding_id, binding_revision, name, allowed_keys };
}

/** Bindings of one account get one set of keys, because older clients tell stores by their endpoint alone. */
export function accountOf(binding: Binding): string {
  const { endpoint_url, region, kind, keys_from, role_arn, external_id, sts_endpoint_url, session_seconds } = binding;
  return JSON.stringify([
    endpoint_url,
    region,
    kind,
    keys_from,
    role_arn,
    external_id,
    sts_endpoint_url,
    session_seconds,
  ]);
}

/** The words of the clients for how they get keys: they take no binding for one of S3 that names no source of them. */
const KIND_TOLD = { none: 'host_default_chain', static: 'static', sts: 'sts' } as const;

/** A binding as readers and writers are told of it: nothing but what they need to reach the store. */
export function tellBinding(binding: Binding): StorageBindingAnswer {
  const { binding_id, binding_revision, name, storage_class, endpoint_url, region, path_style_access } = binding;
  return {
    ...{ binding_id, binding_revision, name, storage_class, endpoint_url, path_style_access },
    storage_type: 's3',
    uri_scheme: 's3',
    region: region ?? REGION_DEFAULT,
    credential_source: { kind: KIND_TOLD[binding.kind] },
  };
}

/** A binding as its operator is told of it, with where its keys are found, never the keys. */
export function describeBinding(binding: Binding): StorageBindingAnswer {
  const { kind, keys_from, role_arn, external_id, sts_endpoint_url, session_seconds, description } = binding;
  const source = { kind, keys_from, role_arn, external_id, sts_endpoint_url, session_seconds };
  const credential_source = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== null));
  return { ...tellBinding(binding), description, credential_source };
}
