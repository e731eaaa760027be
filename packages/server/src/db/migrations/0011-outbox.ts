/** Events are there until somebody has acted on them: those that were acted on and kept are removed. */
export const STATEMENTS = [
  'drop index outbox_open',
  'delete from outbox where done_at_ns is not null',
  'alter table outbox drop column done_at_ns',
  'create index outbox_by_kind on outbox (kind, event_id)',
];
