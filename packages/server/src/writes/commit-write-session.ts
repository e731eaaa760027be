import { type Api, DeltacatError, type InputOf } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { hashPayload, operationReused } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import type { SeenTransaction } from '../snapshots/transactions.ts';
import { commitFiles, type Written } from './commit.ts';
import { changeSession, refuseUnlessCurrent, requireSession, type Session } from './session.ts';
import { aimOf, answerSession, createIfMissingOf, type SessionResult } from './session-answer.ts';

type Input = InputOf<Api['commit_write_session']>;

/**
 * Makes the files of a session visible, all at once and once only: the session becomes COMMITTED in the same durable
 * step, and a repetition with the same `operation_id` and entries is answered as the first time. A session of a
 * transaction becomes ATTACHED: its files become visible with the transaction.
 */
export const commitWriteSession: Handler<'commit_write_session'> = async (context, input) => {
  const { session, catalog } = await requireSession(context, input);
  if (isRepetition(session, input)) return answerSession(context, { session, catalog });
  refuseUnlessCurrent(session, input.session_version);
  let closed = session;
  try {
    await commitFiles(context, {
      ...{ catalog, transaction: transactionOf(session, input) },
      aim: aimOf(session),
      entries: input.entries,
      format: session.format,
      data_dir: session.allow_external_entries ? null : session.data_dir,
      create_if_missing: createIfMissingOf(session),
      operation: 'commit_write_session',
      message: input.commit_message ?? null,
      idempotency: null,
      async finish(change, written) {
        closed = await closeSession(change, input, written);
      },
    });
  } catch (error) {
    if (!(error instanceof DeltacatError)) throw error;
    // Two calls with one `operation_id` may arrive together: the second finds the session closed by the first.
    ({ session: closed } = await requireSession(context, input));
    if (!isRepetition(closed, input)) throw error;
  }
  return answerSession(context, { session: closed, catalog });
};

/** The transaction of a session, at the version that the caller has seen. */
function transactionOf({ transaction_id }: Session, input: Input): SeenTransaction | null {
  if (transaction_id === null) return null;
  return { transaction_id, transaction_version: input.transaction_version ?? null };
}

/** Whether the session was committed by this very call before. Throws `operation_id_reused` for other entries. */
function isRepetition(session: Session, input: Input): boolean {
  if ((session.status !== 'COMMITTED' && session.status !== 'ATTACHED') || !input.operation_id) return false;
  if (session.commit_operation_id !== input.operation_id) return false;
  if (session.payload_hash === hashPayload('commit_write_session', input.entries)) return true;
  throw operationReused(input.operation_id);
}

async function closeSession(change: Change, input: Input, written: Written): Promise<Session> {
  const result: SessionResult = { ...written, ...change.place };
  return changeSession(change.queries, change.now_ns, {
    session_id: input.session_id,
    session_version: input.session_version,
    set: {
      status: change.transaction_id === null ? 'COMMITTED' : 'ATTACHED',
      commit_operation_id: input.operation_id ?? null,
      payload_hash: input.operation_id ? hashPayload('commit_write_session', input.entries) : null,
      result,
    },
  });
}
