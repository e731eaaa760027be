const SUMS = ['record_count', 'content_length', 'file_count'];

const STANDING = `from deltas join manifests on manifests.manifest_id = deltas.manifest_id
  where deltas.partition_id = partitions.partition_id and deltas.from_seq is not null and deltas.to_seq is null`;

/**
 * What the deltas that stand in a partition count, kept with it; and of what the totals of a version are made, so that a plan
 * of the whole version needs to look at no delta. Null is not counted yet: the next commit of the version does it.
 */
export const STATEMENTS = [
  ...[...SUMS, 'delta_count'].map((column) => `alter table partitions add column ${column} bigint not null default 0`),
  `update partitions set delta_count = (select count(*) ${STANDING})`,
  ...SUMS.map(
    (column) => `update partitions set ${column} = (select coalesce(sum(manifests.${column}), 0) ${STANDING})`,
  ),
  'alter table totals add column upsert_count bigint',
  'alter table totals add column delete_count bigint',
  'alter table totals add column rewrite_count bigint',
  'alter table totals add column fingerprint text',
];
