import { isDeepStrictEqual } from 'node:util';
import type { SchemaField } from '@deltacat/contract';
import type { Properties } from '../db/tables.ts';

/** One thing that had another value before. */
export interface ValueChange {
  name: string;
  from: unknown;
  to: unknown;
}

/** How two schemas differ. A column is known by its id, so that one with another name is changed, not replaced. */
export function differingFields(from: SchemaField[], to: SchemaField[]) {
  const before = new Map(from.map((field) => [identityOf(field), field]));
  const after = new Map(to.map((field) => [identityOf(field), field]));
  const changed: { from: SchemaField; to: SchemaField }[] = [];
  for (const [identity, field] of after) {
    const earlier = before.get(identity);
    if (earlier && !isDeepStrictEqual(earlier, field)) changed.push({ from: earlier, to: field });
  }
  return {
    added: to.filter((field) => !before.has(identityOf(field))),
    removed: from.filter((field) => !after.has(identityOf(field))),
    changed,
  };
}

function identityOf({ field_id, name }: SchemaField): string {
  return typeof field_id === 'number' ? `${field_id}` : name;
}

/** How two sets of properties differ. */
export function differingProperties(from: Properties, to: Properties) {
  const names = Object.keys(to).filter((name) => Object.hasOwn(from, name) && !isDeepStrictEqual(from[name], to[name]));
  return {
    added: missingIn(from, to),
    removed: missingIn(to, from),
    changed: names.map((name): ValueChange => ({ name, from: from[name], to: to[name] })),
  };
}

function missingIn(these: Properties, those: Properties): Properties {
  return Object.fromEntries(Object.entries(those).filter(([name]) => !Object.hasOwn(these, name)));
}

/** Which of some fields differ, each under the name by which it is told. What is not there has none of them. */
export function differingValues<Row extends object>(
  [from, to]: readonly [Row | null, Row | null],
  names: { [Field in keyof Row & string]?: string },
): ValueChange[] {
  const fields = Object.entries(names) as [keyof Row & string, string][]; // the entries of such an object
  return fields
    .map(([field, name]) => ({ name, from: from?.[field] ?? null, to: to?.[field] ?? null }))
    .filter((change) => !isDeepStrictEqual(change.from, change.to));
}
