import type { Selectable } from 'kysely';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';
import type { OutboxRow } from '../db/tables.ts';

/** Something that happened and that a loop acts on later. */
export interface OutboxEvent {
  kind: string;
  payload: unknown;
}

/** Writes the events of a commit in the commit's own unit of work, so that none is lost and none is invented. */
export async function recordEvents(
  queries: Queries,
  commit: { catalog_id: string; seq: number; at_ns: bigint; events: OutboxEvent[] },
): Promise<void> {
  const { catalog_id, seq, at_ns } = commit;
  const rows = commit.events.map(({ kind, payload }) => ({
    catalog_id,
    seq,
    kind,
    payload,
    created_at_ns: at_ns,
  }));
  await insertRows(queries, 'outbox', rows);
}

/** An event as it lies in the outbox. */
export type StoredEvent = Pick<Selectable<OutboxRow>, 'event_id' | 'catalog_id' | 'seq'>;

/** The oldest events of a kind that nobody has acted on, in the order of their commits. */
export function listOpenEvents(queries: Queries, kind: string, limit: number): Promise<StoredEvent[]> {
  return queries
    .selectFrom('outbox')
    .select(['event_id', 'catalog_id', 'seq'])
    .where('kind', '=', kind)
    .orderBy('event_id')
    .limit(limit)
    .execute();
}

/** Removes events that were acted on, in the unit of work that did so: then each is acted on once, and none piles up. */
export async function removeEvents(queries: Queries, events: readonly StoredEvent[]): Promise<void> {
  for (const some of chunks(events)) {
    const ids = some.map(({ event_id }) => event_id);
    await queries.deleteFrom('outbox').where('event_id', 'in', ids).execute();
  }
}
