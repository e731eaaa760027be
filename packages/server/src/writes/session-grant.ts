import type { WriteSessionAnswer } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { dataRootsOf, describeRoots, isOnS3 } from '../roots/data-roots.ts';
import { describeBindings, envelopeFor } from '../roots/envelope.ts';
import type { FoundSession } from './session.ts';

type Granted = Pick<
  WriteSessionAnswer,
  'root_id' | 'binding_id' | 'binding_revision' | 'available_roots' | 'available_storage_bindings' | 'credentials'
>;

/**
 * What the writer of an open session needs to put files on S3: the root of its folder, its binding, and credentials that
 * reach this folder alone. One that may register files of other places is told of every root, without keys of them.
 */
export async function grantSession(
  context: ServerContext,
  { session, catalog }: FoundSession,
): Promise<Partial<Granted>> {
  const isRemote = isOnS3(session.data_dir);
  if (!isRemote && !session.allow_external_entries) return {};
  const { by_name } = await dataRootsOf(context.db.reader, catalog);
  const remote = [...by_name.values()].filter(({ binding }) => binding !== null);
  if (remote.length === 0) return {};
  const told = { available_roots: describeRoots(remote), available_storage_bindings: describeBindings(remote) };
  const root = by_name.get(session.data_root);
  if (!isRemote || !root?.binding) return told;
  const { binding, root_id } = root;
  const place = { root: { ...root, binding }, prefixes: [session.data_dir] };
  const { credentials } = await envelopeFor(context, 'write', [place]);
  const { binding_id, binding_revision } = binding;
  return { ...told, root_id, binding_id, binding_revision, credentials };
}

/** New credentials of the open sessions of a transaction, by session; null when none of them needs any. */
export async function regrantSessions(
  context: ServerContext,
  of: { catalog: FoundSession['catalog']; transaction_id: string },
): Promise<Record<string, unknown> | null> {
  const granted: [string, unknown][] = [];
  for (const session of await openSessions(context.db.reader, of.transaction_id)) {
    if (!isOnS3(session.data_dir)) continue;
    const { credentials } = await grantSession(context, { session, catalog: of.catalog });
    if (credentials) granted.push([session.session_id, credentials]);
  }
  return granted.length > 0 ? Object.fromEntries(granted) : null;
}

function openSessions(queries: Queries, transaction_id: string): Promise<FoundSession['session'][]> {
  return queries
    .selectFrom('write_sessions')
    .selectAll()
    .where('transaction_id', '=', transaction_id)
    .where('status', '=', 'OPEN')
    .execute();
}
