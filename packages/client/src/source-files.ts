import { isAbsolute, resolve } from 'node:path';
import { type ContentType, DeltacatError, type WriteEntry } from '@deltacat/contract';
import { describeFiles, findSources, isDelimited, serializeSchema } from '@deltacat/io-core';
import type { WriteSessionState } from './write-session.ts';

/** Files that exist already, ready to be committed where they are. */
export interface SourceFiles {
  content_type: ContentType;
  entries: WriteEntry[];
  /** The schema of the first file, as the base64 of an Arrow IPC message; null where the format keeps none. */
  schema_serialized: string | null;
  /** The names in the first lines of delimited files, by path. */
  headers: Map<string, string[]>;
}

/**
 * The files that paths, globs and folders name, looked at: `invalid_entry` when one is missing or nothing is found,
 * `invalid_request` for several formats. Relative paths start at the working directory.
 */
export async function findSourceFiles(given: string | string[], format: ContentType | undefined): Promise<SourceFiles> {
  const absolute = [given].flat().map((path) => (isAbsolute(path) || path.includes('://') ? path : resolve(path)));
  const { content_type, paths } = await findSources(absolute, { content_type: format ?? null });
  const found: SourceFiles = { content_type, entries: [], schema_serialized: null, headers: new Map() };
  const described = await describeFiles(paths.map((path) => ({ path, content_type })));
  for (const { file, record_count, size_bytes, schema } of described) {
    found.entries.push({ ...file, record_count, content_length: size_bytes });
    found.schema_serialized ??= schema === null ? null : serializeSchema(schema);
    if (isDelimited(content_type)) found.headers.set(file.path, schema?.fields.map(({ name }) => name) ?? []);
  }
  return found;
}

/** A first line is read as names only where it has all of the table's, in its order; else it would be read as a row. */
export function requireHeaders({ headers }: SourceFiles, { namespace, table, schema }: WriteSessionState): void {
  if (!schema) return;
  const wanted = schema.map(({ name }) => name);
  for (const [path, names] of headers) {
    if (names.length === wanted.length && names.every((name, index) => name === wanted[index])) continue;
    throw new DeltacatError(
      'schema_mismatch',
      `The first line of ${path} names ${names.join(', ')}; ${namespace}.${table} has ${wanted.join(', ')}. Give the file those columns in that order, or write its rows.`,
      { path },
    );
  }
}
