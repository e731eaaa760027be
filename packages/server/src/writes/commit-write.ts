import { type Api, DeltacatError, type InputOf } from '@deltacat/contract';
import { idempotency } from '../catalog/idempotency.ts';
import type { Handler, RequestContext } from '../context.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { commitFiles } from './commit.ts';
import { commitWriteSession } from './commit-write-session.ts';
import { requireSession } from './session.ts';

type Input = InputOf<Api['commit_write']>;

/**
 * Makes files visible that were written without a session, wherever they are; with a token of `stage_write`, those of its
 * session. In a transaction they become visible with that.
 */
export const commitWrite: Handler<'commit_write'> = async (context, input) => {
  const { namespace, table } = input;
  const token = input.validation_token;
  const answer = token ? await commitStaged(context, input, token) : await commitFree(context, input);
  const { deltas_written, files_registered, total_records, seq, committed_at_ns } = answer;
  const { transaction_id, transaction_version } = answer;
  return {
    ...{ committed: true, table, namespace, seq, committed_at_ns, transaction_id, transaction_version },
    deltas_written: deltas_written ?? 0,
    files_registered: files_registered ?? 0,
    total_records: total_records ?? 0,
  };
};

async function commitFree(context: RequestContext, input: Input) {
  const { namespace, table, mode } = input;
  return commitFiles(context, {
    ...(await scopeOf(context, input)),
    aim: { namespace, table, mode, table_version: input.table_version ?? null, identity: null, opened_seq: null },
    entries: input.manifest_entries,
    format: input.content_type,
    data_dir: null,
    create_if_missing: null,
    operation: 'commit_write',
    message: input.commit_message ?? null,
    idempotency: idempotency(input),
  });
}

/** A token is good for one commit; without an operation id a repetition of that commit is known by the token itself. */
async function commitStaged(context: RequestContext, input: Input, token: string) {
  const { catalog, namespace, table, manifest_entries: entries, commit_message } = input;
  const { session } = await requireSession(context, { session_id: token, catalog });
  if (session.namespace !== namespace || session.table_name !== table) {
    const message = `The token was given for table "${session.namespace}.${session.table_name}", not "${namespace}.${table}". Commit there.`;
    throw new DeltacatError('invalid_request', message, { session_id: token });
  }
  const named = input.transaction_id ?? session.transaction_id;
  if (named !== session.transaction_id) {
    const message = `The token was not given in transaction "${named}". Commit where the write was staged.`;
    throw new DeltacatError('invalid_request', message, { session_id: token, transaction_id: named });
  }
  const operation_id = input.operation_id ?? `stage:${token}`;
  const { session_version } = session;
  const { transaction_version } = input;
  return commitWriteSession(context, {
    session_id: token,
    session_version,
    operation_id,
    entries,
    ...{ catalog, commit_message, transaction_version },
  });
}
