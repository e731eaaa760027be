import { type RawBuilder, sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { Namespace } from './namespaces.ts';
import type { Table } from './tables.ts';
import { hasTouched } from './transactions.ts';
import { type View, visible } from './view.ts';

/** The last state of a namespace that was dropped under that name, or of the one of that id; null when there is none. */
export async function findDroppedNamespace(
  queries: Queries,
  view: View,
  wanted: { name: string; namespace_id: string | null },
): Promise<Namespace | null> {
  let query = queries
    .selectFrom('namespaces')
    .selectAll()
    .where('catalog_id', '=', view.catalog_id)
    .where('name', '=', wanted.name)
    .where(sql<boolean>`not ${visible(view, 'namespaces')}`)
    .where('from_seq', '<=', view.seq)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('namespaces as later')
            .select('later.row_id')
            .whereRef('later.namespace_id', '=', 'namespaces.namespace_id')
            .where(isLater(view, 'namespaces')),
        ),
      ),
    );
  if (wanted.namespace_id !== null) query = query.where('namespace_id', '=', wanted.namespace_id);
  return (await query.orderBy(droppedIn(view), 'desc').limit(1).executeTakeFirst()) ?? null;
}

/** The last state of a table that was dropped under that name, or of the one of that id; null when there is none. */
export async function findDroppedTable(
  queries: Queries,
  view: View,
  wanted: { namespace_id: string; name: string; table_id: string | null },
): Promise<Table | null> {
  let query = queries
    .selectFrom('tables')
    .selectAll()
    .where('namespace_id', '=', wanted.namespace_id)
    .where('name', '=', wanted.name)
    .where(sql<boolean>`not ${visible(view, 'tables')}`)
    .where('from_seq', '<=', view.seq)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('tables as later')
            .select('later.row_id')
            .whereRef('later.table_id', '=', 'tables.table_id')
            .where(isLater(view, 'tables')),
        ),
      ),
    );
  if (wanted.table_id !== null) query = query.where('table_id', '=', wanted.table_id);
  return (await query.orderBy(droppedIn(view), 'desc').limit(1).executeTakeFirst()) ?? null;
}

/** The commit that dropped something; for what a transaction has dropped itself, one after all that it sees. */
function droppedIn({ seq }: View): RawBuilder<number> {
  return sql<number>`coalesce(to_seq, ${seq + 1})`;
}

/** Whether the row `later` is a state of the same thing after another: a committed one, or one that a transaction made. */
function isLater({ seq, transaction_id = '' }: View, than: 'namespaces' | 'tables'): RawBuilder<boolean> {
  return sql<boolean>`((later.from_seq > ${sql.ref(`${than}.from_seq`)} and later.from_seq <= ${seq})
    or (later.from_seq is null and later.transaction_id = ${transaction_id}))`;
}

/** Whether an object was dropped for good, also by the transaction of a view: its data may be collected already. */
export async function isPurged(queries: Queries, view: View, object_id: string): Promise<boolean> {
  const committed = queries.selectFrom('touches').where('object_id', '=', object_id).where('kind', '=', 'purge');
  if (await committed.select('kind').limit(1).executeTakeFirst()) return true;
  return hasTouched(queries, view, { object_id, kind: 'purge' });
}

/** Something that was dropped, with the commit that did it. */
export interface Dropped {
  kind: 'namespace' | 'table';
  id: string;
  name: string;
  namespace_id: string;
  /** The name that the namespace had then. */
  namespace: string;
  seq: number;
  committed_at_ns: bigint;
  author: string | null;
  message: string | null;
  operation: string;
  transaction_id: string | null;
  purged: boolean;
}

/** A page of what was dropped; `after` is the commit and the id of the item before it. */
export interface DroppedPage {
  after: [seq: number, id: string] | null;
  limit: number;
}

/** What a view knows as dropped and not brought back, the last first. */
export async function listDroppedIn(queries: Queries, view: View, page: DroppedPage): Promise<Dropped[]> {
  const namespaces = await selectDrops(queries, view, page)
    .innerJoin('namespaces', (join) =>
      join.onRef('namespaces.namespace_id', '=', 'touches.object_id').onRef('namespaces.to_seq', '=', 'touches.seq'),
    )
    .select(['namespaces.name', 'namespaces.namespace_id', 'namespaces.name as namespace'])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('namespaces as later')
            .select('later.row_id')
            .whereRef('later.namespace_id', '=', 'touches.object_id')
            .whereRef('later.from_seq', '>=', 'touches.seq')
            .where('later.from_seq', '<=', view.seq),
        ),
      ),
    )
    .execute();
  const tables = await selectDrops(queries, view, page)
    .innerJoin('tables', (join) =>
      join.onRef('tables.table_id', '=', 'touches.object_id').onRef('tables.to_seq', '=', 'touches.seq'),
    )
    .select(['tables.name', 'tables.namespace_id'])
    .select(({ selectFrom }) =>
      selectFrom('namespaces')
        .select('namespaces.name')
        .whereRef('namespaces.namespace_id', '=', 'tables.namespace_id')
        .whereRef('namespaces.from_seq', '<=', 'touches.seq')
        .orderBy('namespaces.from_seq', 'desc')
        .limit(sql.lit(1))
        .$asScalar()
        // A table is dropped out of a namespace, which was made before it.
        .$notNull()
        .as('namespace'),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('tables as later')
            .select('later.row_id')
            .whereRef('later.table_id', '=', 'touches.object_id')
            .whereRef('later.from_seq', '>=', 'touches.seq')
            .where('later.from_seq', '<=', view.seq),
        ),
      ),
    )
    .execute();
  const found = [...namespaces.map(asDropped('namespace')), ...tables.map(asDropped('table'))];
  return found.sort((a, b) => b.seq - a.seq || (a.id < b.id ? 1 : -1)).slice(0, page.limit);
}

function asDropped(kind: Dropped['kind']) {
  return ({ purged, ...drop }: Omit<Dropped, 'kind' | 'purged'> & { purged: unknown }): Dropped => ({
    ...drop,
    kind,
    purged: Boolean(purged),
  });
}

/** Drops, each once whatever else its commit did to the object. */
function selectDrops(queries: Queries, view: View, { after, limit }: DroppedPage) {
  const query = queries
    .selectFrom('touches')
    .innerJoin('commits', (join) =>
      join.onRef('commits.catalog_id', '=', 'touches.catalog_id').onRef('commits.seq', '=', 'touches.seq'),
    )
    .distinct()
    .select(['touches.object_id as id', 'touches.seq'])
    .select(['committed_at_ns', 'author', 'message', 'operation', 'commits.transaction_id'])
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom('touches as purge')
          .select('purge.seq')
          .whereRef('purge.object_id', '=', 'touches.object_id')
          .where('purge.kind', '=', 'purge'),
      ).as('purged'),
    )
    .where('touches.catalog_id', '=', view.catalog_id)
    // Written out: as a parameter it would hide from the database that there is an index of just these.
    .where('touches.kind', '=', sql.lit('drop'))
    .where('touches.seq', '<=', view.seq)
    .orderBy('touches.seq', 'desc')
    .orderBy('touches.object_id', 'desc')
    .limit(limit);
  if (!after) return query;
  return query.where(({ eb, refTuple, tuple }) =>
    eb(refTuple('touches.seq', 'touches.object_id'), '<', tuple(...after)),
  );
}
