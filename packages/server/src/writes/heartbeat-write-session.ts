import type { Handler } from '../context.ts';
import { changeSession, requireSession } from './session.ts';
import { answerSession } from './session-answer.ts';

/** Keeps an open session for another time to live. */
export const heartbeatWriteSession: Handler<'heartbeat_write_session'> = async (context, input) => {
  const { session_id, session_version } = input;
  const { catalog } = await requireSession(context, input);
  const session = await context.db.unit((queries) => {
    const heartbeat_at_ns = context.clock.nowNs();
    const expires_at_ns = heartbeat_at_ns + context.config.write_session_ttl_ns;
    return changeSession(context, queries, {
      session_id,
      session_version,
      set: { heartbeat_at_ns, expires_at_ns },
    });
  });
  return answerSession(context, { session, catalog });
};
