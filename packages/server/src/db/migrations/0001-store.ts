/**
 * The first tables. `{id}` stands for the dialect's self-numbering primary key. Names and meanings: db/tables.ts.
 * Migrations never change once released; a new state of the store is a new migration.
 */
export const STATEMENTS = [
  `create table catalogs (
    catalog_id text primary key, name text not null unique, head_seq bigint not null, head_at_ns bigint not null,
    definitions_id text not null, created_at_ns bigint not null)`,
  `create table commits (
    catalog_id text not null, seq bigint not null, committed_at_ns bigint not null, author text, message text,
    operation text not null, transaction_id text, primary key (catalog_id, seq))`,
  'create index commits_by_time on commits (catalog_id, committed_at_ns)',
  `create table touches (
    catalog_id text not null, object_id text not null, seq bigint not null, kind text not null, partition_id text)`,
  'create index touches_by_object on touches (object_id, seq)',
  `create table operations (
    catalog_id text not null, operation_id text not null, payload_hash text not null, answer text, seq bigint,
    created_at_ns bigint not null, primary key (catalog_id, operation_id))`,
  `create table outbox (
    event_id {id}, catalog_id text not null, seq bigint not null, kind text not null, payload text,
    created_at_ns bigint not null, done_at_ns bigint)`,
  'create index outbox_open on outbox (event_id) where done_at_ns is null',
  `create table namespaces (
    row_id {id}, namespace_id text not null, catalog_id text not null, name text not null, properties text not null,
    from_seq bigint, to_seq bigint, transaction_id text)`,
  'create unique index namespaces_live on namespaces (catalog_id, name) where from_seq is not null and to_seq is null',
  'create index namespaces_by_name on namespaces (catalog_id, name, from_seq)',
  'create index namespaces_by_id on namespaces (namespace_id, from_seq)',
  `create table tables (
    row_id {id}, table_id text not null, catalog_id text not null, namespace_id text not null, name text not null,
    description text, properties text not null, from_seq bigint, to_seq bigint, transaction_id text)`,
  'create unique index tables_live on tables (namespace_id, name) where from_seq is not null and to_seq is null',
  'create index tables_by_name on tables (namespace_id, name, from_seq)',
  'create index tables_by_id on tables (table_id, from_seq)',
  `create table table_versions (
    row_id {id}, table_version_id text not null, table_id text not null, catalog_id text not null,
    version text not null, version_number bigint not null, lifecycle_state text not null, description text,
    properties text not null, schema_id bigint, partition_scheme text, sort_scheme text, content_types text not null,
    stream_id text not null, from_seq bigint, to_seq bigint, transaction_id text)`,
  `create unique index table_versions_live on table_versions (table_id, version)
    where from_seq is not null and to_seq is null`,
  'create index table_versions_by_table on table_versions (table_id, to_seq)',
  'create index table_versions_by_id on table_versions (table_version_id, from_seq)',
  `create table schemas (
    table_version_id text not null, schema_id bigint not null, fields text not null, serialized text not null,
    primary key (table_version_id, schema_id))`,
  `create table partitions (
    partition_id text primary key, table_version_id text not null, stream_id text not null, scheme_id text not null,
    partition_values text, values_key text not null, value_1 text, value_2 text, value_3 text,
    last_position bigint not null)`,
  'create unique index partitions_by_values on partitions (stream_id, scheme_id, values_key)',
  'create index partitions_by_value on partitions (stream_id, value_1, value_2, value_3)',
  `create table manifests (
    manifest_id text primary key, catalog_id text not null, table_version_id text not null, entry_params text,
    author_name text, author_version text, record_count bigint not null, content_length bigint not null,
    file_count bigint not null, content_type text, created_at_ns bigint not null)`,
  `create table files (
    manifest_id text not null, ordinal bigint not null, file_id text not null, path text not null,
    content_type text not null, content_encoding text not null, record_count bigint not null,
    content_length bigint not null, source_content_length bigint, schema_id bigint, sort_scheme_id text,
    mandatory smallint not null, primary key (manifest_id, ordinal))`,
  'create table file_stats (manifest_id text primary key, stats text not null)',
  `create table deltas (
    row_id {id}, catalog_id text not null, table_version_id text not null, stream_id text not null,
    partition_id text not null, manifest_id text not null, delta_type text not null, position bigint,
    previous_position bigint, from_seq bigint, to_seq bigint, transaction_id text)`,
  'create index deltas_by_stream on deltas (stream_id, to_seq, from_seq)',
  'create index deltas_by_partition on deltas (partition_id, to_seq)',
  'create index deltas_uncommitted on deltas (transaction_id) where from_seq is null',
  `create table totals (
    table_version_id text not null, from_seq bigint not null, total_records bigint not null,
    total_bytes bigint not null, total_files bigint not null, delta_count bigint not null,
    primary key (table_version_id, from_seq))`,
  `create table write_sessions (
    session_id text primary key, catalog_id text not null, namespace text not null, table_name text not null,
    table_id text, table_version_id text, table_version text, status text not null, session_version bigint not null,
    mode text not null, format text not null, data_root text not null, data_dir text not null, write_key text,
    owner_key text, allow_external_entries smallint not null, create_if_missing text, opened_seq bigint not null,
    created_at_ns bigint not null, expires_at_ns bigint not null, heartbeat_at_ns bigint not null,
    transaction_id text, commit_operation_id text, payload_hash text, result text, abort_reason text)`,
  `create index write_sessions_by_key on write_sessions (catalog_id, write_key) where status = 'OPEN'`,
  `create index write_sessions_open on write_sessions (expires_at_ns) where status = 'OPEN'`,
  `create table endings (
    transaction_id text not null, table_name text not null, row_id bigint not null,
    primary key (transaction_id, table_name, row_id))`,
];
