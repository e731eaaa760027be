import { sql } from 'kysely';
import { type Check, check } from '../check.ts';

/** The highest position of every partition that has any. */
const HIGHEST = sql`select partition_id, max(position) as highest_position from deltas
  where from_seq is not null group by partition_id`;

/** The order of the deltas of every partition: dense from 1, in the order of their commits. */
export const POSITION_CHECKS: readonly Check[] = [
  check<{ id: string; position: bigint | null; expected: number; from_seq: number }>({
    code: 'position_wrong',
    kind: 'partition',
    // A rewrite takes the position of what it stands for.
    sql: sql`select partition_id as id, position, expected, from_seq from (
        select deltas.partition_id, deltas.position, deltas.from_seq, row_number() over (
          partition by deltas.partition_id order by deltas.from_seq, deltas.position, deltas.row_id) as expected
        from deltas join commits on commits.catalog_id = deltas.catalog_id and commits.seq = deltas.from_seq
        where commits.operation <> 'rewrite') as ordered
      where position is null or position <> expected`,
    message: ({ position, expected, from_seq }) =>
      `the delta of commit ${from_seq} is at position ${position ?? 'none'} where ${expected} belongs`,
  }),
  check<{ id: string; position: bigint | null; from_seq: number }>({
    code: 'rewrite_misplaced',
    kind: 'partition',
    sql: sql`select partition_id as id, position, from_seq from (
        select deltas.partition_id, deltas.position, deltas.from_seq, (
          select max(inputs.position) from deltas as inputs
          where inputs.partition_id = deltas.partition_id and inputs.to_seq = deltas.from_seq) as highest_input
        from deltas join commits on commits.catalog_id = deltas.catalog_id and commits.seq = deltas.from_seq
        where commits.operation = 'rewrite') as rewritten
      where position is null or position <> coalesce(highest_input, 0)`,
    message: ({ position, from_seq }) =>
      `the rewrite of commit ${from_seq} is at position ${position ?? 'none'}, which is not the last of what it ended`,
  }),
  check<{ id: string; last_position: bigint; highest: number }>({
    code: 'last_position_behind',
    repair: true,
    kind: 'partition',
    sql: sql`select partitions.partition_id as id, last_position, highest_position as highest
      from partitions join (${HIGHEST}) as counted on counted.partition_id = partitions.partition_id
      where last_position < highest_position`,
    message: ({ last_position, highest }) => `it says ${last_position} is its last position, but ${highest} is taken`,
  }),
  check<{ id: string; last_position: bigint; highest: number }>({
    code: 'last_position_ahead',
    kind: 'partition',
    sql: sql`select partitions.partition_id as id, last_position, coalesce(highest_position, 0) as highest
      from partitions left join (${HIGHEST}) as counted on counted.partition_id = partitions.partition_id
      where last_position > coalesce(highest_position, 0)`,
    message: ({ last_position, highest }) =>
      `it says ${last_position} is its last position, but its deltas end at ${highest}`,
  }),
];
