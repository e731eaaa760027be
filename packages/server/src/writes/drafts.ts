import {
  canonicalJson,
  DeltacatError,
  type DeltaType,
  EMPTY_SCHEME_ID,
  type PartitionValue,
  type WriteEntry,
  type WriteMode,
} from '@deltacat/contract';
import { findMisfit, partitionOfFile } from '@deltacat/io-core';
import type { PartitionKey } from '../commits/partitions.ts';
import type { DeltaDraft, FileDraft } from '../commits/publish.ts';
import type { VerifiedFile } from './entries.ts';
import { type FileSchema, fileSchemaOf } from './file-schemas.ts';
import { MODES } from './modes.ts';
import { type Shape, schemeId } from './target.ts';

/** A file of a delta, with the schema of its own that it needs when it lacks columns of its table. */
export interface DraftedFile extends FileDraft {
  own_schema: FileSchema | null;
  /** Whether the file says which columns it has. */
  tells_columns: boolean;
}

/** A delta about to become visible, before its files know the ids of their schemas. */
export interface DraftedDelta extends DeltaDraft {
  files: DraftedFile[];
}

/**
 * Groups files into deltas: one for each partition, in the order in which the partitions first appear. Throws
 * `schema_mismatch` for a file whose columns are not rows of the table, `invalid_entry` for one that names a partition
 * or a scheme which the table does not have.
 */
export function draftDeltas(shape: Shape, mode: WriteMode, files: VerifiedFile[]): DraftedDelta[] {
  const delta_type = MODES[mode].delta_type(shape.merge_keys.length > 0);
  const drafts = new Map<string, DraftedDelta>();
  for (const file of files) {
    const entry_params = deleteColumns(shape, file.entry, { delta_type, path: file.path });
    const deletes_by = entry_params?.equality_field_locators ?? null;
    const partition = partitionOf(shape, file, { delta_type, deletes_by });
    refuseMisfit(shape, file, deletes_by);
    const key = canonicalJson([partition, entry_params]);
    const draft = drafts.get(key) ?? { delta_type, partition, entry_params, author: null, files: [] };
    draft.files.push(draftFile(shape, file));
    drafts.set(key, draft);
  }
  return [...drafts.values()];
}

/**
 * The partition that a file belongs to: the one it names, else the one that its statistics prove. A file that tells
 * neither is in a partition of its own, which no filter prunes; but rows that are merged or deleted by key must be in
 * theirs, because they only meet rows of the same partition.
 */
function partitionOf(
  shape: Shape,
  file: VerifiedFile,
  { delta_type, deletes_by }: { delta_type: DeltaType; deletes_by: string[] | null },
): PartitionKey {
  const { entry, path } = file;
  const scheme_id = schemeId(shape);
  const claimed = entry.partition_scheme_id ?? null;
  if (claimed !== null && String(claimed) !== scheme_id) {
    throw invalidEntry(
      path,
      `names the partition scheme "${claimed}", but table ${shape.name} is partitioned by "${scheme_id}". Open a new write session.`,
    );
  }
  const values: PartitionValue[] = entry.partition_values ?? [];
  const wanted = shape.partition_scheme?.keys.length ?? 0;
  if (values.length === wanted) return { scheme_id, partition_values: wanted === 0 ? null : values };
  if (values.length > 0) {
    throw invalidEntry(
      path,
      `has ${values.length} partition values, but the partition scheme of table ${shape.name} has ${wanted} keys.`,
    );
  }
  const partition_values = provenPartition(shape, file, deletes_by);
  if (partition_values === null && (delta_type === 'upsert' || delta_type === 'delete')) {
    throw invalidEntry(
      path,
      `has no partition_values, but table ${shape.name} is partitioned and rows are merged within a partition. Write one file for each partition and name its values.`,
    );
  }
  return { scheme_id, partition_values };
}

function provenPartition(
  { partition_scheme, fields }: Shape,
  file: VerifiedFile,
  deletes_by: string[] | null,
): PartitionValue[] | null {
  const sources = partition_scheme?.keys.flatMap(({ key }) => key) ?? [];
  // A file of keys may hold nulls for every other column: they prove nothing.
  if (deletes_by && !sources.every((column) => deletes_by.includes(column))) return null;
  return partition_scheme && fields && file.schema && partitionOfFile(partition_scheme, { ...file, fields });
}

function deleteColumns(
  shape: Shape,
  entry: WriteEntry,
  of: { delta_type: DeltaType; path: string },
): DeltaDraft['entry_params'] {
  const kind = (entry.entry_type ?? 'data').toLowerCase();
  if (of.delta_type !== 'delete') {
    if (kind === 'data') return null;
    throw invalidEntry(of.path, `has the entry_type "${kind}". Commit files of deleted keys with mode "delete".`);
  }
  if (kind !== 'data' && kind !== 'equality_delete') {
    throw invalidEntry(of.path, `has the entry_type "${kind}", which cannot be deleted by. Delete by key instead.`);
  }
  const columns = entry.entry_params?.equality_field_locators ?? [];
  if (columns.length === 0) return { equality_field_locators: shape.merge_keys };
  const known = new Set(shape.fields?.map(({ name }) => name));
  const unknown = columns.find((column) => !known.has(column));
  if (unknown === undefined) return { equality_field_locators: columns };
  throw invalidEntry(of.path, `deletes by the column "${unknown}", which table ${shape.name} does not have.`);
}

function refuseMisfit(shape: Shape, file: VerifiedFile, deletesBy: string[] | null): void {
  const { fields, merge_keys, name } = shape;
  if (!fields || !file.schema) return;
  const misfit = findMisfit({ ...file, schema: file.schema }, { fields, required: deletesBy });
  const columns = new Set(file.schema.fields.map((field) => field.name));
  const key = deletesBy ? undefined : merge_keys.find((column) => !columns.has(column));
  const reason =
    misfit ?? (key === undefined ? null : { column: key, reason: 'the file lacks it and it is a merge key' });
  if (!reason) return;
  throw new DeltacatError(
    'schema_mismatch',
    `${file.path} does not fit table ${name}: column "${reason.column}": ${reason.reason}. Write the file by the table's schema, or alter the table.`,
    { path: file.path, column: reason.column },
  );
}

function draftFile(shape: Shape, file: VerifiedFile): DraftedFile {
  const { entry, path, content_type, content_encoding, record_count, content_length, column_stats } = file;
  return {
    file_id: entry.id ?? null,
    path,
    content_type,
    content_encoding,
    record_count,
    content_length,
    source_content_length: entry.source_content_length ?? null,
    schema_id: null,
    sort_scheme_id: sortSchemeOf(shape, file),
    mandatory: entry.mandatory ?? true,
    column_stats,
    own_schema: file.schema && shape.fields ? fileSchemaOf(file.schema, shape.fields) : null,
    tells_columns: file.schema !== null,
  };
}

function sortSchemeOf(shape: Shape, { entry, path }: VerifiedFile): string | null {
  const claimed = entry.sort_scheme_id ?? null;
  if (claimed === null) return null;
  const known = [EMPTY_SCHEME_ID, ...shape.sort_scheme_ids];
  if (known.includes(String(claimed))) return String(claimed);
  throw invalidEntry(path, `names the sort scheme "${claimed}", which table ${shape.name} does not have.`);
}

function invalidEntry(path: string, what: string): DeltacatError {
  return new DeltacatError('invalid_entry', `${path} ${what}`, { path });
}
