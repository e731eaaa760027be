import { type ContentType, type DataFile, DeltacatError, type ReadPlan, type SchemaField } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import { executePlan } from '../../execute.ts';
import { inspectFile } from '../../inspect.ts';
import type { ExecuteOptions, PlanRows } from '../../plan-rows.ts';
import { arrowSchema, serializeSchema } from '../../schema/schema.ts';
import { openStorage } from '../../storage/open.ts';

/** A file of the folder of test data. */
export function testdata(name: string): string {
  return `${import.meta.dirname.replace(/testing$/, '')}testdata/${name}`;
}

/** A file as a plan lists it. */
export function dataFile(path: string, content_type: ContentType, facts: Partial<DataFile> = {}): DataFile {
  return { path, content_type, content_encoding: 'identity', content_length: 0, record_count: 0, ...facts };
}

/** The plan of some files, by the schema that is given. */
export function filesPlan(files: DataFile[], schema: Schema | SchemaField[]): ReadPlan {
  return {
    namespace: 'test',
    table: 'files',
    content_type: files[0]?.content_type ?? 'parquet',
    requires_mor: false,
    total_files: files.length,
    total_records: 0,
    total_bytes: 0,
    returned_files: files.length,
    truncated: false,
    scan_tasks: [{ files }],
    schema_serialized: serializeSchema(Array.isArray(schema) ? arrowSchema(schema) : schema),
  };
}

/** The rows of a file by the schema that it tells itself. */
export async function readFile(file: DataFile, options: ExecuteOptions = {}): Promise<PlanRows> {
  const { schema } = await inspectFile(file);
  if (schema === null) throw new Error(`${file.path} tells no schema`);
  return executePlan(filesPlan([file], schema), options);
}

/** Puts bytes in a file of their own and tells its path. */
export async function putFile(bytes: Uint8Array | string, name = 'file'): Promise<string> {
  const path = `memory://${crypto.randomUUID()}/${name}`;
  await openStorage(path).write(path, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
  return path;
}

/** What becomes of a read: its rows, or the typed refusal. Every other failure is thrown. */
export async function outcome(read: () => Promise<PlanRows>): Promise<Record<string, unknown>[] | DeltacatError> {
  try {
    return await (await read()).objects();
  } catch (error) {
    if (error instanceof DeltacatError) return error;
    throw error;
  }
}
