import { sql } from 'kysely';
import { type Check, check } from '../check.ts';
import type { ObjectKind } from '../object-name.ts';

/** A column that names something in another table. */
interface Reference {
  code: string;
  kind: ObjectKind;
  from: string;
  /** The column that tells what the row is of. */
  id: string;
  /** Columns and what they must be equal to in a row of `to`; where one is null, nothing is named. */
  columns: Record<string, string>;
  to: string;
  what: string;
}

const REFERENCES: readonly Reference[] = [
  {
    ...{ code: 'commit_of_no_catalog', kind: 'catalog', from: 'commits', id: 'catalog_id', to: 'catalogs' },
    ...{ columns: { catalog_id: 'catalog_id' }, what: 'a commit names a catalog' },
  },
  {
    ...{ code: 'touch_of_no_commit', kind: 'catalog', from: 'touches', id: 'catalog_id', to: 'commits' },
    ...{ columns: { catalog_id: 'catalog_id', seq: 'seq' }, what: 'a change-set names a commit' },
  },
  {
    ...{ code: 'event_of_no_commit', kind: 'catalog', from: 'outbox', id: 'catalog_id', to: 'commits' },
    ...{ columns: { catalog_id: 'catalog_id', seq: 'seq' }, what: 'an event names a commit' },
  },
  {
    ...{ code: 'answer_of_no_commit', kind: 'catalog', from: 'operations', id: 'catalog_id', to: 'commits' },
    ...{ columns: { catalog_id: 'catalog_id', seq: 'seq' }, what: 'the answer of an operation names a commit' },
  },
  {
    ...{ code: 'namespace_of_no_catalog', kind: 'namespace', from: 'namespaces', id: 'namespace_id', to: 'catalogs' },
    ...{ columns: { catalog_id: 'catalog_id' }, what: 'it names a catalog' },
  },
  {
    ...{ code: 'table_of_no_namespace', kind: 'table', from: 'tables', id: 'table_id', to: 'namespaces' },
    ...{ columns: { namespace_id: 'namespace_id' }, what: 'it names a namespace' },
  },
  {
    ...{ code: 'version_of_no_table', kind: 'table version', from: 'table_versions', id: 'table_version_id' },
    ...{ to: 'tables', columns: { table_id: 'table_id' }, what: 'it names a table' },
  },
  {
    ...{ code: 'schema_missing', kind: 'table version', from: 'table_versions', id: 'table_version_id', to: 'schemas' },
    ...{ columns: { table_version_id: 'table_version_id', schema_id: 'schema_id' }, what: 'it names a schema' },
  },
  {
    ...{ code: 'stream_of_no_version', kind: 'stream', from: 'streams', id: 'stream_id', to: 'table_versions' },
    ...{ columns: { table_version_id: 'table_version_id' }, what: 'it names a table version' },
  },
  {
    ...{ code: 'stream_follows_none', kind: 'stream', from: 'streams', id: 'stream_id', to: 'streams' },
    ...{ columns: { previous_stream_id: 'stream_id' }, what: 'it names a stream before it' },
  },
  {
    ...{ code: 'delta_of_no_stream', kind: 'manifest', from: 'deltas', id: 'manifest_id', to: 'streams' },
    ...{ columns: { stream_id: 'stream_id', table_version_id: 'table_version_id' }, what: 'its delta names a stream' },
  },
  {
    ...{ code: 'delta_of_no_partition', kind: 'manifest', from: 'deltas', id: 'manifest_id', to: 'partitions' },
    ...{ columns: { partition_id: 'partition_id', stream_id: 'stream_id' }, what: 'its delta names a partition' },
  },
  {
    ...{ code: 'manifest_missing', kind: 'partition', from: 'deltas', id: 'partition_id', to: 'manifests' },
    ...{ columns: { manifest_id: 'manifest_id' }, what: 'a delta of it names a manifest' },
  },
  {
    ...{ code: 'file_of_no_manifest', kind: 'manifest', from: 'files', id: 'manifest_id', to: 'manifests' },
    ...{ columns: { manifest_id: 'manifest_id' }, what: 'a file names it' },
  },
  {
    ...{ code: 'stats_of_no_manifest', kind: 'manifest', from: 'file_stats', id: 'manifest_id', to: 'manifests' },
    ...{ columns: { manifest_id: 'manifest_id' }, what: 'statistics name it' },
  },
];

/** What one row says of another must be there; a row is never removed while something names it. */
export const REFERENCE_CHECKS: readonly Check[] = [
  ...REFERENCES.map(checkReference),
  check<{ id: string }>({
    code: 'file_schema_missing',
    kind: 'manifest',
    sql: sql`select files.manifest_id as id from files
      join manifests on manifests.manifest_id = files.manifest_id
      where files.schema_id is not null and not exists (
        select 1 from schemas where schemas.table_version_id = manifests.table_version_id
          and schemas.schema_id = files.schema_id)`,
    message: () => 'a file of it names a schema, which is not there',
  }),
];

function checkReference({ code, kind, from, id, columns, to, what }: Reference): Check {
  const own = (column: string) => sql.ref(`named.${column}`);
  const pairs = Object.entries(columns);
  const matches = pairs.map(([column, target]) => sql`target.${sql.id(target)} = ${own(column)}`);
  const given = pairs.map(([column]) => sql`${own(column)} is not null`);
  return check<{ id: string }>({
    ...{ code, kind },
    sql: sql`select ${own(id)} as id from ${sql.table(from)} as named
      where ${sql.join(given, sql` and `)}
        and not exists (select 1 from ${sql.table(to)} as target where ${sql.join(matches, sql` and `)})`,
    message: () => `${what}, which is not there`,
  });
}
