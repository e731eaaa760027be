import { DeltacatError, FIELDS_MAX, type SchemaDefinition, type SchemaField } from '@deltacat/contract';
import { arrowSchema, deserializeSchema, fieldType, schemaFields, serializeSchema, typeAlias } from '@deltacat/io-core';
import type { Properties } from '../db/tables.ts';

/** A schema ready to be stored: complete fields, and the Arrow message that clients read. */
export interface DefinedSchema {
  fields: SchemaField[];
  serialized: string;
}

/** The largest id that a caller may give: those that the server gives follow it and must stay below 2^31. */
export const FIELD_ID_MAX = 900_000_000;

/** Types by the beginning of their alias; a key must compare exactly and cheaply, so floats and nested types are none. */
const KEY_TYPE = /^(bool|u?int\d|(large_)?string|date|time|duration|decimal|fixed_size_binary)/;
const ORDER_TYPE = /^(bool|u?int\d|halffloat|float|double|(large_)?string|date|time|duration|decimal)/;
const EVENT_TIME_TYPE = /^(u?int\d|halffloat|float|double|date|timestamp)/;

/**
 * Completes the schema that a table is created with: types spelt as pyarrow prints them, an id for every column, strict
 * consistency for columns that rows are merged by. Null for a schemaless table. Throws `invalid_schema`.
 */
export function defineSchema(asked: SchemaDefinition | null | undefined, properties: Properties): DefinedSchema | null {
  if (asked === null || asked === undefined) return null;
  const given = typeof asked === 'string' ? schemaFields(deserializeSchema(asked)) : asked;
  refuseBadNames(given);
  return serializeFields(withIds(given).map((field) => completeField(field, properties)));
}

/** Fields that are complete, ids included, ready to be stored. Throws `invalid_schema`. */
export function defineRevision(fields: SchemaField[]): DefinedSchema {
  refuseBadNames(fields);
  return serializeFields(fields);
}

function serializeFields(fields: SchemaField[]): DefinedSchema {
  const schema = toArrow(fields);
  // Read back, the fields say what the message says, down to the spelling of default values.
  return { fields: schemaFields(schema), serialized: serializeSchema(schema) };
}

function refuseBadNames(fields: SchemaField[]): void {
  if (fields.length === 0) {
    throw invalid('A schema needs at least one field. Leave schema_def out for a table without a schema.');
  }
  if (fields.length > FIELDS_MAX) throw invalid(`A schema has at most ${FIELDS_MAX} fields, not ${fields.length}.`);
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (name === '') throw invalid('A field of the schema has no name; give it one.');
    const lower = name.toLowerCase();
    if (seen.has(lower)) throw invalid(`The schema has two fields named "${name}" (case is ignored); rename one.`);
    seen.add(lower);
  }
}

/** Ids given stay; the others follow the highest one, in the order of the fields. */
function withIds(fields: SchemaField[]): (SchemaField & { field_id: number })[] {
  const taken = new Set<number>();
  for (const { field_id } of fields) {
    if (field_id === null || field_id === undefined) continue;
    if (taken.has(field_id)) throw invalid(`The schema uses field_id ${field_id} twice; ids must be unique.`);
    if (field_id > FIELD_ID_MAX)
      throw invalid(`The field_id ${field_id} is too large; the largest is ${FIELD_ID_MAX}.`);
    taken.add(field_id);
  }
  let next = [...taken].reduce((highest, id) => Math.max(highest, id), -1) + 1;
  return fields.map((field) => ({ ...field, field_id: field.field_id ?? next++ }));
}

/**
 * A field as it is stored: its type in one spelling, and the consistency that it asks for, must have, or gets from
 * `default_schema_consistency_type`. Throws `invalid_schema` for a role that its type cannot have.
 */
export function completeField(field: SchemaField & { field_id: number }, properties: Properties): SchemaField {
  const type = typeAlias(fieldType(field));
  refuseUnfit({ ...field, type });
  const strict = field.is_merge_key || field.merge_order || field.is_event_time;
  const consistency = strict ? 'validate' : (field.consistency_type ?? defaultConsistency(properties));
  const { consistency_type: _, ...rest } = field;
  const complete = { ...rest, type, nullable: field.nullable ?? true };
  return consistency ? { ...complete, consistency_type: consistency } : complete;
}

function refuseUnfit(field: SchemaField): void {
  const { name, type } = field;
  if (field.is_merge_key && !KEY_TYPE.test(type)) {
    throw invalid(
      `Field "${name}" of type ${type} cannot be a merge key. Use a boolean, integer, string, time or decimal.`,
    );
  }
  if (field.merge_order && !ORDER_TYPE.test(type)) {
    throw invalid(`Field "${name}" of type ${type} cannot order rows of one key. Use a type whose values compare.`);
  }
  if (field.is_event_time && !EVENT_TIME_TYPE.test(type)) {
    throw invalid(
      `Field "${name}" of type ${type} cannot be the event time. Use an integer, float, date or timestamp.`,
    );
  }
}

/** What `default_schema_consistency_type` says, unless it says what holds anyway. */
function defaultConsistency(properties: Properties): 'coerce' | 'validate' | null {
  const word = properties.default_schema_consistency_type;
  return word === 'coerce' || word === 'validate' ? word : null;
}

function toArrow(fields: SchemaField[]) {
  try {
    return arrowSchema(fields);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalid(`A default value of the schema cannot be stored: ${error.message}. Choose a simpler one.`);
  }
}

function invalid(message: string): DeltacatError {
  return new DeltacatError('invalid_schema', message);
}
