import { insertRows } from '../db/insert.ts';
import { prepared } from '../db/prepared.ts';
import { recordEvents } from '../events/outbox.ts';
import type { Head } from '../snapshots/head.ts';
import type { Change } from './change.ts';

/** What the commit log says of a commit, beside what it touched. */
export interface CommitFacts {
  operation: string;
  message: string | null;
  author: string | null;
  /** The transaction whose commit it is. */
  transaction_id?: string;
}

const moveHead = prepared((queries, to: Head & { catalog_id: string }) =>
  queries
    .updateTable('catalogs')
    .set({ head_seq: to.seq, head_at_ns: to.at_ns, definitions_id: to.definitions_id })
    .where('catalog_id', '=', to.catalog_id),
);

/** Writes a commit down, with its change-set and its events, and moves the head of the catalog to it. */
export async function recordCommit(change: Change, facts: CommitFacts): Promise<void> {
  const { queries, catalog, seq, at_ns, touches } = change;
  const { catalog_id } = catalog;
  const { operation, message, author, transaction_id = null } = facts;
  const row = { catalog_id, seq, committed_at_ns: at_ns, author, message, operation, transaction_id };
  await insertRows(queries, 'commits', [row]);
  const rows = touches.map(({ object_id, kind, partition_id = null }) => ({
    ...{ catalog_id, object_id, seq, kind, partition_id },
  }));
  await insertRows(queries, 'touches', rows);
  const events = [{ kind: 'commit', payload: { operation } }, ...change.events];
  await recordEvents(queries, { catalog_id, seq, at_ns, events });
  await moveHead(queries, { catalog_id, ...change.nextHead() });
}
