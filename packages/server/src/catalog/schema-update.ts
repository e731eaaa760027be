import {
  canonicalJson,
  DeltacatError,
  type SchemaField,
  type SchemaUpdateOperation,
  type SchemaUpdates,
} from '@deltacat/contract';
import { fieldType, isWidening, typeAlias } from '@deltacat/io-core';
import type { Properties } from '../db/tables.ts';
import { completeField, FIELD_ID_MAX } from './table-schema.ts';

/** The state that operations are applied to. */
export interface SchemaState {
  fields: SchemaField[];
  /** The highest field id that was ever given; new fields count on from it. */
  field_id_max: number;
  /** Properties of the table with those of the version over them. */
  properties: Properties;
}

/** A list of operations, with how it is to be taken. */
export type AskedUpdates = Exclude<SchemaUpdates, unknown[]>;

/** Operations in the one form that is worked with. */
export function readUpdates(asked: SchemaUpdates): AskedUpdates {
  return Array.isArray(asked) ? { operations: asked } : asked;
}

interface Step {
  /** By name, in the order of the schema. */
  fields: Map<string, SchemaField>;
  state: SchemaState;
  next_id: number;
  allows: boolean;
}

/**
 * The fields of a schema after some operations, all complete. Throws `unknown_column`, and `invalid_schema` for what
 * contradicts itself, what could make earlier rows unreadable, and what no table can undo.
 */
export function updateFields(state: SchemaState, updates: AskedUpdates): SchemaField[] {
  const step: Step = {
    fields: new Map(state.fields.map((field) => [field.name, field])),
    state,
    next_id: state.field_id_max + 1,
    allows: updates.allow_incompatible_changes ?? false,
  };
  const done = new Map<string, SchemaUpdateOperation['op']>();
  for (const operation of updates.operations) {
    const name = columnOf(operation);
    const kind = operation.op === 'update_type' ? 'update' : operation.op;
    const before = done.get(name);
    if (before && !(before === 'update' && kind === 'update')) {
      throw invalid(`Column "${name}" has more than one operation (${before}, ${kind}). Send one at a time.`);
    }
    done.set(name, kind);
    OPERATIONS[operation.op](step, name, operation);
  }
  return [...step.fields.values()];
}

function columnOf({ op, field, field_locator }: SchemaUpdateOperation): string {
  const named = op === 'add' ? (field?.name ?? field_locator) : (field_locator ?? field?.name);
  if (named) return named;
  throw invalid(`An operation "${op}" names no column. Send ${op === 'add' ? 'field.name' : 'field_locator'}.`);
}

const OPERATIONS: Record<
  SchemaUpdateOperation['op'],
  (step: Step, name: string, operation: SchemaUpdateOperation) => void
> = {
  add: addField,
  remove: removeField,
  update: (step, name, { field }) => updateField(step, name, field ?? {}),
  update_type(step, name, { new_type, field }) {
    const type = new_type ?? field?.type;
    if (!type) throw invalid(`Column "${name}": update_type needs new_type, an Arrow type alias.`);
    updateField(step, name, { type });
  },
};

type ChangedField = NonNullable<SchemaUpdateOperation['field']>;

function addField(step: Step, name: string, { field }: SchemaUpdateOperation): void {
  const { type, computed_field, ...rest } = field ?? {};
  if (step.fields.has(name)) throw invalid(`Column "${name}" exists already. Update it, or choose another name.`);
  if (!type) throw invalid(`Column "${name}" was added without a type. Send field.type, an Arrow type alias.`);
  refuseComputed(name, computed_field);
  if (rest.is_merge_key) {
    throw invalid(`Column "${name}" cannot become a merge key: rows have theirs since the table was created.`);
  }
  const added = completeField(
    { ...rest, name, type, field_id: newId(step, name, rest.field_id) },
    step.state.properties,
  );
  step.fields.set(name, withPastDefault(added, step.allows));
}

function refuseComputed(name: string, computed: unknown): void {
  if (computed === null || computed === undefined) return;
  throw new DeltacatError('not_supported', `Column "${name}" is computed, which this server does not do. Store it.`);
}

function newId(step: Step, name: string, asked: number | null | undefined): number {
  const { field_id_max } = step.state;
  const id = asked ?? step.next_id;
  if (id < step.next_id || (asked && asked > FIELD_ID_MAX)) {
    throw invalid(`Column "${name}" cannot have field_id ${id}: ids up to ${field_id_max} were given. Leave it out.`);
  }
  step.next_id = id + 1;
  return id;
}

/** Rows that are there already need a value, too: the default of those to come stands for both when it is alone. */
function withPastDefault(field: SchemaField, allows: boolean): SchemaField {
  const past_default = field.past_default ?? field.future_default ?? null;
  if (field.nullable !== false) return field;
  if (past_default !== null) return { ...field, past_default };
  if (allows) return field;
  throw invalid(
    `Column "${field.name}" must not be null, and earlier rows have no value for it. Give it a past_default or future_default, or let it be null.`,
  );
}

function removeField(step: Step, name: string): void {
  const field = requireField(step, name);
  const role = roleOf(field);
  if (role) throw invalid(`Column "${name}" is ${role} and cannot be removed.`);
  if (!step.allows) {
    throw invalid(
      `Removing column "${name}" hides its values from readers. Send allow_incompatible_changes to do it all the same.`,
    );
  }
  step.fields.delete(name);
}

function roleOf(field: SchemaField): string | null {
  if (field.is_merge_key) return 'a merge key';
  if (field.merge_order) return 'part of the merge order';
  return field.is_event_time ? 'the event time' : null;
}

function requireField(step: Step, name: string): SchemaField {
  const field = step.fields.get(name);
  if (field) return field;
  const known = [...step.fields.keys()].slice(0, 20).join(', ');
  throw new DeltacatError('unknown_column', `The table has no column "${name}" to change. It has: ${known}.`, {
    column: name,
  });
}

function updateField(step: Step, name: string, changes: ChangedField): void {
  const before = requireField(step, name);
  refuseComputed(name, changes.computed_field);
  refuseFixed(before, changes);
  const { type, nullable, consistency_type } = changes;
  const asked: SchemaField & { field_id: number } = {
    ...before,
    field_id: before.field_id ?? step.next_id++,
    type: type ?? before.type,
    nullable: nullable ?? before.nullable,
    consistency_type: consistency_type ?? before.consistency_type,
    ...('future_default' in changes ? { future_default: changes.future_default ?? undefined } : {}),
    ...('doc' in changes ? { doc: changes.doc ?? undefined } : {}),
  };
  // Without properties: their default is for new columns.
  const after = completeField(asked, {});
  refuseNarrower(before, after, step.allows);
  step.fields.set(name, after);
}

/** What a column is to its rows stays as it is, whatever is allowed: rows of all ages must agree on it. */
const FIXED = ['is_merge_key', 'merge_order', 'is_event_time', 'past_default', 'field_id'] as const;

/** What a field is that does not say it. */
const ABSENT = { is_merge_key: false, merge_order: null, is_event_time: false, past_default: null, field_id: null };

function refuseFixed(before: SchemaField, changes: ChangedField): void {
  if (changes.name && changes.name !== before.name) {
    throw invalid(
      `Column "${before.name}" cannot be renamed: earlier files hold it by its name. Add "${changes.name}".`,
    );
  }
  const fixed = FIXED.find((key) => {
    const wanted = changes[key] ?? null;
    return wanted !== null && canonicalJson(wanted) !== canonicalJson(before[key] ?? ABSENT[key]);
  });
  if (fixed) throw invalid(`The ${fixed} of column "${before.name}" cannot be changed. Add another column.`);
}

function refuseNarrower(before: SchemaField, after: SchemaField, allows: boolean): void {
  const { name } = before;
  const [from, to] = [fieldType(before), fieldType(after)];
  const mayBeForced = allows && !before.is_merge_key;
  if (!mayBeForced && !isWidening(from, to)) {
    throw invalid(
      `Column "${name}" cannot become ${typeAlias(to)}: not every value of ${typeAlias(from)} is one. ` +
        (before.is_merge_key ? 'Rows are merged by it.' : 'Add another column, or send allow_incompatible_changes.'),
    );
  }
  if (allows) return;
  const isTighter = before.nullable !== false && after.nullable === false;
  const hasDefaults = (after.past_default ?? null) !== null && (after.future_default ?? null) !== null;
  if (isTighter && !hasDefaults) {
    throw invalid(`Column "${name}" can be forbidden to be null only if it has a past_default and a future_default.`);
  }
  const isLoose = (before.consistency_type ?? 'none') === 'none';
  if (isLoose && (after.consistency_type ?? 'none') !== 'none') {
    throw invalid(
      `Column "${name}" takes values of any type that fits; it cannot become ${after.consistency_type} without allow_incompatible_changes.`,
    );
  }
}

function invalid(message: string): DeltacatError {
  return new DeltacatError('invalid_schema', message);
}
