import type { SchemaField } from '@deltacat/contract';
import { fieldType, isWidening, mayRound, typeAlias } from '@deltacat/io-core';

/** Whether every file that fits one schema also fits another; null is a version without a schema. */
export function isCompatible(before: SchemaField[] | null, after: SchemaField[] | null): boolean {
  if (before === null || after === null) return before === after;
  const known = new Map(before.map((field) => [field.name, field]));
  const kept = new Map(after.map((field) => [field.name, field]));
  const stays = before.every((field) => {
    const target = kept.get(field.name);
    return target !== undefined && takesAll(field, target);
  });
  return stays && after.every((field) => known.has(field.name) || mayBeAbsent(field));
}

function takesAll(before: SchemaField, after: SchemaField): boolean {
  const [from, to] = [fieldType(before), fieldType(after)];
  const isStrict = after.consistency_type === 'validate';
  if (isStrict && (before.consistency_type !== 'validate' || typeAlias(from) !== typeAlias(to))) return false;
  const mayTighten = before.nullable !== false && after.nullable === false;
  return !mayTighten && isWidening(from, to) && !mayRound(from, to) && keepsDefault(before, after);
}

/** A column that files left out because readers filled it must still be filled. */
function keepsDefault(before: SchemaField, after: SchemaField): boolean {
  return after.nullable !== false || mayBeAbsent(after) || !mayBeAbsent(before);
}

/** Whether a file may lack the column: readers fill it with the default of earlier rows, or with null. */
function mayBeAbsent({ nullable, past_default }: SchemaField): boolean {
  return nullable !== false || (past_default ?? null) !== null;
}
