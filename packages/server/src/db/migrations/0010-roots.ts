/**
 * Where data of a catalog may lie beside what its file says. A change of a binding or a discovery root adds a row and
 * replaces one, so that what was answered earlier can be told; a data root is one row.
 */
export const STATEMENTS = [
  `create table storage_bindings (
    binding_id text not null, binding_revision bigint not null, catalog_id text not null, name text not null,
    settings text not null, created_at_ns bigint not null, replaced_at_ns bigint, primary key (binding_id, binding_revision))`,
  'create unique index storage_bindings_by_name on storage_bindings (catalog_id, name) where replaced_at_ns is null',
  `create table data_roots (
    root_id text primary key, catalog_id text not null, name text not null, binding_id text not null, root text not null,
    usages text not null, is_default smallint not null, created_at_ns bigint not null)`,
  'create unique index data_roots_by_name on data_roots (catalog_id, name)',
  `create table discovery_roots (
    discovery_root_id text primary key, catalog_id text not null, name text not null, binding_id text not null,
    root text not null, settings text not null, lifecycle_state text not null, previous_discovery_root_id text,
    created_at_ns bigint not null, created_by text, disabled_at_ns bigint, disabled_by text, replaced_at_ns bigint)`,
  'create unique index discovery_roots_by_name on discovery_roots (catalog_id, name) where replaced_at_ns is null',
];
