import {
  DeltacatError,
  SCHEMA_EVOLUTION_MODES,
  type SchemaEvolutionMode,
  type SchemaField,
  type WriteMode,
} from '@deltacat/contract';
import { fieldType, isWidening, typeAlias, widerType } from '@deltacat/io-core';
import { findRepartitioned } from '../catalog/alter-schema.ts';
import { findResurfacing, highestId, readRevisions, type SchemaRevisions } from '../catalog/schema-revisions.ts';
import { completeField, type DefinedSchema, defineRevision } from '../catalog/table-schema.ts';
import type { Queries } from '../db/database.ts';
import type { Properties } from '../db/tables.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import type { VerifiedFile } from './entries.ts';
import { type Shape, shapeWith } from './target.ts';

/** A schema that a write makes of the one that is there. */
export interface Evolution {
  schema: DefinedSchema;
  /** The schemas that it was made on; null for a table that the write makes. */
  after: SchemaRevisions | null;
}

/** What a write is about to add files to; `version` is null for a table that the write makes. */
interface Evolving {
  version: TableVersion | null;
  shape: Shape;
  properties: Properties;
  mode: WriteMode;
  files: VerifiedFile[];
}

/** Files with the shape that they are to be checked against. */
export interface Evolved {
  shape: Shape;
  files: VerifiedFile[];
  /** Null when the schema stays what it is. */
  evolution: Evolution | null;
}

/** Whether a write may change the schema of its table. Rows to delete tell keys; what else they have means nothing. */
export function evolutionMode({ schema_evolution_mode }: Properties, mode: WriteMode): SchemaEvolutionMode {
  if (mode === 'delete') return 'manual';
  return SCHEMA_EVOLUTION_MODES.find((word) => word === schema_evolution_mode) ?? 'auto';
}

/**
 * Decides what files make of the schema of their table, where it may evolve: columns that it lacks are added, and those
 * without a consistency type become wider where the files' are. A column of nulls alone tells no type, and is left out.
 * What cannot be is left to the check of the files. Throws `schema_mismatch` for a column that was removed.
 */
export async function evolve(queries: Queries, view: View, of: Evolving): Promise<Evolved> {
  const { version, shape, properties, mode } = of;
  const { fields } = shape;
  const same = { shape, files: of.files, evolution: null };
  if (!fields || evolutionMode(properties, mode) !== 'auto') return same;
  const names = new Set(fields.map(({ name }) => name));
  const files = asMismatch(() => of.files.map((file) => withoutUntyped(file, names)));
  const grown = asMismatch(() => growFields(shape, files));
  if (grown === null) return { ...same, files };
  const revisions = version && (await readRevisions(queries, version.table_version_id));
  if (version && revisions) {
    const wanted = grown.map(({ name }) => name);
    const removed = await findResurfacing(queries, view, { version, current: fields, names: wanted, revisions });
    if (removed !== null) throw wasRemoved(shape, removed);
  }
  const schema = numberFields(grown, revisions?.field_id_max ?? highestId(fields), properties);
  return { shape: shapeWith(shape, schema), files, evolution: { schema, after: revisions } };
}

function withoutUntyped(file: VerifiedFile, known: Set<string>): VerifiedFile {
  const { schema } = file;
  if (!schema) return file;
  const telling = schema.fields.filter(({ name, type }) => known.has(name) || typeAlias(type) !== 'null');
  if (telling.length === schema.fields.length) return file;
  return { ...file, schema: schema.select(telling.map(({ name }) => name)) };
}

/** The fields of the table as the files want them; null when they want nothing else. */
function growFields(shape: Shape, files: VerifiedFile[]): SchemaField[] | null {
  const before = shape.fields ?? [];
  const grown = new Map(before.map((field) => [field.name, field]));
  let changes = 0;
  for (const schema of new Set(files.flatMap(({ schema }) => schema ?? []))) {
    for (const { name, type } of schema.fields) {
      const known = grown.get(name);
      const column = { name, type: typeAlias(type), nullable: true };
      const next = known ? widen(shape, known, column) : column;
      if (next === known) continue;
      grown.set(name, next);
      changes += 1;
    }
  }
  return changes === 0 ? null : [...grown.values()];
}

/** A column made wider for the values of a file; the same when it need not, must not or cannot be. */
function widen({ fields, partition_schemes }: Shape, known: SchemaField, column: SchemaField): SchemaField {
  if (known.type === column.type || (known.consistency_type ?? 'none') !== 'none') return known;
  const type = widerType(fieldType(known), fieldType(column));
  if (type === null || typeAlias(type) === known.type) return known;
  const wider = { ...known, type: typeAlias(type) };
  const isNew = !fields?.some(({ name }) => name === known.name);
  if (!isNew && !isWidening(fieldType(known), type)) return known;
  return partition_schemes.some((scheme) => findRepartitioned(scheme, [known], [wider]) !== null) ? known : wider;
}

function numberFields(fields: SchemaField[], highest: number, properties: Properties): DefinedSchema {
  let next = highest + 1;
  return asMismatch(() =>
    defineRevision(
      fields.map((field) => {
        const { field_id } = field;
        if (field_id === null || field_id === undefined)
          return completeField({ ...field, field_id: next++ }, properties);
        return field;
      }),
    ),
  );
}

/** What cannot be a schema is the fault of the files that ask for it. */
function asMismatch<T>(define: () => T): T {
  try {
    return define();
  } catch (error) {
    if (!(error instanceof DeltacatError && error.code === 'invalid_schema')) throw error;
    throw new DeltacatError(
      'schema_mismatch',
      `The files ask for columns that the table cannot have: ${error.message}`,
    );
  }
}

function wasRemoved({ name }: Shape, column: string): DeltacatError {
  return new DeltacatError(
    'schema_mismatch',
    `Column "${column}" was removed from table ${name}, and earlier files still hold its values. Leave it out, or choose another name.`,
    { column },
  );
}
