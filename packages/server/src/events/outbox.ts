import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';

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
    done_at_ns: null,
  }));
  await insertRows(queries, 'outbox', rows);
}
