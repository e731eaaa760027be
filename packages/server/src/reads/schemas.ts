import type { ScanTask, SchemaField } from '@deltacat/contract';
import { arrowSchema, serializeSchema } from '@deltacat/io-core';
import type { Queries } from '../db/database.ts';
import type { DeltaInView } from '../snapshots/deltas.ts';
import { schemasById } from '../snapshots/versions.ts';
import type { ReadTarget } from './target.ts';

/** The schemas that the files of a plan name, as fields and serialized. */
export interface PlanSchemas {
  schemas_by_id: Record<string, SchemaField[]>;
  schemas_serialized_by_id: Record<string, string>;
}

/**
 * The schema that a file of deletes goes by: just the columns by which it deletes, whatever else it holds. A reader that
 * took it for a file with every column would filter it by columns which it lacks, or which hold nothing there. Null for
 * files of data, which go by the schema of their table.
 */
export function deleteSchemaId(delta: DeltaInView, schema_id: number | null): string | null {
  if (delta.delta_type !== 'delete' || schema_id === null) return null;
  const columns = delta.entry_params?.equality_field_locators ?? [];
  return columns.length === 0 ? null : `${schema_id}:${JSON.stringify(columns)}`;
}

/** The schemas that the files of tasks name, by their names there. */
export type SchemasNamed = Map<string, { schema_id: number; columns: string[] | null }>;

/** Notes the schemas that the files of a task name. */
export function noteSchemas(used: SchemasNamed, { files, entry_params }: ScanTask): void {
  for (const { schema_id } of files) {
    if (schema_id === null || schema_id === undefined) continue;
    const isDeleting = typeof schema_id === 'string';
    const columns = isDeleting ? (entry_params?.equality_field_locators ?? null) : null;
    used.set(String(schema_id), { schema_id: isDeleting ? Number.parseInt(schema_id, 10) : schema_id, columns });
  }
}

/** Finds schemas that were named. */
export async function findSchemas(queries: Queries, target: ReadTarget, used: SchemasNamed): Promise<PlanSchemas> {
  const ids = [...new Set([...used.values()].map(({ schema_id }) => schema_id))];
  const known = await schemasById(queries, target.version.table_version_id, ids);
  const found: PlanSchemas = { schemas_by_id: {}, schemas_serialized_by_id: {} };
  for (const [id, { schema_id, columns }] of used) {
    const schema = known.get(schema_id);
    if (!schema) continue;
    const fields = columns ? schema.fields.filter(({ name }) => columns.includes(name)) : schema.fields;
    found.schemas_by_id[id] = fields;
    found.schemas_serialized_by_id[id] = columns ? serializeSchema(arrowSchema(fields)) : schema.serialized;
  }
  return found;
}
