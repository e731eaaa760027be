import { isDeepStrictEqual } from 'node:util';
import type { ChangedObject, ChangeKind } from '@deltacat/contract';
import type { StatesRead } from './states.ts';

/** One thing that a commit changed, as the log tells it. */
export interface LoggedChange {
  object: ChangedObject;
  kind: ChangeKind;
  namespace: string;
  namespace_id: string;
  table?: string;
  table_id?: string;
  table_version?: string;
  previous_namespace?: string | null;
  previous_table?: string | null;
  fields?: string[];
}

/** What a commit changed of the definitions of some objects: told by their states right before and right after it. */
export function definitionChanges(states: StatesRead, seq: number, ids: ReadonlySet<string>): LoggedChange[] {
  const of = (known: string[]) => known.filter((id) => ids.has(id));
  return [
    ...of(states.namespaces.ids()).flatMap((id) => namespaceChanges(states, seq, id)),
    ...of(states.tables.ids()).flatMap((id) => tableChanges(states, seq, id)),
    ...of(states.versions.ids()).flatMap((id) => versionChanges(states, seq, id)),
  ];
}

/** Where a table was as of a commit, by the names of then; of one that the commit dropped, those right before. */
export function placeOfTable(states: StatesRead, seq: number, table_id: string) {
  const table = states.tables.lastKnown(table_id, seq);
  const namespace_id = table?.namespace_id ?? '';
  const namespace = states.namespaces.lastKnown(namespace_id, seq)?.name ?? '';
  return { namespace, namespace_id, table: table?.name ?? '', table_id };
}

const NAMESPACE_FIELDS = ['properties'] as const;
const TABLE_FIELDS = ['description', 'properties'] as const;
const VERSION_FIELDS = [
  ...(['description', 'properties', 'lifecycle_state', 'content_types'] as const),
  ...(['schema_id', 'partition_scheme', 'sort_scheme'] as const),
] as const;

function namespaceChanges({ namespaces }: StatesRead, seq: number, namespace_id: string): LoggedChange[] {
  const [before, after] = around(namespaces, seq, namespace_id);
  const namespace = (after ?? before)?.name ?? '';
  const about = { object: 'namespace' as const, namespace, namespace_id };
  const existence = existenceKind(namespaces, seq, namespace_id);
  if (existence) return [{ ...about, kind: existence }];
  if (!before || !after) return [];
  const fields = altered(before, after, NAMESPACE_FIELDS);
  return [
    ...(before.name === after.name ? [] : [{ ...about, kind: 'rename' as const, previous_namespace: before.name }]),
    ...(fields.length > 0 ? [{ ...about, kind: 'alter' as const, fields }] : []),
  ];
}

function tableChanges(states: StatesRead, seq: number, table_id: string): LoggedChange[] {
  const [before, after] = around(states.tables, seq, table_id);
  const about = { object: 'table' as const, ...placeOfTable(states, seq, table_id) };
  const existence = existenceKind(states.tables, seq, table_id);
  if (existence) return [{ ...about, kind: existence }];
  if (!before || !after) return [];
  const fields = altered(before, after, TABLE_FIELDS);
  const isRenamed = before.name !== after.name || before.namespace_id !== after.namespace_id;
  const earlier = placeOfTable(states, seq - 1, table_id);
  const renamed = { previous_namespace: earlier.namespace, previous_table: earlier.table };
  return [
    ...(isRenamed ? [{ ...about, kind: 'rename' as const, ...renamed }] : []),
    ...(fields.length > 0 ? [{ ...about, kind: 'alter' as const, fields }] : []),
  ];
}

function versionChanges(states: StatesRead, seq: number, id: string): LoggedChange[] {
  const [before, after] = around(states.versions, seq, id);
  const state = after ?? before;
  if (!state) return [];
  const place = placeOfTable(states, seq, state.table_id);
  const about = { object: 'table_version' as const, ...place, table_version: state.version };
  const existence = existenceKind(states.versions, seq, id);
  if (existence) return [{ ...about, kind: existence }];
  const fields = before && after ? altered(before, after, VERSION_FIELDS) : [];
  return fields.length > 0 ? [{ ...about, kind: 'alter', fields }] : [];
}

/** Whatever has states. */
type Existing = { [Method in 'at' | 'lastKnown']: (id: string, seq: number) => unknown };

function around<Row>(states: { at(id: string, seq: number): Row | null }, seq: number, id: string) {
  return [states.at(id, seq - 1), states.at(id, seq)] as const;
}

/** Whether a commit made, dropped or brought back a thing; null when it was there before and after, or neither. */
function existenceKind(states: Existing, seq: number, id: string): 'create' | 'drop' | 'undrop' | null {
  const [before, after] = [states.at(id, seq - 1), states.at(id, seq)];
  if (before && !after) return 'drop';
  if (before || !after) return null;
  return states.lastKnown(id, seq - 1) ? 'undrop' : 'create';
}

function altered<Row, Field extends keyof Row & string>(before: Row, after: Row, fields: readonly Field[]): Field[] {
  return fields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
}
