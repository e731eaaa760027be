import type { DataFile, DeltaType, PartitionValue, ReadPlan, ScanTask, SchemaField } from '@deltacat/contract';
import { writeRows } from '../write.ts';

/** Rows by position: one value per column. */
export type Rows = unknown[][];

/** A delta to be written: its files, in their order, and what it does. */
export interface DeltaRows {
  type: DeltaType;
  pos: number;
  files: Rows[];
  /** The columns of its files; all of the schema when left out. */
  columns?: string[];
  /** Types that its files have in place of the table's, by column. */
  types?: Record<string, string>;
  delete_keys?: string[];
  partition_values?: PartitionValue[];
  partition_id?: string;
}

/** A table to be written as deltas, and what its plan says of it. */
export interface DeltaTable {
  folder: string;
  fields: SchemaField[];
  merge_keys: string[];
  deltas: DeltaRows[];
}

/** Writes each delta's files and answers the plan that reads them, merging. Deltas are in the order of their positions. */
export async function planDeltas({ folder, fields, merge_keys, deltas }: DeltaTable): Promise<ReadPlan> {
  const tasks: ScanTask[] = [];
  for (const delta of deltas.toSorted((a, b) => a.pos - b.pos)) {
    const written = fields
      .filter(({ name }) => delta.columns?.includes(name) ?? true)
      .map((field) => ({ ...field, type: delta.types?.[field.name] ?? field.type }));
    const files: DataFile[] = [];
    for (const rows of delta.files) if (rows.length > 0) files.push(await writeFile(folder, written, rows));
    tasks.push({
      delta_type: delta.type,
      stream_position: BigInt(delta.pos),
      partition_values: delta.partition_values ?? null,
      partition_id: delta.partition_id ?? null,
      entry_params: delta.delete_keys ? { equality_field_locators: delta.delete_keys } : null,
      files,
    });
  }
  const files = tasks.flatMap((task) => task.files);
  return {
    namespace: 'test',
    table: 'deltas',
    content_type: 'parquet',
    requires_mor: true,
    total_files: files.length,
    total_records: 0,
    total_bytes: 0,
    returned_files: files.length,
    truncated: false,
    scan_tasks: tasks,
    merge_keys,
    schema: fields,
  };
}

async function writeFile(folder: string, fields: SchemaField[], rows: Rows): Promise<DataFile> {
  const objects = rows.map((row) => Object.fromEntries(fields.map(({ name }, index) => [name, row[index] ?? null])));
  const [entry] = await writeRows(objects, { data_dir: folder, schema: fields });
  if (entry === undefined) throw new Error('no file was written');
  return {
    path: entry.path,
    content_type: 'parquet',
    content_encoding: 'identity',
    content_length: entry.content_length ?? 0,
    record_count: entry.record_count ?? 0,
  };
}
