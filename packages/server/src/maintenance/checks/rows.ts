import { type RawBuilder, sql } from 'kysely';
import type { VersionedTable } from '../../db/tables.ts';
import { type Check, check } from '../check.ts';
import type { ObjectKind } from '../object-name.ts';

/** What the rows of a versioned table are states of. */
interface States {
  kind: ObjectKind;
  /** The column with the id of the object. */
  id: string;
  /** Of what only one may stand at a time beside the object itself, and the code of two. */
  only: { columns: string[]; code: string; what: string };
}

const STATES: Record<VersionedTable, States> = {
  namespaces: {
    ...{ kind: 'namespace', id: 'namespace_id' },
    only: { columns: ['catalog_id', 'name'], code: 'namespace_name_taken_twice', what: 'two namespaces have its name' },
  },
  tables: {
    ...{ kind: 'table', id: 'table_id' },
    only: { columns: ['namespace_id', 'name'], code: 'table_name_taken_twice', what: 'two tables have its name' },
  },
  table_versions: {
    ...{ kind: 'table version', id: 'table_version_id' },
    only: { columns: ['table_id', 'version'], code: 'version_name_taken_twice', what: 'two versions have its name' },
  },
  streams: {
    ...{ kind: 'stream', id: 'stream_id' },
    only: { columns: ['table_version_id'], code: 'two_streams', what: 'its version has two streams' },
  },
  deltas: {
    ...{ kind: 'manifest', id: 'manifest_id' },
    only: {
      ...{ columns: ['partition_id', 'position'], code: 'position_taken_twice' },
      what: 'two deltas stand at one position of its partition',
    },
  },
};

/** Later than every commit. */
const NEVER = sql.lit(Number.MAX_SAFE_INTEGER);

/** When versioned rows are visible: within the history of their catalog, and of one object one state at a time. */
export const ROW_CHECKS: readonly Check[] = [
  // Every versioned table is a key of STATES.
  ...(Object.keys(STATES) as VersionedTable[]).flatMap((table) => checksOf(table, STATES[table])),
  uncovered({
    ...{ code: 'table_without_version', kind: 'table', parents: 'tables', children: 'table_versions', key: 'table_id' },
    what: 'it has no version',
  }),
  uncovered({
    ...{ code: 'version_without_stream', kind: 'table version', parents: 'table_versions', children: 'streams' },
    ...{ key: 'table_version_id', what: 'it has no stream' },
  }),
];

function checksOf(table: VersionedTable, { kind, id, only }: States): Check[] {
  const rows = sql.table(table);
  return [
    check<{ id: string; from_seq: number; to_seq: number | null; head_seq: number }>({
      code: `${table}_beyond_head`,
      kind,
      sql: sql`select ${sql.id(id)} as id, from_seq, to_seq, head_seq
        from ${rows} as states join catalogs on catalogs.catalog_id = states.catalog_id
        where from_seq > head_seq or to_seq > head_seq`,
      message: ({ from_seq, to_seq, head_seq }) =>
        `it is visible from commit ${from_seq} to ${to_seq ?? 'now'}, but the last commit is ${head_seq}`,
    }),
    check<{ id: string; from_seq: number | null; to_seq: number }>({
      code: `${table}_end_before_begin`,
      kind,
      sql: sql`select ${sql.id(id)} as id, from_seq, to_seq from ${rows} as states
        where to_seq is not null and (from_seq is null or from_seq >= to_seq)`,
      message: ({ from_seq, to_seq }) => `it ends with commit ${to_seq} and begins with ${from_seq ?? 'none'}`,
    }),
    check<{ id: string; next_seq: number }>({
      code: `${table}_overlap`,
      kind,
      sql: overlaps(table, { id, columns: [id] }),
      message: ({ next_seq }) => `it has two states at commit ${next_seq}`,
    }),
    check<{ id: string; next_seq: number }>({
      code: only.code,
      kind,
      sql: overlaps(table, { id, columns: only.columns }),
      message: ({ next_seq }) => `at commit ${next_seq} ${only.what}`,
    }),
  ];
}

/** Rows that still stand when the next one of the same columns begins. */
function overlaps(
  table: VersionedTable,
  { id, columns }: { id: string; columns: string[] },
): RawBuilder<{ id: string; next_seq: number }> {
  const key = sql.join(columns.map((column) => sql.id(column)));
  return sql`select id, next_seq from (
      select ${sql.id(id)} as id, to_seq,
        lead(from_seq) over (partition by ${key} order by from_seq, row_id) as next_seq
      from ${sql.table(table)} where from_seq is not null) as ordered
    where next_seq is not null and (to_seq is null or to_seq > next_seq)`;
}

interface Cover {
  code: string;
  kind: ObjectKind;
  parents: VersionedTable;
  children: VersionedTable;
  /** The column of both that joins them. */
  key: string;
  what: string;
}

/** States of something at a time when nothing of what it must have stands. One pass over both, whatever the history. */
function uncovered({ code, kind, parents, children, key, what }: Cover): Check {
  const id = sql.id(key);
  return check<{ id: string; seq: number }>({
    ...{ code, kind },
    sql: sql`with spans as (
        select ${id} as id, from_seq, coalesce(to_seq, ${NEVER}) as to_seq
        from ${sql.table(children)} where from_seq is not null
      ), gaps as (
        select id, 0 as gap_from, min(from_seq) as gap_to from spans group by id
        union all
        select id, covered_to, from_seq from (
          select id, from_seq, max(to_seq) over (
            partition by id order by from_seq rows between unbounded preceding and 1 preceding) as covered_to
          from spans) as covered
        where from_seq > covered_to
        union all
        select id, max(to_seq), ${NEVER} from spans group by id having max(to_seq) < ${NEVER}
        union all
        select ${id}, 0, ${NEVER} from ${sql.table(parents)} as childless
        where not exists (select 1 from spans where spans.id = childless.${id})
      )
      select distinct parents.${id} as id, case when gap_from > from_seq then gap_from else from_seq end as seq
      from ${sql.table(parents)} as parents join gaps on gaps.id = parents.${id}
      where from_seq < gap_to and coalesce(to_seq, ${NEVER}) > gap_from`,
    message: ({ seq }) => `at commit ${seq} ${what}`,
  });
}
