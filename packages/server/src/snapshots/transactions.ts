import { DeltacatError } from '@deltacat/contract';
import type { Selectable } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import type { TransactionRow } from '../db/tables.ts';
import { allCatalogs, type Catalog, catalogNamed } from '../roots/catalogs.ts';
import { type View, viewAt, viewHead } from './view.ts';

/** A transaction as it is stored. */
export type Transaction = Selectable<TransactionRow>;

/** How a call says what it belongs to; inside a transaction the catalog is that of the transaction. */
export interface Scoped {
  catalog?: string | null | undefined;
  transaction_id?: string | null | undefined;
  transaction_version?: number | null | undefined;
}

/** The transaction that a change belongs to, at the version that its caller has seen; null takes what is there. */
export interface SeenTransaction {
  transaction_id: string;
  transaction_version: number | null;
}

const selectTransaction = prepared((queries, of: { transaction_id: string }) =>
  queries.selectFrom('transactions').selectAll().where('transaction_id', '=', of.transaction_id),
);

/** The transaction of that id; null when there is none. */
export async function findTransaction(queries: Queries, transaction_id: string): Promise<Transaction | null> {
  const [row] = (await selectTransaction(queries, { transaction_id })).rows;
  return row ?? null;
}

/** What a change belongs to: its catalog, and its transaction. Throws `transaction_not_found`, `catalog_not_found`. */
export async function scopeOf(
  context: ServerContext,
  call: Scoped,
): Promise<{ catalog: Catalog; transaction: SeenTransaction | null }> {
  const { transaction_id } = call;
  if (transaction_id === null || transaction_id === undefined) {
    return { catalog: catalogNamed(context, call.catalog), transaction: null };
  }
  const { catalog } = await requireTransaction(context, { transaction_id, catalog: call.catalog });
  return { catalog, transaction: { transaction_id, transaction_version: call.transaction_version ?? null } };
}

/** The transaction of that id with its catalog. Throws `transaction_not_found`, also for one of another catalog. */
export async function requireTransaction(
  context: ServerContext,
  named: { transaction_id: string; catalog?: string | null | undefined },
): Promise<{ catalog: Catalog; transaction: Transaction }> {
  const { transaction_id } = named;
  const wanted = named.catalog ? catalogNamed(context, named.catalog) : null;
  const transaction = await findTransaction(context.db.reader, transaction_id);
  const catalog = allCatalogs(context).find(({ catalog_id }) => catalog_id === transaction?.catalog_id);
  if (transaction && catalog && (!wanted || wanted.catalog_id === catalog.catalog_id)) return { catalog, transaction };
  const where = wanted ? ` in catalog "${wanted.name}"` : '';
  throw new DeltacatError(
    'transaction_not_found',
    `Transaction "${transaction_id}" does not exist${where}. Open one with create_transaction.`,
    { transaction_id },
  );
}

/** What a call reads: the newest state of its catalog, that of a time, or what its transaction sees. */
export async function viewOf(context: ServerContext, call: Reading): Promise<ReadScope> {
  const { transaction_id, catalog: name, as_of } = call;
  const isTimed = as_of !== null && as_of !== undefined;
  if (transaction_id === null || transaction_id === undefined) {
    const catalog = catalogNamed(context, name);
    const { catalog_id } = catalog;
    const view = await (isTimed ? viewAt(context, catalog_id, as_of) : viewHead(context.db.reader, catalog_id));
    return { catalog, view, transaction: null };
  }
  const { catalog, transaction } = await requireTransaction(context, { transaction_id, catalog: name });
  if (isTimed) throw timedTwice(transaction);
  refuseUnreadable(transaction, { now_ns: context.clock.nowNs(), version: call.transaction_version });
  return { catalog, view: transactionView(transaction), transaction };
}

/** A call that reads. */
export type Reading = Scoped & { as_of?: bigint | null | undefined };

/** What a call reads, and of which catalog. */
export interface ReadScope {
  catalog: Catalog;
  view: View;
  transaction: Transaction | null;
}

/** The state that a transaction sees: that of a commit, and its own changes unless it only reads. */
export function transactionView({ catalog_id, base_seq, as_of_ns, transaction_id }: Transaction): View {
  const view = { catalog_id, seq: base_seq };
  return as_of_ns === null ? { ...view, transaction_id } : view;
}

/** The transaction of a call that reads was given a time of its own already, or none. */
function timedTwice({ transaction_id }: Transaction): DeltacatError {
  return new DeltacatError(
    'invalid_request',
    `as_of cannot be given inside transaction "${transaction_id}", which sees one state. Open a transaction with that as_of instead.`,
    { transaction_id },
  );
}

/** A reader may be behind the changes of its transaction, never ahead of them. */
function refuseUnreadable(
  transaction: Transaction,
  seen: { now_ns: bigint; version: number | null | undefined },
): void {
  refuseClosed(transaction, seen.now_ns);
  if ((seen.version ?? 0) > transaction.transaction_version) throw versionMismatch(transaction, seen.version ?? 0);
}

const WHAT_TO_DO: Record<Exclude<Transaction['status'], 'RUNNING'>, string> = {
  COMMITTED: 'Its changes are visible already; open a new one for further changes.',
  ABORTED: 'Nothing of it is visible; open a new one and repeat its changes.',
  EXPIRED: 'It had no heartbeat in time, and nothing of it is visible; open a new one and repeat its changes.',
};

/** Refuses a transaction that is over, or whose time has run out. */
export function refuseClosed(transaction: Transaction, now_ns: bigint): void {
  const { transaction_id, abort_reason } = transaction;
  const isDue = transaction.status === 'RUNNING' && transaction.expires_at_ns <= now_ns;
  const status = isDue ? 'EXPIRED' : transaction.status;
  if (status === 'RUNNING') return;
  const reason = status === 'ABORTED' && abort_reason ? ` (${abort_reason})` : '';
  const message = `Transaction "${transaction_id}" is ${status}${reason}. ${WHAT_TO_DO[status]}`;
  throw new DeltacatError('transaction_closed', message, { transaction_id, status });
}

/** The refusal of a call that was decided on another version of its transaction. */
export function versionMismatch(transaction: Transaction, sent: number): DeltacatError {
  const { transaction_id, transaction_version } = transaction;
  return new DeltacatError(
    'transaction_version_mismatch',
    `Transaction "${transaction_id}" is at version ${transaction_version}, not ${sent}: another call changed it. Read it again and decide anew.`,
    { transaction_id, transaction_version },
  );
}

/** Whether the transaction of a view has done something to an object; false for a view of committed states alone. */
export async function hasTouched(
  queries: Queries,
  view: View,
  of: { object_id: string; kind: string },
): Promise<boolean> {
  if (view.transaction_id === undefined) return false;
  const row = await queries
    .selectFrom('transaction_touches')
    .select('kind')
    .where('transaction_id', '=', view.transaction_id)
    .where('object_id', '=', of.object_id)
    .where('kind', '=', of.kind)
    .executeTakeFirst();
  return row !== undefined;
}
