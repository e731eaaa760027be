import { sql } from 'kysely';
import { type Check, check } from '../check.ts';

/** The history of every catalog: one commit after the other, up to its head. */
export const COMMIT_CHECKS: readonly Check[] = [
  check<{ id: string; seq: number; expected: number }>({
    code: 'commit_missing',
    kind: 'catalog',
    sql: sql`select catalog_id as id, seq, previous_seq + 1 as expected from (
        select catalog_id, seq, coalesce(lag(seq) over (partition by catalog_id order by seq), 0) as previous_seq
        from commits) as ordered
      where seq <> previous_seq + 1`,
    message: ({ seq, expected }) => `commit ${seq} stands where commit ${expected} belongs`,
  }),
  check<{ id: string; seq: number }>({
    code: 'commit_time_not_later',
    kind: 'catalog',
    sql: sql`select catalog_id as id, seq from (
        select catalog_id, seq, committed_at_ns,
          lag(committed_at_ns) over (partition by catalog_id order by seq) as previous_at_ns
        from commits) as ordered
      where committed_at_ns <= previous_at_ns`,
    message: ({ seq }) => `commit ${seq} is not later than the one before it, so that reads of earlier times mislead`,
  }),
  check<{ id: string; head_seq: number; last_seq: number }>({
    code: 'head_wrong',
    kind: 'catalog',
    sql: sql`select catalogs.catalog_id as id, head_seq, coalesce(last_seq, 0) as last_seq
      from catalogs
      left join (select catalog_id, max(seq) as last_seq from commits group by catalog_id) as newest
        on newest.catalog_id = catalogs.catalog_id
      left join commits on commits.catalog_id = newest.catalog_id and commits.seq = newest.last_seq
      where head_seq <> coalesce(last_seq, 0) or head_at_ns <> coalesce(commits.committed_at_ns, head_at_ns)`,
    message: ({ head_seq, last_seq }) =>
      `its head says commit ${head_seq} and its time; the last commit is ${last_seq}`,
  }),
  check<{ id: string; seq: number }>({
    code: 'commit_without_transaction',
    kind: 'catalog',
    sql: sql`select commits.catalog_id as id, commits.seq
      from commits left join transactions on transactions.transaction_id = commits.transaction_id
      where commits.transaction_id is not null
        and (transactions.status is null or transactions.status <> 'COMMITTED' or transactions.seq <> commits.seq)`,
    message: ({ seq }) => `commit ${seq} names a transaction that was not committed there`,
  }),
  check<{ id: string; seq: number }>({
    code: 'transaction_without_commit',
    kind: 'transaction',
    sql: sql`select transactions.transaction_id as id, transactions.seq
      from transactions
      left join commits on commits.catalog_id = transactions.catalog_id and commits.seq = transactions.seq
      where transactions.status = 'COMMITTED' and transactions.seq is not null
        and (commits.transaction_id is null or commits.transaction_id <> transactions.transaction_id)`,
    message: ({ seq }) => `it was committed as ${seq}, which is not its commit`,
  }),
];
