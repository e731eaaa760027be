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
      .select('session_id')
      .where('status', '=', 'OPEN')
      .where('expires_at_ns', '<=', context.clock.nowNs())
      .orderBy('expires_at_ns')
      .limit(SESSIONS_PER_UNIT_MAX)
      .execute();
    if (due.length === 0) return ended;
    const ids = due.map(({ session_id }) => session_id);
    ended += await context.db.unit((queries) => expireWhereDue(context, queries, ids));
  }
}
