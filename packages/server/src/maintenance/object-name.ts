import { sql } from 'kysely';
import type { Queries } from '../db/database.ts';

/** What an id of a finding is of. */
export type ObjectKind =
  | 'catalog'
  | 'namespace'
  | 'table'
  | 'table version'
  | 'stream'
  | 'partition'
  | 'manifest'
  | 'transaction'
  | 'write session';

/** An object that is found in another one: where, and by which column of its own. */
const PARENTS: Partial<Record<ObjectKind, { of: ObjectKind; from: string; id: string; parent: string }>> = {
  table: { of: 'namespace', from: 'tables', id: 'table_id', parent: 'namespace_id' },
  'table version': { of: 'table', from: 'table_versions', id: 'table_version_id', parent: 'table_id' },
  stream: { of: 'table version', from: 'streams', id: 'stream_id', parent: 'table_version_id' },
  partition: { of: 'table version', from: 'partitions', id: 'partition_id', parent: 'table_version_id' },
  manifest: { of: 'table version', from: 'manifests', id: 'manifest_id', parent: 'table_version_id' },
};

/** Objects that have names: the newest one tells. */
const NAMES: Partial<Record<ObjectKind, { from: string; id: string }>> = {
  namespace: { from: 'namespaces', id: 'namespace_id' },
  table: { from: 'tables', id: 'table_id' },
};

/** An object as people know it, with its id: `partition 0b… of shop.fruit`. What cannot be found is left out. */
export async function objectName(queries: Queries, kind: ObjectKind, id: string): Promise<string> {
  const path = await pathOf(queries, kind, id);
  return path === '' ? `${kind} ${id}` : `${kind} ${id} of ${path}`;
}

async function pathOf(queries: Queries, kind: ObjectKind, id: string): Promise<string> {
  const { of, from, id: column, parent = '' } = PARENTS[kind] ?? {};
  const above = of && from && column ? await lookUp(queries, { from, id: column, wanted: parent }, id) : null;
  const outer = of && above !== null ? await pathOf(queries, of, above) : '';
  const named = NAMES[kind];
  const name = named ? await lookUp(queries, { ...named, wanted: 'name' }, id) : null;
  return [outer, name ?? ''].filter((part) => part !== '').join('.');
}

async function lookUp(
  queries: Queries,
  { from, id, wanted }: { from: string; id: string; wanted: string },
  value: string,
): Promise<string | null> {
  const query = sql<{ found: string }>`select ${sql.ref(wanted)} as found from ${sql.table(from)}
    where ${sql.ref(id)} = ${value} order by ${sql.ref(id)} limit 1`;
  return (await query.execute(queries)).rows[0]?.found ?? null;
}
