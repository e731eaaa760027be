import type { ServerContext } from '../context.ts';
import { expireWhereDue } from './session.ts';

/** How many sessions one unit of work ends; others wait behind it. */
const SESSIONS_PER_UNIT_MAX = 500;

/**
 * Ends every open write session whose time has run out; answers how many. For a loop: sessions that nobody asks for
 * again would stay open otherwise, and their files would look as if they were still being written.
 */
export async function expireWriteSessions(context: ServerContext): Promise<number> {
  let ended = 0;
  for (;;) {
    const due = await context.db.reader
      .selectFrom('write_sessions')
      .select(['session_id', 'catalog_id'])
      .where('status', '=', 'OPEN')
      .where('expires_at_ns', '<=', context.clock.nowNs())
      .orderBy('expires_at_ns')
      .limit(SESSIONS_PER_UNIT_MAX)
      .execute();
    let endedNow = 0;
    for (const [catalog_id, sessions] of Map.groupBy(due, (session) => session.catalog_id)) {
      const ids = sessions.map(({ session_id }) => session_id);
      endedNow += await context.db.unit(catalog_id, (queries, now_ns) => expireWhereDue(queries, now_ns, ids));
    }
    // What is due by this server's clock may not be so by the store's, and a heartbeat may have come meanwhile.
    if (endedNow === 0) return ended;
    ended += endedNow;
  }
}
