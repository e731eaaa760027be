import { type RawBuilder, sql } from 'kysely';
import type { Database, Queries } from '../db/database.ts';
import { cleanTransactions } from '../transactions/clean.ts';
import type { Found } from './check.ts';
import { CHECKS } from './checks/checks.ts';
import { TOTALS_COUNTED } from './checks/numbers.ts';
import { LISTINGS, UNCOMMITTED } from './checks/transactions.ts';

/** What mends one kind of finding in one catalog; `wrong` gives the ids of what is wrong at that very moment. */
type Repair = (catalog_id: string, wrong: RawBuilder<unknown>) => RawBuilder<unknown>[];

const STANDING = sql`from deltas join manifests on manifests.manifest_id = deltas.manifest_id
  where deltas.partition_id = partitions.partition_id and from_seq is not null and to_seq is null`;

const sumOfStanding = (column: string) => sql`(select coalesce(sum(${sql.ref(`manifests.${column}`)}), 0) ${STANDING})`;

/**
 * What can be mended without losing anything, in the order in which one thing rests on another: numbers that can be
 * counted again, and rows that nobody sees.
 */
const REPAIRS: Record<string, Repair> = {
  manifest_sums_wrong: (catalog_id, wrong) => [
    sql`update manifests set
        record_count = (select sum(files.record_count) from files where files.manifest_id = manifests.manifest_id),
        content_length = (select sum(files.content_length) from files where files.manifest_id = manifests.manifest_id)
      where catalog_id = ${catalog_id} and file_count > 0 and manifest_id in (${wrong})`,
    sql`update manifests set record_count = 0, content_length = 0
      where catalog_id = ${catalog_id} and file_count = 0 and manifest_id in (${wrong})`,
  ],
  last_position_behind: (catalog_id, wrong) => [
    sql`update partitions set last_position = (
        select max(position) from deltas where deltas.partition_id = partitions.partition_id and from_seq is not null)
      where partition_id in (${wrong}) and stream_id in (select stream_id from streams where catalog_id = ${catalog_id})`,
  ],
  // Without a fingerprint nobody relies on what they are made of, and the next commit of the version counts that again.
  totals_wrong: (catalog_id, wrong) => [
    sql`insert into totals (table_version_id, from_seq, total_records, total_bytes, total_files, delta_count)
      select table_version_id, seq, records, bytes, files, deltas from (${TOTALS_COUNTED}) as counted
      where table_version_id in (${wrong})
        and table_version_id in (select table_version_id from table_versions where catalog_id = ${catalog_id})
      on conflict (table_version_id, from_seq) do update set total_records = excluded.total_records,
        total_bytes = excluded.total_bytes, total_files = excluded.total_files, delta_count = excluded.delta_count,
        fingerprint = null`,
  ],
  partition_counts_wrong: (catalog_id, wrong) => [
    sql`update partitions set record_count = ${sumOfStanding('record_count')},
        content_length = ${sumOfStanding('content_length')}, file_count = ${sumOfStanding('file_count')},
        delta_count = (select count(*) ${STANDING})
      where partition_id in (${wrong}) and stream_id in (select stream_id from streams where catalog_id = ${catalog_id})`,
  ],
  leftover_listing: (_catalog_id, wrong) =>
    LISTINGS.map((table) => sql`delete from ${sql.table(table)} where transaction_id in (${wrong})`),
  // The loop that removes what is left goes by this mark.
  leftover_rows: (catalog_id) => [
    sql`update transactions set is_clean = 0
      where catalog_id = ${catalog_id} and status in ('ABORTED', 'EXPIRED') and transaction_id in (${UNCOMMITTED})`,
  ],
  not_marked_clean: (catalog_id, wrong) => [
    sql`update transactions set is_clean = 1 where catalog_id = ${catalog_id} and transaction_id in (${wrong})`,
  ],
  leftover_partition: (_catalog_id, wrong) => [sql`delete from partitions where partition_id in (${wrong})`],
  leftover_schema: (_catalog_id, wrong) => [sql`delete from schemas where table_version_id in (${wrong})`],
};

/**
 * Mends what was found. Units of work do it, each of which looks again at what is wrong: whatever servers of the same
 * database do meanwhile comes before or after it. No data file goes, and no row that was committed.
 */
export async function repairFound(db: Database, found: Found[]): Promise<void> {
  const codes = new Set(found.map(({ code }) => code));
  const catalogs = await db.reader.selectFrom('catalogs').select('catalog_id').execute();
  for (const [code, repair] of Object.entries(REPAIRS)) {
    const check = codes.has(code) ? CHECKS.find((one) => one.code === code) : undefined;
    if (!check) continue;
    const wrong = sql`select id from (${check.sql}) as found`;
    for (const { catalog_id } of catalogs) {
      await db.unit(catalog_id, (queries) => executeAll(queries, repair(catalog_id, wrong)));
    }
    if (code === 'leftover_rows') await cleanTransactions({ db });
  }
}

async function executeAll(queries: Queries, statements: RawBuilder<unknown>[]): Promise<void> {
  for (const statement of statements) await statement.execute(queries);
}
