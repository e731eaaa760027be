import type { ColumnStats, SchemaField } from '@deltacat/contract';
import { type fieldType, isWithin } from '@deltacat/io-core';
import type { Queries } from '../db/database.ts';
import type { ManifestStats } from '../db/tables.ts';
import { listDeltas } from '../snapshots/deltas.ts';
import { readAllStats, readFiles } from '../snapshots/files.ts';
import { schemasById, type TableVersion } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';

/** A column of whole numbers that becomes one of floats, which do not hold them all. */
export interface Rounding {
  column: string;
  from: ReturnType<typeof fieldType>;
  to: ReturnType<typeof fieldType>;
}

/** How many manifests are looked at together. */
const MANIFESTS_AT_ONCE = 100;

/** The first of some columns in which a visible file may hold a number that would be rounded; null when none does. */
export async function findRounded(
  queries: Queries,
  view: View,
  { version, rounding }: { version: TableVersion; rounding: Rounding[] },
): Promise<Rounding | null> {
  if (rounding.length === 0) return null;
  const { stream_id, table_version_id } = version;
  const ids = (await listDeltas(queries, view, { stream_id })).map(({ manifest_id }) => manifest_id);
  const schemas = new Map<number, SchemaField[]>();
  for (let at = 0; at < ids.length; at += MANIFESTS_AT_ONCE) {
    const some = ids.slice(at, at + MANIFESTS_AT_ONCE);
    const stats = await readAllStats(queries, some);
    for (const [manifest_id, files] of await readFiles(queries, some)) {
      const unknown = files.flatMap(({ schema_id }) => (schema_id === null || schemas.has(schema_id) ? [] : schema_id));
      for (const [id, { fields }] of await schemasById(queries, table_version_id, [...new Set(unknown)])) {
        schemas.set(id, fields);
      }
      for (const [ordinal, { schema_id, record_count }] of files.entries()) {
        const fields = schema_id === null ? undefined : schemas.get(schema_id);
        const file = { fields, record_count, stats: stats.get(manifest_id) ?? {}, ordinal };
        const found = rounding.find((one) => !isExact(one, file));
        if (found) return found;
      }
    }
  }
  return null;
}

interface FileFacts {
  /** The columns that the file may have; undefined where nobody knows. */
  fields: SchemaField[] | undefined;
  record_count: number;
  stats: ManifestStats;
  ordinal: number;
}

function isExact({ column, from, to }: Rounding, { fields, record_count, stats, ordinal }: FileFacts): boolean {
  if (record_count === 0 || fields?.every(({ name }) => name !== column)) return true;
  const known = stats[column];
  if (!known) return false;
  const null_count = known.null_count[ordinal] ?? null;
  if (null_count !== null && null_count >= record_count) return true;
  const bounds: ColumnStats = { min: known.min[ordinal] ?? null, max: known.max[ordinal] ?? null };
  return isWithin(from, to, bounds);
}
