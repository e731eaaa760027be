import type { Handler } from '../context.ts';
import { changeSession, requireSession } from './session.ts';
import { answerSession } from './session-answer.ts';

/** Gives an open session up: nothing of it becomes visible, and its files are left to garbage collection. */
export const abortWriteSession: Handler<'abort_write_session'> = async (context, input) => {
  const { session_id, session_version } = input;
  const { catalog } = await requireSession(context, input);
  const session = await context.db.unit(catalog.catalog_id, (queries, now_ns) =>
    changeSession(queries, now_ns, {
      session_id,
      session_version,
      set: { status: 'ABORTED', abort_reason: input.reason ?? null },
    }),
  );
  return answerSession(context, { session, catalog });
};
