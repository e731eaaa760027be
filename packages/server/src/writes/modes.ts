import { DeltacatError, type DeltaType, type PartitionScheme, type WriteMode } from '@deltacat/contract';
import type { TouchKind } from '../commits/touches.ts';
import type { TableName } from '../snapshots/tables.ts';

/** What a write mode means. */
export interface Mode {
  /** The deltas it writes, by whether the table has merge keys. */
  delta_type(keyed: boolean): DeltaType;
  /** What it ends before its own files become visible. */
  ends: 'nothing' | 'everything' | 'its partitions';
  /** Whether it may make a table that is missing. */
  creates: boolean;
  /** Whether it may write to a table that is there. */
  continues: boolean;
  needs_merge_keys: boolean;
}

const always = (type: DeltaType) => () => type;
const mergedIfKeyed = (keyed: boolean): DeltaType => (keyed ? 'upsert' : 'append');
const plain = { ends: 'nothing', creates: false, continues: true, needs_merge_keys: false } as const;

/** Every write mode and what it means. */
export const MODES: Record<WriteMode, Mode> = {
  auto: { ...plain, delta_type: mergedIfKeyed, creates: true },
  create: { ...plain, delta_type: mergedIfKeyed, creates: true, continues: false },
  add: { ...plain, delta_type: always('add') },
  append: { ...plain, delta_type: always('append') },
  merge: { ...plain, delta_type: always('upsert'), needs_merge_keys: true },
  delete: { ...plain, delta_type: always('delete'), needs_merge_keys: true },
  replace: { ...plain, delta_type: mergedIfKeyed, ends: 'everything' },
  replace_partition: { ...plain, delta_type: mergedIfKeyed, ends: 'its partitions' },
};

const TOUCH_BY_DELTA: Record<DeltaType, TouchKind> = {
  add: 'add',
  append: 'append',
  upsert: 'merge',
  delete: 'delete',
};

/** How a write of that mode counts against other changes. */
export function touchKind(mode: WriteMode, keyed: boolean): TouchKind {
  const { ends, delta_type } = MODES[mode];
  return ends === 'nothing' ? TOUCH_BY_DELTA[delta_type(keyed)] : 'replace';
}

/** Refuses a mode that the table cannot take: merging without merge keys, replacing partitions where there are none. */
export function refuseUnfitMode(
  { mode, namespace, table }: TableName & { mode: WriteMode },
  shape: { name: string; merge_keys: string[]; partition_scheme: PartitionScheme | null },
): void {
  if (MODES[mode].needs_merge_keys && shape.merge_keys.length === 0) {
    throw new DeltacatError(
      'merge_keys_required',
      `Mode "${mode}" needs merge keys, and table ${shape.name} has none. Use mode "append", or mark the key columns with is_merge_key when creating the table.`,
      { namespace, table, mode },
    );
  }
  if (MODES[mode].ends === 'its partitions' && !shape.partition_scheme) {
    throw new DeltacatError(
      'invalid_request',
      `Mode "${mode}" needs a partitioned table, and table ${shape.name} has no partition scheme. Use mode "replace".`,
      { namespace, table, mode },
    );
  }
}
