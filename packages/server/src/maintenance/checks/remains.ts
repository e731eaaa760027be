import { sql } from 'kysely';
import { type Check, check } from '../check.ts';

/** Rows that nothing names: something was lost, or a transaction made them that was given up. */
export const REMAIN_CHECKS: readonly Check[] = [
  check<{ id: string }>({
    code: 'manifest_of_no_delta',
    kind: 'manifest',
    sql: sql`select manifests.manifest_id as id from manifests
      left join (select distinct manifest_id from deltas) as named on named.manifest_id = manifests.manifest_id
      where named.manifest_id is null`,
    message: () => 'no delta names it, as if one were lost',
  }),
  check<{ id: string }>({
    code: 'leftover_partition',
    severity: 'untidy',
    repair: true,
    kind: 'partition',
    sql: sql`select partition_id as id from partitions
      where not exists (select 1 from streams where streams.stream_id = partitions.stream_id)
        and not exists (select 1 from deltas where deltas.partition_id = partitions.partition_id)
        and last_position = 0`,
    message: () => 'its stream was given up, and it never held anything',
  }),
  check<{ id: string }>({
    code: 'partition_of_no_stream',
    kind: 'partition',
    sql: sql`select partition_id as id from partitions
      where not exists (select 1 from streams where streams.stream_id = partitions.stream_id)
        and (last_position > 0 or exists (select 1 from deltas where deltas.partition_id = partitions.partition_id))`,
    message: () => 'it names a stream, which is not there',
  }),
  check<{ id: string }>({
    code: 'leftover_schema',
    severity: 'untidy',
    repair: true,
    kind: 'table version',
    sql: sql`select table_version_id as id from schemas
      where not exists (select 1 from table_versions where table_versions.table_version_id = schemas.table_version_id)
        and not exists (select 1 from streams where streams.table_version_id = schemas.table_version_id)
        and not exists (select 1 from totals where totals.table_version_id = schemas.table_version_id)`,
    message: () => 'it was given up, and its schema is still there',
  }),
];
