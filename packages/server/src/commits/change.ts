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
import type { Touch } from './touches.ts';

type Stamp = 'row_id' | 'from_seq' | 'to_seq' | 'transaction_id';

/**
 * One change being decided under the head of its catalog: it reads the head's state through `view`, and stamps what it
 * writes with the sequence number that the commit will have.
 */
export class Change {
  readonly context: ServerContext;
  readonly queries: Queries;
  readonly catalog: Catalog;
  /** The head's state: what the decision reads. */
  readonly view: View;
  /** The id of the head's namespaces, tables and versions. */
  readonly definitions_id: string;
  /** The number that the commit will have. */
  readonly seq: number;
  /** The store's time while deciding. It may lie before commits that were made ere its clock was set back. */
  readonly now_ns: bigint;
  /** When it will have been committed: later than every commit before it. */
  readonly at_ns: bigint;
  readonly touches: Touch[] = [];
  readonly events: OutboxEvent[] = [];
  #changesDefinitions = false;

  constructor(context: ServerContext, state: { queries: Queries; catalog: Catalog; head: Head; now_ns: bigint }) {
    const { queries, catalog, head, now_ns } = state;
    this.context = context;
    this.queries = queries;
    this.catalog = catalog;
    this.view = { catalog_id: catalog.catalog_id, seq: head.seq };
    this.definitions_id = head.definitions_id;
    this.seq = head.seq + 1;
    this.now_ns = now_ns;
    this.at_ns = now_ns > head.at_ns ? now_ns : head.at_ns + 1n;
  }

  /** Whether nothing was changed; then no commit is made. */
  get isEmpty(): boolean {
    return this.touches.length === 0;
  }

  /** The head of the catalog once this is committed. */
  nextHead(): Head {
    const definitions_id = this.#changesDefinitions ? this.context.newId() : this.definitions_id;
    return { seq: this.seq, at_ns: this.at_ns, definitions_id };
  }

  /** Writes rows that become visible with this commit. */
  async insert<T extends VersionedTable>(table: T, rows: Omit<Insertable<Tables[T]>, Stamp>[]): Promise<void> {
    this.#note(table);
    const stamp = { from_seq: this.seq, to_seq: null, transaction_id: null };
    const stamped = rows.map((row) => ({ ...row, ...stamp }));
    // Rows of T with their stamp are insertable into T; the compiler cannot follow that through the type parameter.
    await insertRows(this.queries, table, stamped as unknown as Insertable<Tables[T]>[]);
  }

  /** Ends rows with this commit; throws `concurrent_modification` when one of them is no longer there. */
  async end(table: VersionedTable, rowIds: number[]): Promise<void> {
    this.#note(table);
    for (const chunk of chunks(rowIds)) {
      const result = await this.queries
        .updateTable(table)
        .set({ to_seq: this.seq })
        .where('row_id', 'in', chunk)
        .where('to_seq', 'is', null)
        .where('from_seq', 'is not', null)
        .executeTakeFirst();
      if (Number(result.numUpdatedRows) !== chunk.length) throw concurrentModification(`A row of ${table}`, null);
    }
  }

  /** Deltas are data; every other versioned row defines something. */
  #note(table: VersionedTable): void {
    if (table !== 'deltas') this.#changesDefinitions = true;
  }

  /** Adds to the commit's change-set. */
  touch(...touches: Touch[]): void {
    this.touches.push(...touches);
  }

  /** Leaves an event for a loop to act on, in the same durable step. */
  event(kind: string, payload: unknown): void {
    this.events.push({ kind, payload });
  }
}
