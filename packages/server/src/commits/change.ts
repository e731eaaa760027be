import type { Insertable } from 'kysely';
import type { ServerContext } from '../context.ts';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { insertRows } from '../db/insert.ts';
import type { Tables, VersionedTable } from '../db/tables.ts';
import type { OutboxEvent } from '../events/outbox.ts';
import type { Catalog } from '../roots/catalogs.ts';
import type { Head } from '../snapshots/head.ts';
import type { View } from '../snapshots/view.ts';
import { concurrentModification } from './conflicts.ts';
import { forgetUncommitted } from './forget.ts';
import type { Touch } from './touches.ts';

type Stamp = 'row_id' | 'from_seq' | 'to_seq' | 'transaction_id';

/** What a change is decided on. */
export interface ChangeState {
  queries: Queries;
  catalog: Catalog;
  head: Head;
  now_ns: bigint;
  /** The transaction that the change belongs to, and the commit whose state that sees; null for one of its own. */
  transaction: { transaction_id: string; base_seq: number } | null;
}

/**
 * One change being decided: it reads a state through `view` and writes rows. One of its own is decided on the head of its
 * catalog, and its rows carry the number that its commit will have. One in a transaction is decided on what that sees,
 * and leaves rows without a number and a list of rows that it ends: its transaction alone sees either until its commit.
 */
export class Change {
  readonly context: ServerContext;
  readonly queries: Queries;
  readonly catalog: Catalog;
  /** The state that the decision reads. */
  readonly view: View;
  /** The id of the head's namespaces, tables and versions. */
  readonly definitions_id: string;
  /** The number that the commit will have; in a transaction only its own commit gives one. */
  readonly seq: number;
  /** The store's time while deciding. It may lie before commits that were made ere its clock was set back. */
  readonly now_ns: bigint;
  /** When it will have been committed: later than every commit before it. */
  readonly at_ns: bigint;
  /** The transaction that it belongs to; null for a commit of its own. */
  readonly transaction_id: string | null;
  readonly touches: Touch[] = [];
  readonly events: OutboxEvent[] = [];
  #changesDefinitions = false;

  constructor(context: ServerContext, { queries, catalog, head, now_ns, transaction }: ChangeState) {
    const { catalog_id } = catalog;
    this.context = context;
    this.queries = queries;
    this.catalog = catalog;
    this.transaction_id = transaction?.transaction_id ?? null;
    this.view = transaction ? { catalog_id, ...viewed(transaction) } : { catalog_id, seq: head.seq };
    this.definitions_id = head.definitions_id;
    this.seq = head.seq + 1;
    this.now_ns = now_ns;
    this.at_ns = now_ns > head.at_ns ? now_ns : head.at_ns + 1n;
  }

  /** Whether nothing was changed; then no commit is made. */
  get isEmpty(): boolean {
    return this.touches.length === 0;
  }

  /** The state that shows what the change has written so far. */
  get written(): View {
    return this.transaction_id === null ? { ...this.view, seq: this.seq } : this.view;
  }

  /** Where the change stands in the history of its catalog; nowhere when nothing was changed, or not yet. */
  get place(): { seq: number | null; committed_at_ns: bigint | null } {
    if (this.isEmpty || this.transaction_id !== null) return { seq: null, committed_at_ns: null };
    return { seq: this.seq, committed_at_ns: this.at_ns };
  }

  /** The head of the catalog once this is committed. */
  nextHead(): Head {
    const definitions_id = this.#changesDefinitions ? this.context.newId() : this.definitions_id;
    return { seq: this.seq, at_ns: this.at_ns, definitions_id };
  }

  /** Writes rows that become visible with this change. */
  async insert<T extends VersionedTable>(table: T, rows: Omit<Insertable<Tables[T]>, Stamp>[]): Promise<void> {
    this.note(table);
    const { transaction_id } = this;
    const stamp = { from_seq: transaction_id === null ? this.seq : null, to_seq: null, transaction_id };
    const stamped = rows.map((row) => ({ ...row, ...stamp }));
    // Rows of T with their stamp are insertable into T; the compiler cannot follow that through the type parameter.
    await insertRows(this.queries, table, stamped as unknown as Insertable<Tables[T]>[]);
  }

  /** Ends rows with this change; throws `concurrent_modification` when one of them is no longer there. */
  async end(table: VersionedTable, rowIds: number[]): Promise<void> {
    this.note(table);
    for (const chunk of chunks(rowIds)) {
      if (this.transaction_id === null) await this.#endNow(table, chunk);
      else await this.#endLater(table, chunk, this.transaction_id);
    }
  }

  async #endNow(table: VersionedTable, row_ids: number[]): Promise<void> {
    const result = await this.queries
      .updateTable(table)
      .set({ to_seq: this.seq })
      .where('row_id', 'in', row_ids)
      .where('to_seq', 'is', null)
      .where('from_seq', 'is not', null)
      .executeTakeFirst();
    if (Number(result.numUpdatedRows) !== row_ids.length) throw concurrentModification(`A row of ${table}`, null);
  }

  /** What the transaction wrote itself is gone at once: nobody else has ever seen it. Versions end only to be replaced. */
  async #endLater(table: VersionedTable, row_ids: number[], transaction_id: string): Promise<void> {
    await forgetUncommitted(this.queries, { transaction_id, table, row_ids, are_replaced: true });
    const committed = await this.queries.selectFrom(table).select('row_id').where('row_id', 'in', row_ids).execute();
    const endings = committed.map(({ row_id }) => ({ transaction_id, table_name: table, row_id }));
    await insertRows(this.queries, 'endings', endings);
  }

  /** Deltas are data; every other versioned row defines something. */
  note(table: VersionedTable): void {
    if (table !== 'deltas') this.#changesDefinitions = true;
  }

  /** Adds to the change-set. */
  touch(...touches: Touch[]): void {
    this.touches.push(...touches);
  }

  /** Leaves an event for a loop to act on, in the same durable step. */
  event(kind: string, payload: unknown): void {
    this.events.push({ kind, payload });
  }
}

function viewed({ transaction_id, base_seq }: { transaction_id: string; base_seq: number }) {
  return { transaction_id, seq: base_seq };
}
