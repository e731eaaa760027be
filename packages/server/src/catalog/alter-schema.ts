import { DeltacatError, type PartitionScheme, type SchemaField, type SchemaUpdates } from '@deltacat/contract';
import { checkPartitionScheme, fieldType, isWidening, mayRound, typeAlias } from '@deltacat/io-core';
import type { Change } from '../commits/change.ts';
import { concurrentModification, touchesAfter } from '../commits/conflicts.ts';
import type { Properties } from '../db/tables.ts';
import { schemesById } from '../snapshots/partitions.ts';
import { type Schema, schemaOf, type TableVersion } from '../snapshots/versions.ts';
import { findRounded, type Rounding } from './rounding.ts';
import { isCompatible } from './schema-compatibility.ts';
import { addRevision, findResurfacing, readRevisions } from './schema-revisions.ts';
import { type AskedUpdates, readUpdates, updateFields } from './schema-update.ts';
import { defineRevision } from './table-schema.ts';

/** What a version's schema became. */
export interface AlteredSchema {
  schema_id: number;
  fields: SchemaField[];
  /** Whether every file that fitted before still fits. */
  is_compatible: boolean;
  /** Whether it was allowed because of what the visible files hold, which others may add to. */
  rests_on_files: boolean;
}

/** A version whose schema is to change; `name` is what messages call its table. */
export interface SchemaSubject {
  name: string;
  version: TableVersion;
  /** Properties of the table with those of the version over them, as they will be. */
  properties: Properties;
}

/**
 * Gives a version the next revision of its schema; null when the operations change nothing. Throws `invalid_schema`,
 * `unknown_column`, `not_supported`, and `concurrent_modification` when they were made for another revision.
 */
export async function alterSchema(
  change: Change,
  subject: SchemaSubject,
  asked: SchemaUpdates,
): Promise<AlteredSchema | null> {
  const { version, properties } = subject;
  const updates = readUpdates(asked);
  const before = await requireSchema(change, subject);
  await refuseStale(change, subject, updates);
  const revisions = await readRevisions(change.queries, version.table_version_id);
  const fields = updateFields({ fields: before.fields, field_id_max: revisions.field_id_max, properties }, updates);
  await refuseLostSources(change, subject, { before: before.fields, after: fields });
  const schema = defineRevision(fields);
  if (schema.serialized === before.serialized) return null;
  const names = schema.fields.map(({ name }) => name);
  const resurfacing = await findResurfacing(change.queries, change.view, {
    ...{ version, current: before.fields, names, revisions },
  });
  if (resurfacing !== null) throw resurfaces(resurfacing);
  const rounding = updates.allow_incompatible_changes ? [] : listRounding(before.fields, fields);
  await refuseRounding(change, version, rounding);
  const schema_id = await addRevision(change.queries, version.table_version_id, { after: revisions, schema });
  const is_compatible = isCompatible(before.fields, schema.fields);
  return { schema_id, fields: schema.fields, is_compatible, rests_on_files: rounding.length > 0 };
}

async function requireSchema(change: Change, { name, version, properties }: SchemaSubject): Promise<Schema> {
  const schema = await schemaOf(change.queries, version);
  if (!schema) {
    throw invalid(`Table ${name} has no schema to change. Create a further version with create_table and schema_def.`);
  }
  if (properties.schema_evolution_mode !== 'disabled') return schema;
  throw invalid(
    `Table ${name} does not let its schema change: its schema_evolution_mode is disabled. Set that property to manual or auto first.`,
  );
}

async function refuseStale(change: Change, { name, version }: SchemaSubject, updates: AskedUpdates): Promise<void> {
  const base = updates.base_schema_id ?? null;
  if (base === null || base === version.schema_id) return;
  const winner = await touchesAfter(change.queries, [version.table_version_id], 0)
    .where('touches.kind', 'in', ['alter', 'alter_incompatible'])
    .orderBy('touches.seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  throw concurrentModification(
    `The operations were made for schema ${base}, and it is ${version.schema_id} now: table ${name}`,
    winner ?? null,
  );
}

/**
 * What the partition schemes of a version are made of must stay, and give the same partitions; those of earlier schemes,
 * too, because partitions of theirs are still there and reads leave them out by their values.
 */
async function refuseLostSources(
  change: Change,
  { name, version }: SchemaSubject,
  { before, after }: { before: SchemaField[]; after: SchemaField[] },
): Promise<void> {
  const { partition } = await schemesById(change.queries, version.table_version_id);
  for (const scheme of partition.values()) {
    const unsafe = findRepartitioned(scheme, before, after);
    if (unsafe !== null) {
      const is = String(scheme.id) === String(version.partition_scheme?.id) ? 'is' : 'was';
      throw invalid(
        `Column "${unsafe}" cannot be changed so: table ${name} ${is} partitioned by it, and its rows would be in other partitions. Create a further version.`,
      );
    }
  }
  if (version.partition_scheme) checkPartitionScheme(version.partition_scheme, after);
}

/** The first source of a partition scheme that is gone, or whose values would have other partition values; null for none. */
export function findRepartitioned(scheme: PartitionScheme, before: SchemaField[], after: SchemaField[]): string | null {
  const types = (fields: SchemaField[]) => new Map(fields.map((field) => [field.name, field]));
  const [known, kept] = [types(before), types(after)];
  const sources = scheme.keys.flatMap(({ key }) => key);
  return (
    sources.find((source) => {
      const [from, to] = [known.get(source), kept.get(source)];
      return from && !(to && keepsValues(from, to));
    }) ?? null
  );
}

/** Whole numbers and text are partitioned alike whatever their width; a float has another text in each. */
function keepsValues(from: SchemaField, to: SchemaField): boolean {
  const [before, after] = [fieldType(from), fieldType(to)];
  if (typeAlias(before) === typeAlias(after)) return true;
  return isWidening(before, after) && !/^(halffloat|float|double)$/.test(typeAlias(after));
}

function resurfaces(column: string): DeltacatError {
  return invalid(
    `Column "${column}" was removed, and earlier files still hold its values, which would be those of the new one. Choose another name, or replace the rows first.`,
  );
}

/** The columns of whole numbers that become floats which do not hold them all. */
function listRounding(before: SchemaField[], fields: SchemaField[]): Rounding[] {
  const known = new Map(before.map((field) => [field.name, field]));
  return fields.flatMap((field) => {
    const earlier = known.get(field.name);
    if (!earlier) return [];
    const [from, to] = [fieldType(earlier), fieldType(field)];
    return mayRound(from, to) ? [{ column: field.name, from, to }] : [];
  });
}

/** Whole numbers become floats only where those hold them: reading one that they do not would fail. */
async function refuseRounding(change: Change, version: TableVersion, rounding: Rounding[]): Promise<void> {
  const rounded = await findRounded(change.queries, change.view, { version, rounding });
  if (!rounded) return;
  const type = typeAlias(rounded.to);
  throw invalid(
    `Column "${rounded.column}" cannot become ${type}: its files may hold whole numbers that ${type} would round. Send allow_incompatible_changes to do it all the same; reads of such numbers then fail.`,
  );
}

function invalid(message: string): DeltacatError {
  return new DeltacatError('invalid_schema', message);
}
