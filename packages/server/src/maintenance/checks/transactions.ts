import { type RawBuilder, sql } from 'kysely';
import type { VersionedTable } from '../../db/tables.ts';
import { type Check, check } from '../check.ts';

const VERSIONED = ['namespaces', 'tables', 'table_versions', 'streams', 'deltas'] as const satisfies VersionedTable[];

/** What an open transaction lists for its commit. */
export const LISTINGS = ['endings', 'transaction_touches', 'transaction_events'] as const;

/** The transactions of all rows of versioned tables that no commit has made visible, one row for each. */
export const UNCOMMITTED = sql.join(
  VERSIONED.map((table) => sql`select transaction_id from ${sql.table(table)} where from_seq is null`),
  sql` union all `,
);

/** What only an open transaction may have. */
export const TRANSACTION_CHECKS: readonly Check[] = [
  check<{ id: string; rows_left: number }>({
    code: 'leftover_rows',
    severity: 'untidy',
    repair: true,
    kind: 'transaction',
    sql: uncommittedOf(sql`transactions.status in ('ABORTED', 'EXPIRED')`),
    message: ({ rows_left }) => `it was given up and still has ${rows_left} rows, which nobody sees`,
  }),
  check<{ id: string; rows_left: number }>({
    code: 'rows_left_behind',
    kind: 'transaction',
    sql: uncommittedOf(sql`transactions.status = 'COMMITTED'`),
    message: ({ rows_left }) => `it was committed without ${rows_left} of its rows`,
  }),
  check<{ id: string; rows_left: number }>({
    code: 'rows_of_no_transaction',
    kind: 'transaction',
    sql: uncommittedOf(sql`transactions.status is null`),
    message: ({ rows_left }) => `${rows_left} rows belong to it, and there is no such transaction`,
  }),
  check<{ id: string; listed: number }>({
    code: 'leftover_listing',
    severity: 'untidy',
    repair: true,
    kind: 'transaction',
    sql: sql`select listing.transaction_id as id, count(*) as listed from (${sql.join(
      LISTINGS.map((table) => sql`select transaction_id from ${sql.table(table)}`),
      sql` union all `,
    )}) as listing left join transactions on transactions.transaction_id = listing.transaction_id
      where coalesce(transactions.status, '') <> 'RUNNING' group by listing.transaction_id`,
    message: ({ listed }) => `it is over and still lists ${listed} things for its commit`,
  }),
  check<{ id: string }>({
    code: 'not_marked_clean',
    severity: 'untidy',
    repair: true,
    kind: 'transaction',
    sql: sql`select transaction_id as id from transactions
      where status <> 'RUNNING' and is_clean = 0
        and transaction_id not in (select transaction_id from (${UNCOMMITTED}) as left_over where transaction_id is not null)`,
    message: () => 'it is over and has left nothing, and does not say so yet',
  }),
  ...VERSIONED.map(checkEndings),
  check<{ id: string; transaction_name: string }>({
    code: 'session_of_ended_transaction',
    kind: 'write session',
    sql: sql`select session_id as id, coalesce(write_sessions.transaction_id, 'none') as transaction_name
      from write_sessions left join transactions on transactions.transaction_id = write_sessions.transaction_id
      where (write_sessions.status = 'ATTACHED'
          or (write_sessions.status = 'OPEN' and write_sessions.transaction_id is not null))
        and coalesce(transactions.status, '') <> 'RUNNING'`,
    message: ({ transaction_name }) => `it waits for the commit of transaction ${transaction_name}, which is over`,
  }),
  check<{ id: string; base_seq: number }>({
    code: 'transaction_ahead',
    kind: 'transaction',
    sql: sql`select transaction_id as id, base_seq from transactions
      join catalogs on catalogs.catalog_id = transactions.catalog_id
      where status = 'RUNNING' and base_seq > head_seq`,
    message: ({ base_seq }) => `it sees commit ${base_seq}, which has not been made`,
  }),
];

function uncommittedOf(condition: RawBuilder<unknown>): RawBuilder<{ id: string; rows_left: number }> {
  return sql`select coalesce(left_over.transaction_id, 'none') as id, count(*) as rows_left
    from (${UNCOMMITTED}) as left_over
    left join transactions on transactions.transaction_id = left_over.transaction_id
    where ${condition} group by left_over.transaction_id`;
}

function checkEndings(table: VersionedTable): Check {
  return check<{ id: string; row_id: number }>({
    code: `ending_of_no_${table.replace(/s$/, '')}`,
    kind: 'transaction',
    sql: sql`select endings.transaction_id as id, endings.row_id from endings
      join transactions on transactions.transaction_id = endings.transaction_id
      left join ${sql.table(table)} as states on states.row_id = endings.row_id
      where transactions.status = 'RUNNING' and endings.table_name = ${sql.lit(table)} and states.from_seq is null`,
    message: ({ row_id }) => `it ends row ${row_id} of ${table}, which was not committed`,
  });
}
