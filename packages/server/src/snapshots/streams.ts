import type { Selectable } from 'kysely';
import type { Queries } from '../db/database.ts';
import type { StreamRow } from '../db/tables.ts';
import { type View, visible } from './view.ts';

/** A stream as a view shows it. */
export type Stream = Selectable<StreamRow>;

/** The stream of a version in a view; null when the view has no such version. */
export async function findStream(queries: Queries, view: View, table_version_id: string): Promise<Stream | null> {
  const row = await queries
    .selectFrom('streams')
    .selectAll()
    .where('table_version_id', '=', table_version_id)
    .where(visible(view, 'streams'))
    .orderBy('from_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** A stream of a version by its id, whether it still holds the data or not; null when there was none by then. */
export async function findStreamById(
  queries: Queries,
  view: View,
  wanted: { table_version_id: string; stream_id: string },
): Promise<Stream | null> {
  const { table_version_id, stream_id } = wanted;
  const current = await findStream(queries, view, table_version_id);
  if (current?.stream_id === stream_id) return current;
  const replaced = await queries
    .selectFrom('streams')
    .selectAll()
    .where('stream_id', '=', stream_id)
    .where('table_version_id', '=', table_version_id)
    .where('from_seq', '<=', view.seq)
    .executeTakeFirst();
  return replaced ?? null;
}
