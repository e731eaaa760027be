import {
  contentEncoding,
  contentType,
  type DataFile,
  DeltacatError,
  dataFile,
  type ReadPlan,
} from '@deltacat/contract';
import { type Field, Schema, Table } from 'apache-arrow';
import { describeFiles } from './describe-files.ts';
import { executePlan } from './execute.ts';
import type { ExecuteOptions, PlanRows } from './plan-rows.ts';
import { rowObjects } from './row-values.ts';
import { serializeSchema } from './schema/schema.ts';
import { ambientAccess } from './storage/access.ts';

/** The rows of a manifest table: as it was read, or as objects. */
export type ManifestRows = Table | Iterable<Record<string, unknown>>;

/**
 * A plan of the files that a manifest table lists, which needs a `path` column; other columns are used where they are there.
 * Its columns are those of the files, in the order in which they are first seen. Throws `invalid_request` for a table
 * without paths, `not_supported` for files that do not tell their columns, `invalid_entry` for delimited ones whose first line does not name them.
 */
export async function planManifest(manifest: ManifestRows, { access }: ExecuteOptions = {}): Promise<ReadPlan> {
  const rows = manifest instanceof Table ? manifest.batches.flatMap((batch) => rowObjects(batch)) : [...manifest];
  const files = rows.map(fileOf);
  const fields = new Map<string, Field>();
  const schemas_serialized_by_id: Record<string, string> = {};
  const described = await describeFiles(files, access ?? ambientAccess);
  for (const [index, { file, schema, record_count }] of described.entries()) {
    const { path } = file;
    if (schema === null) {
      throw new DeltacatError(
        'not_supported',
        `${path} does not tell its columns; read it through a table with a schema.`,
      );
    }
    // Not what the table says, which anybody may have made.
    file.record_count = record_count ?? file.record_count;
    // Text files are read by the schema that they were written by, each by its own.
    file.schema_id = String(index);
    schemas_serialized_by_id[index] = serializeSchema(schema);
    for (const field of schema.fields) if (!fields.has(field.name)) fields.set(field.name, field);
  }
  return { ...planOf(files, new Schema([...fields.values()])), schemas_serialized_by_id };
}

/** The rows of the files that a manifest table lists: see `planManifest`. */
export async function fromManifestTable(manifest: ManifestRows, options: ExecuteOptions = {}): Promise<PlanRows> {
  return executePlan(await planManifest(manifest, options), options);
}

function fileOf(row: Record<string, unknown>): DataFile {
  if (typeof row.path !== 'string') {
    throw new DeltacatError('invalid_request', 'A manifest table needs a text column "path" without nulls.');
  }
  return dataFile.parse({
    path: row.path,
    content_type: contentType.safeParse(row.meta_content_type).data,
    content_encoding: contentEncoding.safeParse(row.meta_content_encoding).data,
    content_length: Number(row.meta_content_length ?? 0),
    record_count: Number(row.meta_record_count ?? 0),
  });
}

function planOf(files: DataFile[], schema: Schema): ReadPlan {
  return {
    namespace: '',
    table: '',
    content_type: files[0]?.content_type ?? 'parquet',
    requires_mor: false,
    total_files: files.length,
    total_records: files.reduce((sum, { record_count }) => sum + record_count, 0),
    total_bytes: files.reduce((sum, { content_length }) => sum + content_length, 0),
    returned_files: files.length,
    truncated: false,
    scan_tasks: [{ files }],
    schema_serialized: serializeSchema(schema),
  };
}
