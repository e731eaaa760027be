import { isAbsolute, matchesGlob, resolve } from 'node:path';
import { type ContentType, DeltacatError, type WriteEntry } from '@deltacat/contract';
import { inspectFile, openStorage, serializeSchema } from '@deltacat/io-core';

/** Files that exist already, ready to be committed where they are. */
export interface SourceFiles {
  entries: WriteEntry[];
  /** The schema of the first file, as the base64 of an Arrow IPC message; null where the format keeps none. */
  schema_serialized: string | null;
}

const GLOB = /[*?[\]{}]/;
/** How many footers are read at the same time. */
const INSPECTED_AT_ONCE = 32;

/**
 * The files that paths and globs name, looked at: `invalid_entry` when one is missing or a glob finds nothing. Relative
 * paths start at the working directory. A glob finds files in path order.
 */
export async function findSourceFiles(given: string | string[], content_type: ContentType): Promise<SourceFiles> {
  const found = await Promise.all([given].flat().map(expand));
  const paths = [...new Set(found.flat())];
  const entries: WriteEntry[] = [];
  let schema_serialized: string | null = null;
  for (let from = 0; from < paths.length; from += INSPECTED_AT_ONCE) {
    const batch = paths.slice(from, from + INSPECTED_AT_ONCE);
    const facts = await Promise.all(batch.map((path) => inspectFile({ path, content_type })));
    for (const [index, path] of batch.entries()) {
      const { record_count, size_bytes, schema } = facts[index] ?? {
        record_count: null,
        size_bytes: null,
        schema: null,
      };
      entries.push({ path, content_type, record_count, content_length: size_bytes });
      schema_serialized ??= schema === null ? null : serializeSchema(schema);
    }
  }
  return { entries, schema_serialized };
}

async function expand(given: string): Promise<string[]> {
  const path = isAbsolute(given) || given.includes('://') ? given : resolve(given);
  if (!GLOB.test(path) || (await openStorage(path).size(path)) !== null) return [path];
  const fixed = path.split('/');
  const folder = fixed
    .slice(
      0,
      fixed.findIndex((part) => GLOB.test(part)),
    )
    .join('/');
  const found: string[] = [];
  for await (const file of openStorage(path).list(folder)) if (matchesGlob(file.path, path)) found.push(file.path);
  if (found.length > 0) return found;
  throw new DeltacatError('invalid_entry', `No file matches ${given}.`, { path: given });
}
