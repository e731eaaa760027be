import { sql } from 'kysely';
import type { VersionedTable } from '../db/tables.ts';
import { selectCounted } from '../snapshots/deltas.ts';
import type { Change } from './change.ts';
import { concurrentModification } from './conflicts.ts';
import { forgetDropped } from './forget.ts';
import { countInPartitions, NO_COUNTS } from './partition-counts.ts';
import { addTotals, type CountedDelta, clearTotals } from './totals.ts';

/** What defines something, parents before what is in them. */
const DEFINITIONS = ['namespaces', 'tables', 'table_versions', 'streams'] as const satisfies VersionedTable[];

/** A change that is the commit of a transaction. */
export interface Publishing {
  change: Change;
  transaction_id: string;
}

/**
 * Makes everything that a transaction wrote visible with its commit, and ends what it ended: definitions as they are
 * listed, data by what they stand for, because rewrites may have put other deltas in the place of those that it saw.
 */
export async function publishTransaction(publishing: Publishing): Promise<void> {
  await forgetDropped(publishing.change.queries, publishing.transaction_id);
  const written = { restarted: await listRestarted(publishing), deltas: await listWritten(publishing) };
  for (const table of DEFINITIONS) await endDefinitions(publishing, table);
  await endReplaced(publishing);
  for (const table of DEFINITIONS) await publishRows(publishing, table);
  await placeDeltas(publishing);
  await writeNumbers(publishing, written);
}

/** Ends the rows that the transaction listed; each must be there still, or somebody has changed the same thing. */
async function endDefinitions({ change, transaction_id }: Publishing, table: VersionedTable): Promise<void> {
  const { queries, seq } = change;
  const listed = queries
    .selectFrom('endings')
    .select('endings.row_id')
    .where('transaction_id', '=', transaction_id)
    .where('table_name', '=', table);
  const { count } = await listed
    .clearSelect()
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count === 0) return;
  change.note(table);
  const ended = await queries
    .updateTable(table)
    .set({ to_seq: seq })
    .where('row_id', 'in', listed)
    .where('to_seq', 'is', null)
    .executeTakeFirst();
  if (Number(ended.numUpdatedRows) !== count) throw concurrentModification(`A row of ${table}`, null);
}

async function publishRows({ change, transaction_id }: Publishing, table: VersionedTable): Promise<void> {
  const published = await change.queries
    .updateTable(table)
    .set({ from_seq: change.seq })
    .where('transaction_id', '=', transaction_id)
    .where('from_seq', 'is', null)
    .executeTakeFirst();
  if (Number(published.numUpdatedRows) > 0) change.note(table);
}

/** Ends all that stands in the streams and partitions that the transaction replaced, also what it has not seen: rewrites. */
async function endReplaced({ change, transaction_id }: Publishing): Promise<void> {
  const { queries, seq } = change;
  const replaced = queries.selectFrom('endings').where('endings.transaction_id', '=', transaction_id);
  const streams = replaced
    .where('endings.table_name', '=', 'streams')
    .innerJoin('streams', 'streams.row_id', 'endings.row_id')
    .select('streams.stream_id');
  const partitions = replaced
    .where('endings.table_name', '=', 'deltas')
    .innerJoin('deltas as ended', 'ended.row_id', 'endings.row_id')
    .select('ended.partition_id');
  const standing = queries
    .updateTable('deltas')
    .set({ to_seq: seq })
    .where('from_seq', 'is not', null)
    .where('to_seq', 'is', null);
  await standing.where('stream_id', 'in', streams).execute();
  await queries.updateTable('partitions').set(NO_COUNTS).where('stream_id', 'in', streams).execute();
  await standing.where('partition_id', 'in', partitions).execute();
}

/** Gives the deltas of the transaction the next positions of their partitions, in the order of their writing. */
async function placeDeltas({ change, transaction_id }: Publishing): Promise<void> {
  const { queries, seq } = change;
  const uncommitted = sql`deltas.transaction_id = ${transaction_id} and deltas.from_seq is null`;
  await sql`update partitions set last_position = last_position + (
      select count(*) from deltas where deltas.partition_id = partitions.partition_id and ${uncommitted})
    where partition_id in (select deltas.partition_id from deltas where ${uncommitted})`.execute(queries);
  await sql`update deltas set from_seq = ${seq}, position = placed.position,
      previous_position = case when placed.position = 1 then null else placed.position - 1 end
    from (
      select deltas.row_id, partitions.last_position
        - count(*) over (partition by deltas.partition_id)
        + row_number() over (partition by deltas.partition_id order by deltas.row_id) as position
      from deltas join partitions on partitions.partition_id = deltas.partition_id where ${uncommitted}
    ) as placed
    where deltas.row_id = placed.row_id`.execute(queries);
}

/** What the transaction wrote; asked before it is published, while there is an index of just its rows. */
interface Written {
  /** The versions that get a new stream. */
  restarted: string[];
  deltas: WrittenDelta[];
}

type WrittenDelta = CountedDelta & { table_version_id: string; stream_id: string };

async function listRestarted({ change, transaction_id }: Publishing): Promise<string[]> {
  const rows = await change.queries
    .selectFrom('streams')
    .select('table_version_id')
    .where('transaction_id', '=', transaction_id)
    .where('from_seq', 'is', null)
    .execute();
  return rows.map(({ table_version_id }) => table_version_id);
}

function listWritten({ change, transaction_id }: Publishing): Promise<WrittenDelta[]> {
  return selectCounted(change.queries)
    .where('deltas.transaction_id', '=', transaction_id)
    .where('deltas.from_seq', 'is', null)
    .execute();
}

async function writeNumbers({ change }: Publishing, { restarted, deltas }: Written): Promise<void> {
  const { queries, seq } = change;
  for (const table_version_id of restarted) await clearTotals(change, table_version_id);
  for (const added of Map.groupBy(deltas, ({ stream_id }) => stream_id).values()) {
    const [first] = added;
    if (!first) continue;
    const ended = selectCounted(queries).where('deltas.stream_id', '=', first.stream_id);
    const removed = await ended.where('deltas.to_seq', '=', seq).execute();
    await countInPartitions(change, { added, removed });
    await addTotals(change, first.table_version_id, { added, removed });
  }
}
