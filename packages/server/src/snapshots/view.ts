import { DeltacatError } from '@deltacat/contract';
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { Tables, VersionedTable } from '../db/tables.ts';

/** What a request sees: the state of one catalog at one commit, resolved once. */
export interface View {
  catalog_id: string;
  seq: number;
  /** When that commit was made, where it was looked up; reading as of it shows the same state for ever. */
  committed_at_ns?: bigint;
  /** The transaction whose own changes it shows on top of that commit; none when left out. */
  transaction_id?: string;
}

/**
 * Whether a versioned row is visible in a view; `alias` names the table in the query. Of the states of one thing at most
 * one is visible, the newest of those that began by then: queries for one thing go by `from_seq` from there, so that
 * they read one row however many states it had.
 */
export function visible(view: View, alias: VersionedTable): RawBuilder<boolean> {
  const from = sql.ref(`${alias}.from_seq`);
  const to = sql.ref(`${alias}.to_seq`);
  const committed = sql<boolean>`(${from} <= ${view.seq} and (${to} is null or ${to} > ${view.seq}))`;
  const { transaction_id } = view;
  if (transaction_id === undefined) return committed;
  const own = sql`${from} is null and ${sql.ref(`${alias}.transaction_id`)} = ${transaction_id}`;
  return sql<boolean>`((${committed} and ${standing(transaction_id, alias)}) or (${own}))`;
}

/**
 * The rows of a query that a view shows: what stands and what ended after the view are each a range of an index, while one
 * condition for both would read every state that there ever was. For listings, where it is not the newest state of one thing
 * that is looked for. One statement, so that nothing ends in between.
 */
export function listVisible<O>(
  query: SelectQueryBuilder<Tables, VersionedTable, O>,
  view: View,
  alias: VersionedTable,
): SelectQueryBuilder<Tables, VersionedTable, O> {
  if (view.transaction_id !== undefined) return query.where(visible(view, alias));
  const to = sql.ref(`${alias}.to_seq`);
  const begun = query.where(sql<boolean>`${sql.ref(`${alias}.from_seq`)} <= ${view.seq}`);
  return begun.where(sql<boolean>`${to} is null`).unionAll(begun.where(sql<boolean>`${to} > ${view.seq}`));
}

/** Whether a transaction has not ended a row itself. */
export function standing(transaction_id: string, alias: VersionedTable): RawBuilder<boolean> {
  return sql<boolean>`not exists (select 1 from endings where endings.transaction_id = ${transaction_id}
    and endings.table_name = ${alias} and endings.row_id = ${sql.ref(`${alias}.row_id`)})`;
}

/** Whether the partition of a query over `partitions` holds something in a view. */
export function holdsData(view: View): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from deltas
    where deltas.partition_id = partitions.partition_id and ${visible(view, 'deltas')})`;
}

/** The newest state of a catalog. */
export async function viewHead(queries: Queries, catalog_id: string): Promise<View & { committed_at_ns: bigint }> {
  const head = await queries
    .selectFrom('catalogs')
    .select(['head_seq', 'head_at_ns'])
    .where('catalog_id', '=', catalog_id)
    .executeTakeFirstOrThrow();
  return { catalog_id, seq: head.head_seq, committed_at_ns: head.head_at_ns };
}

/**
 * The state of a catalog at a time: its greatest commit not later. Throws `invalid_as_of` for a time in the future,
 * because commits still to come would change the answer, and for one before the catalog was made, which is another unit
 * more often than an early time.
 */
export async function viewAt(context: ServerContext, catalog_id: string, as_of: bigint): Promise<View> {
  const head = await viewHead(context.db.reader, catalog_id);
  if (as_of === head.committed_at_ns) return { catalog_id, seq: head.seq };
  if (as_of < head.committed_at_ns) return findView(context.db.reader, catalog_id, as_of);
  // A time after the head may belong to a commit under way: a unit of work waits for those before it.
  return context.db.unit(catalog_id, async (queries, now_ns) => {
    const { committed_at_ns } = await viewHead(queries, catalog_id);
    if (as_of > committed_at_ns) refuseFuture(as_of, now_ns);
    return findView(queries, catalog_id, as_of);
  });
}

/** The next commit may still be made at this very moment. */
function refuseFuture(as_of: bigint, now_ns: bigint): void {
  if (as_of < now_ns) return;
  throw new DeltacatError(
    'invalid_as_of',
    `as_of ${as_of} lies in the future (now ${now_ns}). Leave it out to read the newest state.`,
  );
}

/** The state of a catalog at a time that is not in its future. */
async function findView(queries: Queries, catalog_id: string, as_of: bigint): Promise<View> {
  const row = await queries
    .selectFrom('commits')
    .select('seq')
    .where('catalog_id', '=', catalog_id)
    .where('committed_at_ns', '<=', as_of)
    .orderBy('committed_at_ns', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) await refuseBeforeAll(queries, catalog_id, as_of);
  return { catalog_id, seq: row?.seq ?? 0 };
}

async function refuseBeforeAll(queries: Queries, catalog_id: string, as_of: bigint): Promise<void> {
  const { created_at_ns } = await queries
    .selectFrom('catalogs')
    .select('created_at_ns')
    .where('catalog_id', '=', catalog_id)
    .executeTakeFirstOrThrow();
  if (as_of >= created_at_ns) return;
  throw new DeltacatError(
    'invalid_as_of',
    `as_of ${as_of} lies before the catalog was made (${created_at_ns}). Times are nanoseconds since 1970.`,
  );
}
