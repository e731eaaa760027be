import type { SchemaField } from '@deltacat/contract';
import { arrowSchema, serializeSchema } from '@deltacat/io-core';
import type { Queries } from '../db/database.ts';
import type { DeltaInView } from '../snapshots/deltas.ts';
import type { ManifestFile } from '../snapshots/files.ts';
import { schemasById } from '../snapshots/versions.ts';
import type { SelectedDelta } from './prune.ts';
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

/** Finds the schemas that the files of some deltas name. */
export async function findSchemas(
  queries: Queries,
  target: ReadTarget,
  page: { deltas: SelectedDelta[]; files: Map<string, ManifestFile[]> },
): Promise<PlanSchemas> {
  const used = new Map<string, { schema_id: number; columns: string[] | null }>();
  for (const delta of page.deltas) {
    for (const { schema_id } of page.files.get(delta.manifest_id) ?? []) {
      if (schema_id === null) continue;
      const deleting = deleteSchemaId(delta, schema_id);
      const columns = deleting === null ? null : (delta.entry_params?.equality_field_locators ?? null);
      used.set(deleting ?? String(schema_id), { schema_id, columns });
    }
  }
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
