import { DATA_CHANGE_KINDS } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { View } from '../snapshots/view.ts';

/** A commit as the log tells it. */
export interface LoggedCommit {
  seq: number;
  committed_at_ns: bigint;
  author: string | null;
  message: string | null;
  operation: string;
  transaction_id: string | null;
}

/** Which commits are wanted: so many before one, or the newest. */
export interface LogPage {
  before: number | null;
  limit: number;
}

/** The commits of a catalog up to a view, the newest first. */
export async function listCommits(queries: Queries, view: View, { before, limit }: LogPage): Promise<LoggedCommit[]> {
  return selectCommits(queries, view)
    .where('seq', '<=', before === null ? view.seq : Math.min(view.seq, before - 1))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute();
}

/**
 * The commits up to a view that touched one of some objects, the newest first. Each object is asked for by itself, because
 * its newest touches are the end of a range of an index: what is read follows the page, not the history.
 */
export async function listCommitsOf(
  queries: Queries,
  view: View,
  wanted: LogPage & { objects: string[] },
): Promise<LoggedCommit[]> {
  const { objects, before, limit } = wanted;
  const last = before === null ? view.seq : Math.min(view.seq, before - 1);
  const seqs = new Set<number>();
  for (const object_id of objects) {
    const rows = await queries
      .selectFrom('touches')
      .select('seq')
      .distinct()
      .where('object_id', '=', object_id)
      .where('seq', '<=', last)
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute();
    for (const { seq } of rows) seqs.add(seq);
  }
  const newest = [...seqs].sort((a, b) => b - a).slice(0, limit);
  const found: LoggedCommit[] = [];
  for (const some of chunks(newest)) {
    for (const row of await selectCommits(queries, view).where('seq', 'in', some).execute()) found.push(row);
  }
  return found.sort((a, b) => b.seq - a.seq);
}

function selectCommits(queries: Queries, { catalog_id }: View) {
  return queries
    .selectFrom('commits')
    .select(['seq', 'committed_at_ns', 'author', 'message', 'operation', 'transaction_id'])
    .where('catalog_id', '=', catalog_id);
}

/** What commits touched: objects, and of table versions how their data was changed. */
export interface Touched {
  /** The ids of the objects by commit. */
  objects: Map<number, Set<string>>;
  /** The kinds of data changes by commit and table version. */
  data: Map<number, Map<string, Set<string>>>;
}

const DATA_KINDS = new Set<string>(DATA_CHANGE_KINDS);

/** What some commits touched; of one with thousands of partitions, each object once. */
export async function readTouches(queries: Queries, catalog_id: string, seqs: number[]): Promise<Touched> {
  const touched: Touched = { objects: new Map(), data: new Map() };
  for (const some of chunks(seqs)) {
    const rows = await queries
      .selectFrom('touches')
      .select(['seq', 'object_id', 'kind'])
      .distinct()
      .where('catalog_id', '=', catalog_id)
      .where('seq', 'in', some)
      .execute();
    for (const row of rows) note(touched, row);
  }
  return touched;
}

function note({ objects, data }: Touched, { seq, object_id, kind }: { seq: number; object_id: string; kind: string }) {
  const ids = objects.get(seq) ?? new Set();
  objects.set(seq, ids.add(object_id));
  if (!DATA_KINDS.has(kind)) return;
  const ofCommit = data.get(seq) ?? new Map<string, Set<string>>();
  data.set(seq, ofCommit);
  const kinds = ofCommit.get(object_id) ?? new Set();
  ofCommit.set(object_id, kinds.add(kind));
}
