import { DeltacatError } from '@deltacat/contract';
import type { Selectable, Updateable } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { WriteSessionRow } from '../db/tables.ts';
import { allCatalogs, type Catalog, catalogNamed } from '../roots/catalogs.ts';

/** When a session of a transaction expires by itself: never, because it lives and ends with that. */
export const NEVER_NS = 2n ** 63n - 1n;

/** A write session as it is stored. */
export type Session = Selectable<WriteSessionRow>;

/** A write session with the catalog that it writes to. */
export interface FoundSession {
  session: Session;
  catalog: Catalog;
}

/** How a caller names a session; the catalog is known from the session when it is left out. */
interface Named {
  session_id: string;
  catalog?: string | null | undefined;
}

/** The session of that id. One whose time has run out becomes EXPIRED by this look. Throws `write_session_not_found`. */
export async function requireSession(context: ServerContext, named: Named): Promise<FoundSession> {
  const wanted = named.catalog ? catalogNamed(context, named.catalog) : null;
  const session = await findSession(context.db.reader, named.session_id);
  const catalog = allCatalogs(context).find(({ catalog_id }) => catalog_id === session?.catalog_id);
  if (!session || !catalog || (wanted && wanted.catalog_id !== catalog.catalog_id)) {
    throw new DeltacatError(
      'write_session_not_found',
      `Write session "${named.session_id}" does not exist. Open one with create_write_session.`,
      { session_id: named.session_id },
    );
  }
  if (session.status !== 'OPEN' || session.expires_at_ns > context.clock.nowNs()) return { session, catalog };
  return { session: await expireSession(context, session), catalog };
}

/** The session of that id; null when there is none. */
async function findSession(queries: Queries, session_id: string): Promise<Session | null> {
  const row = await queries
    .selectFrom('write_sessions')
    .selectAll()
    .where('session_id', '=', session_id)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * Changes an open session in one statement, guarded by the version that the caller has seen and by its time to live.
 * Throws `write_session_closed` or `session_version_mismatch` when the guard does not hold.
 */
export async function changeSession(
  queries: Queries,
  now_ns: bigint,
  change: { session_id: string; session_version: number; set: Updateable<WriteSessionRow> },
): Promise<Session> {
  const { session_id, session_version, set } = change;
  const row = await queries
    .updateTable('write_sessions')
    .set({ ...set, session_version: session_version + 1 })
    .where('session_id', '=', session_id)
    .where('status', '=', 'OPEN')
    .where('session_version', '=', session_version)
    .where('expires_at_ns', '>', now_ns)
    .returningAll()
    .executeTakeFirst();
  if (row) return row;
  const session = await findSession(queries, session_id);
  if (!session) throw new Error(`write session ${session_id} is gone`);
  const hasExpired = session.status === 'OPEN' && session.expires_at_ns <= now_ns;
  refuseUnlessCurrent(hasExpired ? { ...session, status: 'EXPIRED' } : session, session_version);
  throw new Error(`write session ${session_id} is open at version ${session_version}, and could not be changed`);
}

const WHAT_TO_DO: Record<Exclude<Session['status'], 'OPEN'>, string> = {
  ATTACHED: 'It is finished with its transaction; commit or abort that.',
  COMMITTED: 'Its files are visible already; open a new session to write more.',
  ABORTED: 'Nothing of it is visible; open a new session and write again.',
  EXPIRED: 'It had no heartbeat in time, and nothing of it is visible; open a new session and write again.',
};

/** Refuses a session that is no longer open, or whose version is not the one that the caller has seen. */
export function refuseUnlessCurrent(session: Session, session_version: number): void {
  const { session_id, status } = session;
  const name = `Write session ${session_id} of table "${session.namespace}.${session.table_name}"`;
  if (status !== 'OPEN') {
    const message = `${name} is ${status}. ${WHAT_TO_DO[status]}`;
    throw new DeltacatError('write_session_closed', message, { session_id, status });
  }
  if (session.session_version === session_version) return;
  throw new DeltacatError(
    'session_version_mismatch',
    `${name} is at version ${session.session_version}, not ${session_version}: another call changed it. Read it again and decide anew.`,
    { session_id, session_version: session.session_version },
  );
}

/** Ends a session whose time has run out, unless a heartbeat came first; answers it as it is then. */
async function expireSession(context: ServerContext, session: Session): Promise<Session> {
  const { session_id } = session;
  return context.db.unit(session.catalog_id, async (queries, now_ns) => {
    await expireWhereDue(queries, now_ns, [session_id]);
    return (await findSession(queries, session_id)) ?? session;
  });
}

/** Ends those of some sessions whose time has run out, in one guarded statement; answers how many. */
export async function expireWhereDue(queries: Queries, now_ns: bigint, session_ids: string[]): Promise<number> {
  const result = await queries
    .updateTable('write_sessions')
    .set((row) => ({ status: 'EXPIRED', session_version: row('session_version', '+', 1) }))
    .where('session_id', 'in', session_ids)
    .where('status', '=', 'OPEN')
    .where('expires_at_ns', '<=', now_ns)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}
