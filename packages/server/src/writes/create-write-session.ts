import type { Api, InputOf } from '@deltacat/contract';
import { idempotency } from '../catalog/idempotency.ts';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import type { Handler, RequestContext } from '../context.ts';
import { chooseRoot, type DataRoot } from '../roots/data-roots.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { folderFor } from './folder.ts';
import { refuseUnfitMode } from './modes.ts';
import { NEVER_NS, requireSession, type Session } from './session.ts';
import { answerSession } from './session-answer.ts';
import { type CreateIfMissing, defineMissing } from './table-making.ts';
import { findTarget, schemeId, shapeOf, type Target } from './target.ts';

type Input = InputOf<Api['create_write_session']>;

/** Keys that writers derive from their arguments: two equal writes share one, and must not share a session. */
const DERIVED_KEY = 'auto:';

/**
 * Opens a write session: names the folder for its files and tells what they must look like. The session holds the
 * table's identity, so that its files never get into another table of the same name.
 */
export const createWriteSession: Handler<'create_write_session'> = async (context, input) => {
  const { catalog, transaction } = await scopeOf(context, input);
  const root = await chooseRoot(context, catalog, input.root);
  const create_if_missing = completeCreation(context, input);
  const opened = await commit(context, {
    ...{ catalog, transaction },
    operation: 'create_write_session',
    idempotency: idempotency(input),
    async decide(change) {
      const known = await findByWriteKey(change, input);
      if (known) return { session_id: known };
      const aim = { ...input, table_version: input.table_version ?? null, identity: null, opened_seq: null };
      const target = await findTarget(change.queries, change.view, aim);
      if (target.version) refuseUnfitMode(input, await shapeOf(change.queries, target.name, target.version));
      const session = draftSession(change, { input, target, root, create_if_missing });
      await change.queries.insertInto('write_sessions').values(session).execute();
      return { session_id: session.session_id };
    },
  });
  return answerSession(context, await requireSession(context, opened));
};

/** Checks how a missing table is to be made and gives its schemes their ids, which the entries of the commit will name. */
function completeCreation(context: RequestContext, input: Input): CreateIfMissing | null {
  const asked = input.create_if_missing;
  if (!asked) return null;
  const definition = defineMissing(context, { create_if_missing: asked, files: [], format: input.format });
  const { partition_scheme, sort_scheme } = definition.version;
  return { ...asked, partition_scheme, sort_scheme };
}

/** The session that the same owner opened for the same key and purpose, while it is open. */
async function findByWriteKey(change: Change, input: Input): Promise<string | null> {
  const { write_key } = input;
  if (!write_key || write_key.startsWith(DERIVED_KEY)) return null;
  const found = await change.queries
    .selectFrom('write_sessions')
    .select(['session_id', 'owner_key', 'table_version'])
    .where('catalog_id', '=', change.view.catalog_id)
    .where('write_key', '=', write_key)
    .where('status', '=', 'OPEN')
    // By the clock that sessions expire by: commits are later than it after it was set back.
    .where('expires_at_ns', '>', change.now_ns)
    .where('namespace', '=', input.namespace)
    .where('table_name', '=', input.table)
    .where('mode', '=', input.mode)
    .where('format', '=', input.format)
    .where('transaction_id', change.transaction_id === null ? 'is' : '=', change.transaction_id)
    .execute();
  return found.find(({ owner_key }) => owner_key === (input.owner_key ?? null))?.session_id ?? null;
}

interface Draft {
  input: Input;
  target: Target;
  root: DataRoot;
  create_if_missing: CreateIfMissing | null;
}

function draftSession(change: Change, { input, target, root, create_if_missing }: Draft): Session {
  const { context, now_ns } = change;
  const session_id = context.newId();
  const table_id = target.table?.table.table_id ?? null;
  return {
    session_id,
    catalog_id: change.view.catalog_id,
    namespace: input.namespace,
    table_name: input.table,
    table_id: target.version ? table_id : null,
    table_version_id: target.version?.table_version_id ?? null,
    table_version: input.table_version ?? null,
    status: 'OPEN',
    session_version: 1,
    mode: input.mode,
    format: input.format,
    data_root: root.name,
    data_dir: folderFor(root, { table_id, id: session_id }),
    write_key: input.write_key ?? null,
    owner_key: input.owner_key ?? null,
    allow_external_entries: input.allow_external_entries ?? false,
    create_if_missing,
    opened_seq: change.view.seq,
    opened_schema_id: target.version?.schema_id ?? null,
    opened_scheme_id: target.version && schemeId(target.version),
    created_at_ns: now_ns,
    expires_at_ns: change.transaction_id === null ? now_ns + context.config.write_session_ttl_ns : NEVER_NS,
    heartbeat_at_ns: now_ns,
    transaction_id: change.transaction_id,
    commit_operation_id: null,
    payload_hash: null,
    result: null,
    abort_reason: null,
  };
}
