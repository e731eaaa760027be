import { DeltacatError } from '@deltacat/contract';
import { concurrentModification } from '../commits/conflicts.ts';
import { nameObject } from '../commits/touches.ts';
import type { Queries } from '../db/database.ts';
import type { Properties } from '../db/tables.ts';
import { hasTouched } from '../snapshots/transactions.ts';
import { findVersionById, type TableVersion } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import { type DraftedDelta, draftDeltas } from './drafts.ts';
import type { VerifiedFile } from './entries.ts';
import { type Evolution, evolve } from './evolve.ts';
import type { Making } from './table-making.ts';
import { type Aim, ALTERING, hasSameShape, lastTouch, type Shape, type Target } from './target.ts';

/** Files with what they are checked against. */
interface Checking {
  target: Target;
  shape: Shape;
  /** Properties of the table with those of the version over them. */
  properties: Properties;
  aim: Aim;
  files: VerifiedFile[];
}

/** Files that fit, grouped into deltas, and what they make of the schema of their table. */
export interface Checked {
  shape: Shape;
  drafts: DraftedDelta[];
  evolution: Evolution | null;
  /** The schema of files that do not tell their own columns; null for the one that the table has then. */
  untold_schema_id: number | null;
}

/**
 * Checks that files are rows of a table, as it is or as they make it. Throws as `draftDeltas` and `evolve` do, and
 * `concurrent_modification` when the table changed under the session that wrote the files.
 */
export async function checkFiles(queries: Queries, view: View, checking: Checking): Promise<Checked> {
  const { target, aim } = checking;
  try {
    const { shape, files, evolution } = await evolve(queries, view, {
      ...checking,
      version: target.version,
      mode: aim.mode,
    });
    const drafts = draftDeltas(shape, aim.mode, files);
    return { shape, drafts, evolution, untold_schema_id: await findUntold(queries, view, checking) };
  } catch (error) {
    if (error instanceof DeltacatError) await refuseAltered(queries, view, { target, aim, problem: error.message });
    throw error;
  }
}

/** Properties that a write goes by: those of the version over those of its table, there or yet to be made. */
export function propertiesOf({ table, version }: Target, making: Making | null): Properties {
  if (table && version) return { ...table.table.properties, ...version.properties };
  return { ...making?.definition.properties, ...making?.definition.version.properties };
}

/**
 * Files that do not tell their columns have those that their session was opened with. Whether they fit another schema
 * cannot be seen; so they are refused when that one takes less than the first.
 */
async function findUntold(queries: Queries, view: View, { target, aim, files }: Checking): Promise<number | null> {
  const { version } = target;
  if (!version || files.every(({ schema }) => schema !== null)) return null;
  const then = aim.opened_schema_id ?? (await findOpened(queries, view, { aim, version }))?.schema_id ?? null;
  if (then === null || then === version.schema_id) return version.schema_id;
  const objects = [version.table_version_id];
  const since = aim.opened_seq ?? view.seq;
  const winner = await lastTouch(queries, { objects, since, kinds: ['alter_incompatible'] });
  // The transaction of the session may itself have altered the version so that it takes less.
  const altered = { object_id: version.table_version_id, kind: 'alter_incompatible' };
  if (!winner && !(await hasTouched(queries, view, altered))) return then;
  throw concurrentModification(`The files do not tell their columns, and table ${target.name}`, winner);
}

/** The version as it was when the session was opened; null without a session, and when it came later. */
async function findOpened(
  queries: Queries,
  view: View,
  { aim, version }: { aim: Aim; version: TableVersion },
): Promise<TableVersion | null> {
  if (aim.opened_seq === null) return null;
  return findVersionById(queries, { ...view, seq: aim.opened_seq }, version.table_version_id);
}

/** When a table changed under a session, its files are not to blame: another commit won. */
async function refuseAltered(
  queries: Queries,
  view: View,
  found: { target: Target; aim: Aim; problem: string },
): Promise<void> {
  const { target, aim, problem } = found;
  const { table, version } = target;
  if (aim.opened_seq === null || !table || !version) return;
  const then = await findOpened(queries, view, { aim, version });
  if (then && hasSameShape(then, version)) return;
  const objects = [version.table_version_id, nameObject(table.namespace.namespace_id, table.table.name)];
  const winner = await lastTouch(queries, { objects, since: aim.opened_seq, kinds: ALTERING });
  throw concurrentModification(`${problem} Table ${target.name}`, winner);
}
