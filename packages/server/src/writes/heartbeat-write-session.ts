import type { Handler } from '../context.ts';
import { changeSession, requireSession } from './session.ts';
import { answerSession } from './session-answer.ts';

/** Keeps an open session for another time to live. */
export const heartbeatWriteSession: Handler<'heartbeat_write_session'> = async (context, input) => {
  const { session_id, session_version } = input;
  const { catalog } = await requireSession(context, input);
  const session = await context.db.unit(catalog.catalog_id, (queries, now_ns) =>
    changeSession(queries, now_ns, {
      session_id,
      session_version,
      set: { heartbeat_at_ns: now_ns, expires_at_ns: now_ns + context.config.write_session_ttl_ns },
    }),
  );
  return answerSession(context, { session, catalog });
};
