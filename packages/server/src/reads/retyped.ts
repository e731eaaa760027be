import type { SchemaField } from '@deltacat/contract';
import { fieldType, isWidening } from '@deltacat/io-core';
import type { Queries } from '../db/database.ts';
import { BoundedCache } from '../snapshots/bounded-cache.ts';
import type { Schema } from '../snapshots/versions.ts';

const NONE: ReadonlySet<string> = new Set();

/** How many sets of columns are kept in memory; nearly all are empty. */
const SETS_CACHED_MAX = 100_000;

const known = new BoundedCache<ReadonlySet<string>>(SETS_CACHED_MAX);

/**
 * The columns that an earlier revision had as a type which does not widen to that of today. Bounds of their older files
 * are those of other values, such as of times that are texts now, and must drop none of them.
 */
export async function retypedColumns(queries: Queries, schema: Schema | null): Promise<ReadonlySet<string>> {
  if (!schema || schema.schema_id === 0) return NONE;
  const { table_version_id, schema_id, fields } = schema;
  const key = `${table_version_id} ${schema_id}`;
  const cached = known.get(key);
  if (cached) return cached;
  const earlier = await queries
    .selectFrom('schemas')
    .select('fields')
    .where('table_version_id', '=', table_version_id)
    .where('schema_id', '<', schema_id)
    .execute();
  const found = findRetyped(
    fields,
    earlier.map((revision) => revision.fields),
  );
  known.set(key, found, 1 + found.size);
  return found;
}

function findRetyped(fields: SchemaField[], revisions: SchemaField[][]): Set<string> {
  const now = new Map(fields.map((field) => [field.name, field]));
  const found = new Set<string>();
  for (const before of revisions.flat()) {
    const field = now.get(before.name);
    if (!field || field.type === before.type || found.has(field.name)) continue;
    if (!isWidening(fieldType(before), fieldType(field))) found.add(field.name);
  }
  return found;
}
