/**
 * Streams become rows of their own: replacing the data of a version and altering the version then change different rows.
 * A stream stands as long as the states of its version that named it.
 */
export const STATEMENTS = [
  `create table streams (
    row_id {id}, stream_id text not null, table_version_id text not null, catalog_id text not null,
    previous_stream_id text, from_seq bigint, to_seq bigint, transaction_id text)`,
  `insert into streams (stream_id, table_version_id, catalog_id, from_seq, to_seq)
    select stream_id, table_version_id, catalog_id, min(from_seq),
      case when count(*) = count(to_seq) then max(to_seq) else null end
    from table_versions where from_seq is not null
    group by stream_id, table_version_id, catalog_id order by min(from_seq)`,
  'create unique index streams_live on streams (table_version_id) where from_seq is not null and to_seq is null',
  'create index streams_by_version on streams (table_version_id, from_seq)',
  'create index streams_by_id on streams (stream_id)',
  `update streams set previous_stream_id = (
    select earlier.stream_id from streams as earlier
    where earlier.table_version_id = streams.table_version_id and earlier.to_seq = streams.from_seq)`,
  'alter table table_versions drop column stream_id',
];
