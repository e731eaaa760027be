import type { SchemaField } from '@deltacat/contract';
import { arrowSchema, type Inspection, serializeSchema } from '@deltacat/io-core';
import { FILE_SCHEMA_ID_MIN } from '../catalog/schema-revisions.ts';
import type { Change } from '../commits/change.ts';
import type { TableVersion } from '../snapshots/versions.ts';

/** A schema of the columns that a file has, where it lacks some of its table's. */
export interface FileSchema {
  fields: SchemaField[];
  serialized: string;
}

/**
 * The schema of its own that a file needs: null when it has all columns of its table. Readers that know which columns
 * are missing fill them; some fail on a file of keys alone when told the schema of whole rows.
 */
export function fileSchemaOf(file: NonNullable<Inspection['schema']>, table: SchemaField[]): FileSchema | null {
  const present = new Set(file.fields.map(({ name }) => name));
  const fields = table.filter(({ name }) => present.has(name));
  if (fields.length === table.length || fields.length === 0) return null;
  return { fields, serialized: serializeSchema(arrowSchema(fields)) };
}

/** Gives files' own schemas their ids in the table version; the same columns have the same id. */
export async function registerFileSchemas(
  change: Change,
  version: TableVersion,
  schemas: FileSchema[],
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  if (schemas.length === 0) return ids;
  const { table_version_id } = version;
  const known = await change.queries
    .selectFrom('schemas')
    .select(['schema_id', 'serialized'])
    .where('table_version_id', '=', table_version_id)
    .where('schema_id', '>=', FILE_SCHEMA_ID_MIN)
    .execute();
  for (const { serialized, schema_id } of known) ids.set(serialized, schema_id);
  let next = known.reduce((highest, { schema_id }) => Math.max(highest, schema_id), FILE_SCHEMA_ID_MIN - 1) + 1;
  for (const { serialized, fields } of schemas) {
    if (ids.has(serialized)) continue;
    const schema_id = next++;
    await change.queries.insertInto('schemas').values({ table_version_id, schema_id, fields, serialized }).execute();
    ids.set(serialized, schema_id);
  }
  return ids;
}
