import { sql } from 'kysely';
import { REWRITER } from '../../snapshots/deltas.ts';
import { countPartitions, IS_MISCOUNTED } from '../../snapshots/partition-counts.ts';
import { type Check, check } from '../check.ts';

/** What the files of every manifest count, beside what the manifest says. */
const COUNTED = sql`select manifests.*, coalesce(files_found, 0) as files_found, highest_ordinal,
    coalesce(records_found, 0) as records_found, coalesce(bytes_found, 0) as bytes_found
  from manifests left join (
    select manifest_id, count(*) as files_found, max(ordinal) as highest_ordinal, sum(record_count) as records_found,
      sum(content_length) as bytes_found
    from files group by manifest_id) as counted on counted.manifest_id = manifests.manifest_id`;

const IS_UPSERT = sql`(case when delta_type = 'upsert' then 1 else 0 end)`;
const IS_DELETE = sql`(case when delta_type = 'delete' then 1 else 0 end)`;
const IS_REWRITE = sql`(case when author_name = ${sql.lit(REWRITER)} then 1 else 0 end)`;

/** What the deltas of every table version come to at each of its moments: when one begins or ends, or totals are told. */
export const TOTALS_COUNTED = sql<CountedTotals>`select table_version_id, seq,
    sum(sum(records)) over history as records, sum(sum(bytes)) over history as bytes,
    sum(sum(files)) over history as files, sum(sum(deltas)) over history as deltas,
    sum(sum(upserts)) over history as upserts, sum(sum(deletes)) over history as deletes,
    sum(sum(rewrites)) over history as rewrites
  from (
    select deltas.table_version_id, from_seq as seq, record_count as records, content_length as bytes,
      file_count as files, 1 as deltas, ${IS_UPSERT} as upserts, ${IS_DELETE} as deletes, ${IS_REWRITE} as rewrites
    from deltas join manifests on manifests.manifest_id = deltas.manifest_id where from_seq is not null
    union all
    select deltas.table_version_id, to_seq, -record_count, -content_length, -file_count, -1, -${IS_UPSERT},
      -${IS_DELETE}, -${IS_REWRITE}
    from deltas join manifests on manifests.manifest_id = deltas.manifest_id
    where from_seq is not null and to_seq is not null
    union all
    select table_version_id, from_seq, 0, 0, 0, 0, 0, 0, 0 from totals) as changes
  group by table_version_id, seq
  window history as (partition by table_version_id order by seq)`;

interface CountedTotals {
  table_version_id: string;
  seq: number;
  records: number;
  bytes: number;
  files: number;
  deltas: number;
  upserts: number;
  deletes: number;
  rewrites: number;
}

/** What is written down so that nobody has to count it again. */
export const NUMBER_CHECKS: readonly Check[] = [
  check<{ id: string; file_count: number; files_found: number }>({
    code: 'manifest_files_missing',
    kind: 'manifest',
    sql: sql`select manifest_id as id, file_count, files_found from (${COUNTED}) as manifests_counted
      where file_count <> files_found or highest_ordinal <> files_found - 1`,
    message: ({ file_count, files_found }) => `it says it has ${file_count} files; ${files_found} are listed`,
  }),
  check<{ id: string; record_count: number; records_found: number; content_length: number; bytes_found: number }>({
    code: 'manifest_sums_wrong',
    repair: true,
    kind: 'manifest',
    sql: sql`select manifest_id as id, record_count, records_found, content_length, bytes_found
      from (${COUNTED}) as manifests_counted
      where file_count = files_found and (record_count <> records_found or content_length <> bytes_found)`,
    message: ({ record_count, records_found, content_length, bytes_found }) =>
      `it says ${record_count} rows in ${content_length} bytes; its files have ${records_found} in ${bytes_found}`,
  }),
  check<{ id: string; seq: number; records: number; files: number; deltas: number }>({
    code: 'totals_wrong',
    repair: true,
    kind: 'table version',
    sql: sql`select counted.table_version_id as id, seq, records, files, deltas
      from (${TOTALS_COUNTED}) as counted
      left join totals on totals.table_version_id = counted.table_version_id and totals.from_seq = (
        select max(earlier.from_seq) from totals as earlier
        where earlier.table_version_id = counted.table_version_id and earlier.from_seq <= counted.seq)
      where records <> coalesce(total_records, 0) or bytes <> coalesce(total_bytes, 0)
        or files <> coalesce(total_files, 0) or deltas <> coalesce(delta_count, 0)
        or (fingerprint is not null
          and (upserts <> upsert_count or deletes <> delete_count or rewrites <> rewrite_count))`,
    message: ({ seq, records, files, deltas }) =>
      `its totals at commit ${seq} are not those of its deltas: ${records} rows in ${files} files of ${deltas} deltas`,
  }),
  check<{ id: string; records: number; files: number; deltas: number }>({
    code: 'partition_counts_wrong',
    repair: true,
    kind: 'partition',
    sql: sql`select partition_id as id, records, files, deltas from (${countPartitions()}) as counted_again
      where ${IS_MISCOUNTED}`,
    message: ({ records, files, deltas }) =>
      `what it counts is not what its deltas do: ${records} rows in ${files} files of ${deltas} deltas`,
  }),
];
