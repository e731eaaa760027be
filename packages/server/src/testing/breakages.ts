import { type RawBuilder, sql } from 'kysely';

/** One way in which a store can be broken, and everything that a check must find then. */
export interface Breakage {
  statement: RawBuilder<unknown>;
  codes: string[];
}

const U = sql`(select table_id from tables where name = 'u')`;
const VERSION_OF_U = sql`(select table_version_id from table_versions where table_id = ${U})`;
const RUNNING = sql`(select transaction_id from transactions where status = 'RUNNING')`;
const COMMITTED = sql`(select transaction_id from transactions where status = 'COMMITTED')`;
const OF_T = sql`table_version_id in (select table_version_id from table_versions join tables
  on tables.table_id = table_versions.table_id where tables.name = 't')`;

const COMMITTED_FACTS = sql`transaction_version, base_seq, operation_count, created_at_ns, expires_at_ns, heartbeat_at_ns`;
const VERSION_STATE = sql`version_number, lifecycle_state, properties, content_types, from_seq`;
const DELTA_STATE = sql`catalog_id, table_version_id, stream_id, partition_id, manifest_id, delta_type, position, from_seq`;

const endingOf = (table: string): Breakage => ({
  statement: sql`insert into endings (transaction_id, table_name, row_id) values (${RUNNING}, ${table}, 99999)`,
  codes: [`ending_of_no_${table.replace(/s$/, '')}`],
});

const breakage = (codes: string, statement: RawBuilder<unknown>): Breakage => ({ codes: codes.split(' '), statement });

/** What breaks a small store with the tables t and u, one statement each: for every code of a check there is one at least. */
export const BREAKAGES: readonly Breakage[] = [
  breakage(
    'commit_missing head_wrong',
    sql`insert into commits (catalog_id, seq, committed_at_ns, operation)
      select catalog_id, head_seq + 2, head_at_ns + 1, 'x' from catalogs where name = 'default'`,
  ),
  breakage('commit_time_not_later', sql`update commits set committed_at_ns = 1 where seq = 3`),
  breakage('head_wrong', sql`update catalogs set head_at_ns = head_at_ns + 1 where name = 'default'`),
  breakage('commit_without_transaction', sql`update commits set transaction_id = 'gone' where seq = 2`),
  breakage(
    'transaction_without_commit',
    sql`insert into transactions (transaction_id, catalog_id, status, seq, is_clean, ${COMMITTED_FACTS})
      select 'made up', catalog_id, 'COMMITTED', seq, 1, ${COMMITTED_FACTS}
      from transactions where status = 'COMMITTED'`,
  ),

  breakage('namespaces_beyond_head', sql`update namespaces set to_seq = 9999`),
  breakage('tables_beyond_head', sql`update tables set to_seq = 9999 where name = 'u'`),
  breakage(
    'table_versions_beyond_head table_without_version',
    sql`update table_versions set to_seq = 9999 where table_id = ${U}`,
  ),
  breakage(
    'streams_beyond_head version_without_stream',
    sql`update streams set to_seq = 9999 where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'deltas_beyond_head totals_wrong partition_counts_wrong',
    sql`update deltas set to_seq = 9999 where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage('namespaces_end_before_begin', sql`update namespaces set to_seq = from_seq`),
  breakage('tables_end_before_begin', sql`update tables set to_seq = from_seq where name = 'u'`),
  breakage(
    'table_versions_end_before_begin table_without_version',
    sql`update table_versions set to_seq = from_seq where table_id = ${U}`,
  ),
  breakage(
    'streams_end_before_begin version_without_stream',
    sql`update streams set to_seq = from_seq where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'deltas_end_before_begin totals_wrong partition_counts_wrong',
    sql`update deltas set to_seq = from_seq where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'namespaces_overlap',
    sql`insert into namespaces (namespace_id, catalog_id, name, properties, from_seq)
      select namespace_id, catalog_id, 'again', properties, from_seq from namespaces`,
  ),
  breakage(
    'tables_overlap',
    sql`insert into tables (table_id, catalog_id, namespace_id, name, properties, from_seq)
      select table_id, catalog_id, namespace_id, 'again', properties, from_seq from tables where name = 'u'`,
  ),
  breakage(
    'table_versions_overlap',
    sql`insert into table_versions (table_version_id, table_id, catalog_id, version, ${VERSION_STATE})
      select table_version_id, table_id, catalog_id, 'again', ${VERSION_STATE}
      from table_versions where table_id = ${U}`,
  ),
  breakage(
    'streams_overlap two_streams',
    sql`insert into streams (stream_id, table_version_id, catalog_id, from_seq, to_seq)
      select stream_id, table_version_id, catalog_id, from_seq, from_seq + 1
      from streams where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'deltas_overlap position_taken_twice position_wrong totals_wrong partition_counts_wrong',
    sql`insert into deltas (${DELTA_STATE}) select ${DELTA_STATE} from deltas where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'namespace_name_taken_twice',
    sql`insert into namespaces (namespace_id, catalog_id, name, properties, from_seq, to_seq)
      select 'made up', catalog_id, name, properties, from_seq, from_seq + 1 from namespaces`,
  ),
  breakage(
    'table_name_taken_twice table_without_version',
    sql`insert into tables (table_id, catalog_id, namespace_id, name, properties, from_seq, to_seq)
      select 'made up', catalog_id, namespace_id, name, properties, from_seq, from_seq + 1
      from tables where name = 'u'`,
  ),
  breakage(
    'version_name_taken_twice version_without_stream',
    sql`insert into table_versions (table_version_id, table_id, catalog_id, version, to_seq, ${VERSION_STATE})
      select 'made up', table_id, catalog_id, version, from_seq + 1, ${VERSION_STATE}
      from table_versions where table_id = ${U}`,
  ),

  breakage(
    'commit_of_no_catalog',
    sql`insert into commits (catalog_id, seq, committed_at_ns, operation) values ('gone', 1, 1, 'x')`,
  ),
  breakage(
    'touch_of_no_commit',
    sql`insert into touches (catalog_id, object_id, seq, kind) select catalog_id, 'o', 999, 'alter' from catalogs
      where name = 'default'`,
  ),
  breakage(
    'event_of_no_commit',
    sql`insert into outbox (catalog_id, seq, kind, created_at_ns) select catalog_id, 999, 'commit', 1 from catalogs
      where name = 'default'`,
  ),
  breakage(
    'answer_of_no_commit',
    sql`insert into operations (catalog_id, operation_id, payload_hash, seq, created_at_ns)
      select catalog_id, 'o', 'h', 999, 1 from catalogs where name = 'default'`,
  ),
  breakage(
    'namespace_of_no_catalog',
    sql`insert into namespaces (namespace_id, catalog_id, name, properties, from_seq) values ('x', 'gone', 'x', '{}', 1)`,
  ),
  breakage('table_of_no_namespace', sql`update tables set namespace_id = 'gone' where name = 'u'`),
  breakage(
    'version_without_stream version_of_no_table',
    sql`insert into table_versions (table_version_id, table_id, catalog_id, version, ${VERSION_STATE})
      select 'made up', 'gone', catalog_id, version, ${VERSION_STATE} from table_versions where table_id = ${U}`,
  ),
  breakage('schema_missing', sql`update table_versions set schema_id = 99 where table_id = ${U}`),
  breakage(
    'stream_of_no_version',
    sql`insert into streams (stream_id, table_version_id, catalog_id, from_seq)
      select 'made up', 'gone', catalog_id, 1 from catalogs where name = 'default'`,
  ),
  breakage(
    'stream_follows_none',
    sql`update streams set previous_stream_id = 'gone' where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'delta_of_no_stream delta_of_no_partition',
    sql`update deltas set stream_id = 'gone' where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'delta_of_no_partition last_position_ahead partition_counts_wrong',
    sql`update deltas set partition_id = 'gone' where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'manifest_missing totals_wrong partition_counts_wrong manifest_of_no_delta',
    sql`update deltas set manifest_id = 'gone' where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'file_of_no_manifest',
    sql`insert into files (manifest_id, ordinal, file_id, path, content_type, content_encoding, record_count,
        content_length, mandatory)
      values ('gone', 0, 'f', '/nowhere', 'parquet', 'identity', 1, 1, 1)`,
  ),
  breakage('stats_of_no_manifest', sql`insert into file_stats (manifest_id, stats) values ('gone', '{}')`),
  breakage(
    'file_schema_missing',
    sql`update files set schema_id = 99 where manifest_id in (
      select manifest_id from manifests where table_version_id = ${VERSION_OF_U})`,
  ),

  breakage(
    'position_wrong',
    sql`update deltas set position = 3 - position where ${OF_T} and position < 3 and from_seq not in (
      select seq from commits where operation = 'rewrite')`,
  ),
  breakage(
    'rewrite_misplaced',
    sql`update deltas set position = 1 where from_seq in (select seq from commits where operation = 'rewrite')`,
  ),
  breakage('last_position_behind', sql`update partitions set last_position = 0 where ${OF_T}`),
  breakage('last_position_ahead', sql`update partitions set last_position = last_position + 1 where ${OF_T}`),
  breakage(
    'manifest_files_missing',
    sql`delete from files where manifest_id in (
      select manifest_id from manifests where table_version_id = ${VERSION_OF_U})`,
  ),
  breakage(
    'manifest_sums_wrong totals_wrong partition_counts_wrong',
    sql`update manifests set record_count = record_count + 1 where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage('totals_wrong', sql`update totals set upsert_count = 9 where ${OF_T} and delta_count = 2`),
  breakage('partition_counts_wrong', sql`update partitions set file_count = file_count + 1 where ${OF_T}`),
  breakage('totals_wrong', sql`update totals set total_bytes = total_bytes + 1 where ${OF_T} and delta_count = 2`),

  breakage(
    'leftover_rows leftover_listing session_of_ended_transaction',
    sql`update transactions set status = 'ABORTED', is_clean = 1 where status = 'RUNNING'`,
  ),
  breakage(
    'rows_left_behind',
    sql`insert into namespaces (namespace_id, catalog_id, name, properties, transaction_id)
      select 'made up', catalog_id, 'x', '{}', ${COMMITTED} from catalogs where name = 'default'`,
  ),
  breakage(
    'rows_of_no_transaction',
    sql`insert into namespaces (namespace_id, catalog_id, name, properties, transaction_id)
      select 'made up', catalog_id, 'x', '{}', 'gone' from catalogs where name = 'default'`,
  ),
  breakage(
    'leftover_listing',
    sql`insert into transaction_touches (transaction_id, object_id, kind) values (${COMMITTED}, 'o', 'alter')`,
  ),
  breakage('not_marked_clean', sql`update transactions set is_clean = 0 where status = 'COMMITTED'`),
  ...['namespaces', 'tables', 'table_versions', 'streams', 'deltas'].map(endingOf),
  breakage(
    'session_of_ended_transaction',
    sql`update write_sessions set transaction_id = 'gone' where status = 'ATTACHED'`,
  ),
  breakage('transaction_ahead', sql`update transactions set base_seq = 9999 where status = 'RUNNING'`),

  breakage(
    'manifest_of_no_delta',
    sql`insert into manifests (manifest_id, catalog_id, table_version_id, record_count, content_length, file_count,
        created_at_ns)
      select 'made up', catalog_id, table_version_id, 0, 0, 0, 1 from manifests where table_version_id = ${VERSION_OF_U}`,
  ),
  breakage(
    'leftover_partition',
    sql`insert into partitions (partition_id, table_version_id, stream_id, scheme_id, values_key, last_position)
      values ('made up', ${VERSION_OF_U}, 'gone', 'x', 'null', 0)`,
  ),
  breakage(
    'last_position_ahead partition_of_no_stream',
    sql`insert into partitions (partition_id, table_version_id, stream_id, scheme_id, values_key, last_position)
      values ('made up', ${VERSION_OF_U}, 'gone', 'x', 'null', 3)`,
  ),
  breakage(
    'leftover_schema',
    sql`insert into schemas (table_version_id, schema_id, fields, serialized) values ('gone', 0, '[]', '')`,
  ),
];
