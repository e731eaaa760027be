import {
  EMPTY_SCHEME_ID,
  type PartitionScheme,
  type SchemaField,
  type SortScheme,
  type WriteMode,
} from '@deltacat/contract';
import { type TableDefinition, tableTaken } from '../catalog/table-definition.ts';
import { concurrentModification, touchesAfter, type Winner } from '../commits/conflicts.ts';
import type { TouchKind } from '../commits/touches.ts';
import type { Queries } from '../db/database.ts';
import { requireNamespace } from '../snapshots/namespaces.ts';
import { schemesById } from '../snapshots/partitions.ts';
import { type FoundTable, findTable, findTableById, tableNotFound } from '../snapshots/tables.ts';
import {
  chooseVersion,
  findVersionById,
  listVersions,
  mergeKeys,
  requireVersion,
  schemaOf,
  type TableVersion,
} from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import { MODES } from './modes.ts';

/** What a write is aimed at: a table by its names, or by its identity once a session has found it. */
export interface Aim {
  namespace: string;
  table: string;
  table_version: string | null;
  mode: WriteMode;
  /** What the session found when it was opened; null while the table was missing, and without a session. */
  identity: { table_id: string; table_version_id: string } | null;
  /** The commit that the session was opened on; null without a session. */
  opened_seq: number | null;
  /** The schema that the session was opened with; null where it does not tell. */
  opened_schema_id?: number | null;
  /** The partition scheme that the session was opened with, which its files are placed by; null where it does not tell. */
  opened_scheme_id?: string | null;
}

/** What a write finds in a view. */
export interface Target {
  /** The table as messages name it. */
  name: string;
  /** Null when the table is missing. */
  table: FoundTable | null;
  /** Null when the table or the version is missing. */
  version: TableVersion | null;
}

/** What files must look like to be rows of a table. */
export interface Shape {
  name: string;
  /** Null for a table without a schema. */
  fields: SchemaField[] | null;
  /** The base64 of the schema's Arrow message. */
  serialized: string | null;
  merge_keys: string[];
  partition_scheme: PartitionScheme | null;
  sort_scheme: SortScheme | null;
  /** The ids of the sort schemes that the version has or had: files may be sorted by an earlier one. */
  sort_scheme_ids: string[];
  /** The partition schemes that the version has or had: partitions of earlier ones are still there. */
  partition_schemes: PartitionScheme[];
}

/**
 * Finds what a write is aimed at. Throws when it is missing and the mode does not make it, when it is there and the mode
 * would have to make it, and when what a session was opened on is gone: another table of the same name is not the same.
 */
export async function findTarget(queries: Queries, view: View, aim: Aim): Promise<Target> {
  const name = `"${aim.namespace}.${aim.table}"`;
  if (aim.identity) return findIdentity(queries, view, { ...aim, name, ...aim.identity });
  const table = await findTable(queries, view, aim);
  if (table) return { name, table, version: await findAimedVersion(queries, view, { ...aim, found: table }) };
  if (MODES[aim.mode].creates) return { name, table: null, version: null };
  await requireNamespace(queries, view, aim.namespace);
  throw tableNotFound(aim);
}

async function findAimedVersion(
  queries: Queries,
  view: View,
  aim: Aim & { found: FoundTable },
): Promise<TableVersion | null> {
  const { found, table_version } = aim;
  const { creates, continues } = MODES[aim.mode];
  if (!creates) return requireVersion(queries, view, { ...found, version: table_version });
  const version = chooseVersion(await listVersions(queries, view, found.table.table_id), table_version);
  if (version && !continues) throw tableTaken(aim.namespace, aim.table);
  return version;
}

interface Identity extends Aim {
  name: string;
  table_id: string;
  table_version_id: string;
}

async function findIdentity(queries: Queries, view: View, wanted: Identity): Promise<Target> {
  const { name, table_id, table_version_id } = wanted;
  const table = await findTableById(queries, view, table_id);
  const version = table && (await findVersionById(queries, view, table_version_id));
  if (table && version && version.lifecycle_state !== 'deleted') return { name, table, version };
  const opened = { ...view, seq: wanted.opened_seq ?? view.seq };
  const then = await findTableById(queries, opened, table_id);
  const objects = [table_id, table_version_id, ...(then ? [then.namespace.namespace_id] : [])];
  const winner = await lastTouch(queries, { objects, since: opened.seq, kinds: ALTERING });
  throw concurrentModification(`Table ${name}, which this write was opened on,`, winner);
}

/**
 * Refuses the files of a session that placed them by a partition scheme which its table no longer has: whoever wrote them
 * must place them anew. Throws `concurrent_modification`.
 */
export async function refuseOtherScheme(queries: Queries, { name, version }: Target, aim: Aim): Promise<void> {
  const opened_id = aim.opened_scheme_id ?? null;
  if (!version || opened_id === null || opened_id === schemeId(version)) return;
  const objects = [version.table_version_id];
  const kinds: TouchKind[] = ['alter_incompatible', 'rollback'];
  const winner = await lastTouch(queries, { objects, since: aim.opened_seq ?? 0, kinds });
  throw concurrentModification(`The partition scheme of table ${name}, by which the session placed its files,`, winner);
}

/** What may make another thing of an object. */
export const ALTERING: TouchKind[] = ['name', 'drop', 'alter', 'alter_incompatible', 'rollback'];

/** The latest commit after `since` that did one of some things to one of the objects. */
export async function lastTouch(
  queries: Queries,
  wanted: { objects: string[]; since: number; kinds: TouchKind[] },
): Promise<Winner | null> {
  const row = await touchesAfter(queries, wanted.objects, wanted.since)
    .where('touches.kind', 'in', wanted.kinds)
    .orderBy('touches.seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** What files must look like for a version that is there. */
export async function shapeOf(queries: Queries, name: string, version: TableVersion): Promise<Shape> {
  const schema = await schemaOf(queries, version);
  const { partition, sort } = await schemesById(queries, version.table_version_id);
  const known = { sort_scheme_ids: [...sort.keys()], partition_schemes: [...partition.values()] };
  return { ...shape(name, { ...version, schema }), ...known };
}

/** What files must look like for a table that is yet to be made. */
export function shapeOfDefinition(name: string, definition: TableDefinition): Shape {
  return shape(name, definition.version);
}

function shape(
  name: string,
  of: Pick<TableVersion, 'partition_scheme' | 'sort_scheme'> & {
    schema: { fields: SchemaField[]; serialized: string } | null;
  },
): Shape {
  const { schema, partition_scheme, sort_scheme } = of;
  return {
    name,
    fields: schema?.fields ?? null,
    serialized: schema?.serialized ?? null,
    merge_keys: mergeKeys(schema?.fields),
    partition_scheme,
    sort_scheme,
    sort_scheme_ids: sort_scheme?.id ? [String(sort_scheme.id)] : [],
    partition_schemes: partition_scheme ? [partition_scheme] : [],
  };
}

/** The same table with another schema. */
export function shapeWith(before: Shape, schema: { fields: SchemaField[]; serialized: string }): Shape {
  return { ...before, ...schema, merge_keys: mergeKeys(schema.fields) };
}

/** Whether files that were checked against one state of a target may be published into another. */
export function isSameTarget(checked: Target, now: Target): boolean {
  const [a, b] = [checked.version, now.version];
  if (!a || !b) return a === b && checked.table?.table.table_id === now.table?.table.table_id;
  return a.table_version_id === b.table_version_id && hasSameShape(a, b);
}

/** Whether two states of one version ask the same of their files. */
export function hasSameShape(a: TableVersion, b: TableVersion): boolean {
  return a.schema_id === b.schema_id && schemeId(a) === schemeId(b) && a.sort_scheme?.id === b.sort_scheme?.id;
}

/** The id of a partition scheme; unpartitioned tables have one of their own. */
export function schemeId(of: { partition_scheme: PartitionScheme | null }): string {
  return String(of.partition_scheme?.id ?? EMPTY_SCHEME_ID);
}
