import { keepAlive } from '../commits/stage.ts';
import type { Handler } from '../context.ts';
import { changeSession, NEVER_NS, requireSession } from './session.ts';
import { answerSession } from './session-answer.ts';

/** Keeps an open session for another time to live; one of a transaction keeps that. */
export const heartbeatWriteSession: Handler<'heartbeat_write_session'> = async (context, input) => {
  const { session_id, session_version } = input;
  const { session: before, catalog } = await requireSession(context, input);
  const { transaction_id } = before;
  const session = await context.db.unit(catalog.catalog_id, async (queries, now_ns) => {
    const expires_at_ns = transaction_id === null ? now_ns + context.config.write_session_ttl_ns : NEVER_NS;
    if (transaction_id !== null) await keepAlive(context, { queries, now_ns }, transaction_id);
    const set = { heartbeat_at_ns: now_ns, expires_at_ns };
    return changeSession(queries, now_ns, { session_id, session_version, set });
  });
  return answerSession(context, { session, catalog });
};
