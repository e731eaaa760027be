import { type ContentType, DeltacatError } from '@deltacat/contract';
import type { Inspection } from './formats/capability.ts';
import { FORMATS } from './formats/format.ts';
import { ambientAccess, type StorageAccess } from './storage/access.ts';

/** A file to look at. */
export interface InspectInput {
  path: string;
  content_type: ContentType;
  access?: StorageAccess;
}

/**
 * What can be known of a file without reading its data. Formats that keep no record of themselves tell their size only.
 * Throws `invalid_entry` when the file is missing, or is not of the format it is said to be.
 */
export async function inspectFile({ path, content_type, access = ambientAccess }: InspectInput): Promise<Inspection> {
  const inspect = FORMATS[content_type].inspect;
  if (inspect !== undefined) return inspect(path, access);
  const size_bytes = await access.open(path).size(path);
  if (size_bytes === null) throw new DeltacatError('invalid_entry', `There is no file ${path}.`, { path });
  return { record_count: null, size_bytes, schema: null, column_stats: null };
}

/** Whether files of a format say which columns were written, so that `inspectFile` tells a table's. */
export function tellsColumns(content_type: ContentType): boolean {
  return FORMATS[content_type].tells_columns ?? false;
}

/** Whether rows of files of a format can be read here, and so written again. */
export function isReadHere(content_type: ContentType): boolean {
  return FORMATS[content_type].scan !== undefined;
}
