import { type Selectable, sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import type { TotalsRow } from '../db/tables.ts';
import { NO_FINGERPRINT } from './fingerprint.ts';
import type { View } from './view.ts';

/** Totals of what a view shows of a version. */
export type Totals = Pick<Selectable<TotalsRow>, 'total_records' | 'total_bytes' | 'total_files' | 'delta_count'>;

/** Of what deltas totals are made. */
export interface Composition {
  upsert_count: number;
  delete_count: number;
  rewrite_count: number;
  /** The fingerprint of their manifests. */
  fingerprint: string;
}

/** Totals as a commit keeps them; `composition` is null where nobody has counted it. */
export interface KeptTotals {
  totals: Totals;
  composition: Composition | null;
}

/** Totals of a version without data. */
export const NO_TOTALS: Totals = { total_records: 0, total_bytes: 0, total_files: 0, delta_count: 0 };

/** Of what those are made. */
export const NO_COMPOSITION: Composition = {
  ...{ upsert_count: 0, delete_count: 0, rewrite_count: 0 },
  fingerprint: NO_FINGERPRINT,
};

/** What the newest commit up to a number keeps of a version. */
export async function keptTotals(queries: Queries, of: { table_version_id: string; seq: number }): Promise<KeptTotals> {
  const [row] = (await selectKept(queries, of)).rows;
  if (!row) return { totals: NO_TOTALS, composition: NO_COMPOSITION };
  const { upsert_count, delete_count, rewrite_count, fingerprint, ...totals } = row;
  if (upsert_count === null || delete_count === null || rewrite_count === null || fingerprint === null) {
    return { totals, composition: null };
  }
  return { totals, composition: { upsert_count, delete_count, rewrite_count, fingerprint } };
}

/** Totals of a version in a view, from one row whatever its history; in a transaction with what that has changed. */
export async function totalsOf(queries: Queries, view: View, table_version_id: string): Promise<Totals> {
  const { transaction_id, seq } = view;
  const { totals: committed } = await keptTotals(queries, { table_version_id, seq });
  if (transaction_id === undefined) return committed;
  const of = { transaction_id, table_version_id };
  const own = await sumDeltas(queries, of, 'uncommitted');
  if (await isRestarted(queries, of)) return own;
  const ended = await sumDeltas(queries, of, 'ended');
  return sumTotals(committed, own, ended);
}

/** Totals with some added and others taken away. */
export function sumTotals(totals: Totals, added: Totals, removed: Totals = NO_TOTALS): Totals {
  return {
    total_records: totals.total_records + added.total_records - removed.total_records,
    total_bytes: totals.total_bytes + added.total_bytes - removed.total_bytes,
    total_files: totals.total_files + added.total_files - removed.total_files,
    delta_count: totals.delta_count + added.delta_count - removed.delta_count,
  };
}

interface InTransaction {
  transaction_id: string;
  table_version_id: string;
}

/** Whether a transaction replaced everything in a version. */
async function isRestarted(queries: Queries, of: InTransaction): Promise<boolean> {
  const row = await queries
    .selectFrom('endings')
    .innerJoin('streams', 'streams.row_id', 'endings.row_id')
    .select('streams.row_id')
    .where('endings.transaction_id', '=', of.transaction_id)
    .where('endings.table_name', '=', 'streams')
    .where('streams.table_version_id', '=', of.table_version_id)
    .executeTakeFirst();
  return row !== undefined;
}

async function sumDeltas(queries: Queries, of: InTransaction, which: 'uncommitted' | 'ended'): Promise<Totals> {
  const query = selectSums(queries).where('deltas.table_version_id', '=', of.table_version_id);
  const wanted =
    which === 'uncommitted'
      ? query.where('deltas.from_seq', 'is', null).where('deltas.transaction_id', '=', of.transaction_id)
      : query
          .innerJoin('endings', 'endings.row_id', 'deltas.row_id')
          .where('endings.transaction_id', '=', of.transaction_id)
          .where('endings.table_name', '=', 'deltas');
  return toTotals(await wanted.executeTakeFirstOrThrow());
}

/** Sums over deltas, to be narrowed; those over none are null. */
export function selectSums(queries: Queries) {
  return queries
    .selectFrom('deltas')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .select(({ fn }) => [
      fn.sum<number | null>('manifests.record_count').as('total_records'),
      fn.sum<number | null>('manifests.content_length').as('total_bytes'),
      fn.sum<number | null>('manifests.file_count').as('total_files'),
      fn.countAll<number>().as('delta_count'),
    ]);
}

/** Sums as totals. */
export function toTotals(sums: { [K in keyof Totals]: Totals[K] | null }): Totals {
  const { total_records, total_bytes, total_files, delta_count } = sums;
  return {
    total_records: total_records ?? 0,
    total_bytes: total_bytes ?? 0,
    total_files: total_files ?? 0,
    delta_count: delta_count ?? 0,
  };
}

const selectKept = prepared((queries, of: { table_version_id: string; seq: number }) =>
  queries
    .selectFrom('totals')
    .select(['total_records', 'total_bytes', 'total_files', 'delta_count'])
    .select(['upsert_count', 'delete_count', 'rewrite_count', 'fingerprint'])
    .where('table_version_id', '=', of.table_version_id)
    .where('from_seq', '<=', of.seq)
    .orderBy('from_seq', 'desc')
    // As a parameter it makes SQLite take three times as long.
    .limit(sql.lit(1)),
);
