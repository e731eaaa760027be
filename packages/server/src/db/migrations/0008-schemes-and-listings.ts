/**
 * The partition scheme that a session was opened with: a table may get another meanwhile. And indexes of what has ended,
 * so that listings read what stands, and what ended after their view, but not the whole history.
 */
export const STATEMENTS = [
  'alter table write_sessions add column opened_scheme_id text',
  'create index namespaces_ended on namespaces (catalog_id, to_seq) where to_seq is not null',
  'create index tables_ended on tables (namespace_id, to_seq) where to_seq is not null',
];
