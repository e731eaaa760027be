/** How a store is reached, and how clients get keys of it; never the keys. */
export interface BindingSettings {
  storage_class: string;
  endpoint_url: string | null;
  region: string | null;
  path_style_access: boolean | null;
  description: string | null;
  kind: 'none' | 'static' | 'sts';
  keys_from: string | null;
  role_arn: string | null;
  external_id: string | null;
  sts_endpoint_url: string | null;
  session_seconds: number | null;
}

/** One state of a storage binding. */
export interface StorageBindingRow {
  binding_id: string;
  binding_revision: number;
  catalog_id: string;
  name: string;
  settings: BindingSettings;
  created_at_ns: bigint;
  replaced_at_ns: bigint | null;
}

/** One data root that was added to those of the catalogs file. */
export interface DataRootRow {
  root_id: string;
  catalog_id: string;
  name: string;
  binding_id: string;
  root: string;
  usages: string[];
  is_default: boolean;
  created_at_ns: bigint;
}

/** One state of a place that may be crawled. */
export interface DiscoveryRootRow {
  discovery_root_id: string;
  catalog_id: string;
  name: string;
  binding_id: string;
  root: string;
  settings: { usage: string[]; description: string | null; authorization: Record<string, unknown> | null };
  lifecycle_state: 'active' | 'disabled';
  previous_discovery_root_id: string | null;
  created_at_ns: bigint;
  created_by: string | null;
  disabled_at_ns: bigint | null;
  disabled_by: string | null;
  replaced_at_ns: bigint | null;
}
