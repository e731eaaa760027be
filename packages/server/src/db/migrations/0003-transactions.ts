/** Transactions: their state, what they touch until their commit, and the rows that they have not committed yet. */
export const STATEMENTS = [
  `create table transactions (
    transaction_id text primary key, catalog_id text not null, status text not null,
    transaction_version bigint not null, base_seq bigint not null, as_of_ns bigint, commit_message text, author text,
    operation_count bigint not null, created_at_ns bigint not null, expires_at_ns bigint not null,
    heartbeat_at_ns bigint not null, finalized_at_ns bigint, abort_reason text, refusal text, seq bigint, committed_at_ns bigint,
    is_clean smallint not null)`,
  `create index transactions_running on transactions (expires_at_ns) where status = 'RUNNING'`,
  `create index transactions_unclean on transactions (transaction_id) where is_clean = 0 and status <> 'RUNNING'`,
  'create index transactions_by_time on transactions (catalog_id, created_at_ns)',
  `create table transaction_touches (
    touch_id {id}, transaction_id text not null, object_id text not null, kind text not null, partition_id text)`,
  'create index transaction_touches_by_transaction on transaction_touches (transaction_id)',
  `create table transaction_events (
    event_id {id}, transaction_id text not null, kind text not null, payload text)`,
  'create index transaction_events_by_transaction on transaction_events (transaction_id)',
  'alter table operations add column transaction_id text',
  'create index namespaces_uncommitted on namespaces (transaction_id) where from_seq is null',
  'create index streams_uncommitted on streams (transaction_id) where from_seq is null',
  'create index tables_uncommitted on tables (transaction_id) where from_seq is null',
  'create index table_versions_uncommitted on table_versions (transaction_id) where from_seq is null',
  'create index write_sessions_by_transaction on write_sessions (transaction_id) where transaction_id is not null',
];
