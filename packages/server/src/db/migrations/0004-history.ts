/**
 * Indexes for looking at the store rather than through it: deltas by place and by commit, what a commit touched, and what
 * was dropped. A page of any listing then costs its own size.
 */
export const STATEMENTS = [
  'create index deltas_by_position on deltas (partition_id, position) where to_seq is null',
  'create index deltas_by_commit on deltas (table_version_id, from_seq)',
  'create index deltas_ended on deltas (table_version_id, to_seq) where to_seq is not null',
  'create index touches_by_commit on touches (catalog_id, seq)',
  `create index touches_of_drops on touches (catalog_id, seq) where kind = 'drop'`,
];
