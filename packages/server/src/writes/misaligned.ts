import type { ContentType, SchemaField } from '@deltacat/contract';
import { fieldType, isDelimited, isReadHere, isTextFormat } from '@deltacat/io-core';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { ResolvedRead } from '../reads/plan.ts';

/** What a reader cannot do by itself with files, most of all with those that are older than the schema of their table. */
export interface Weaknesses {
  /**
   * Rows are merged, and the reader puts null where merged rows lack a column that has a default. What none of the files
   * has that it merges, a column or its wider type, its result lacks, and filters by that column fail. Of text files it
   * merges none.
   */
  merges: boolean;
  /** The reader cannot give the values of older structs the fields that they lack. */
  nests: boolean;
}

/**
 * The partitions of a read with files that the official readers would misread or fail on; they read everything else of an
 * earlier schema as it should be.
 */
export async function findMisaligned(
  queries: Queries,
  { target, deltas }: ResolvedRead,
  weaknesses: Weaknesses,
): Promise<Set<string>> {
  const found = new Set<string>();
  const { schema, version } = target;
  // A table that never changed has no older files, and what is not merged is read as it is.
  if (!schema || (schema.schema_id === 0 && !weaknesses.merges)) return found;
  const written = await schemasOfVersion(queries, version.table_version_id);
  const places = new Map(deltas.map((delta) => [delta.manifest_id, delta]));
  const merged = new Map<string, Set<number>>();
  for (const some of chunks([...places.keys()])) {
    const rows = await queries
      .selectFrom('files')
      .select(['manifest_id', 'schema_id', 'content_type'])
      .distinct()
      .where('manifest_id', 'in', some)
      .execute();
    for (const { manifest_id, content_type, ...row } of rows) {
      const schema_id = row.schema_id ?? schema.schema_id;
      const fields = written.get(schema_id);
      const place = places.get(manifest_id);
      if (!fields || !place) continue;
      const isMisread = isMisaligned(fields, schema.fields, { ...weaknesses, content_type });
      if (isMisread) found.add(place.partition_id);
      if (!weaknesses.merges || place.delta_type === 'delete') continue;
      // The reader fails on texts where it merges.
      if (isTextFormat(content_type)) found.add(place.partition_id);
      const ids = merged.get(place.partition_id) ?? new Set();
      // What cannot be written again is better read without a column than not at all.
      merged.set(place.partition_id, ids.add(isReadHere(content_type) ? schema_id : schema.schema_id));
    }
  }
  for (const [partition_id, ids] of merged) {
    const fields = [...ids].flatMap((id) => written.get(id) ?? []);
    if (!ids.has(schema.schema_id) && isOlder(fields, schema.fields)) found.add(partition_id);
  }
  return found;
}

/** Whether there is a column that none of those written is, or none in its type of today. */
function isOlder(written: SchemaField[], now: SchemaField[]): boolean {
  const known = new Set(written.map(({ name, type }) => `${type} ${name}`));
  return now.some(({ name, type }) => !known.has(`${type} ${name}`));
}

function isMisaligned(
  written: SchemaField[],
  now: SchemaField[],
  { merges, nests, content_type }: Weaknesses & { content_type: ContentType },
): boolean {
  // Readers take columns that are known by their place alone for those of the table as it is now.
  if (isDelimited(content_type)) {
    return written.length !== now.length || written.some(({ name }, place) => now[place]?.name !== name);
  }
  const known = new Map(written.map((field) => [field.name, field]));
  return now.some((field) => {
    const before = known.get(field.name);
    if (!before) return merges && hasPastDefault(field);
    return nests && before.type !== field.type && isNested(field);
  });
}

function hasPastDefault({ past_default }: SchemaField): boolean {
  return (past_default ?? null) !== null;
}

function isNested(field: SchemaField): boolean {
  return fieldType(field).children?.length > 0;
}

async function schemasOfVersion(queries: Queries, table_version_id: string): Promise<Map<number, SchemaField[]>> {
  const rows = await queries
    .selectFrom('schemas')
    .select(['schema_id', 'fields'])
    .where('table_version_id', '=', table_version_id)
    .execute();
  return new Map(rows.map(({ schema_id, fields }) => [schema_id, fields]));
}
