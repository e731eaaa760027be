import { type DataFile, DeltacatError, type ReadPlan, type ScanTask, stringifyJson } from '@deltacat/contract';

/** A file of rows, and where its rows stand. */
export interface RankedFile {
  file: DataFile;
  /** The number of its partition group: rows of different groups never meet. */
  group: number;
  /** Its delta's place among the group's distinct stream positions. */
  rank: number;
}

/** A file of rows to remove: earlier rows that equal one of them in these columns. */
export interface DeleteFile extends RankedFile {
  columns: string[];
}

/** Whole partition groups that are read by one query. */
export interface ReadUnit {
  /** In the order of their rows: by group, position, task and place in the task. */
  files: RankedFile[];
  deletes: DeleteFile[];
}

/** One query opens at most so many files, unless one group has more: the first rows come soon, and memory stays bounded. */
const UNIT_FILES_MAX = 500;
const UNIT_RECORDS_MAX = 50_000_000;
/** The same for their bytes: of files in a remote store, copies are on disk as long as their unit is read. */
const UNIT_BYTES_MAX = 4 * 2 ** 30;

/**
 * Sorts a plan's files into partition groups, in the order in which the groups first appear, and the groups into units
 * of bounded size. Within a group, deltas are ordered by stream position; those of equal position keep their order.
 */
export function mergeUnits(plan: ReadPlan): ReadUnit[] {
  const units: ReadUnit[] = [];
  let unit: ReadUnit = { files: [], deletes: [] };
  let [records, bytes] = [0, 0];
  for (const [group, tasks] of groupTasks(plan.mor_plan?.scan_tasks ?? plan.scan_tasks).entries()) {
    const ranked = rankTasks(tasks, group);
    const some = ranked.files.reduce((sum, { file }) => sum + file.record_count, 0);
    const size = [...ranked.files, ...ranked.deletes].reduce((sum, { file }) => sum + file.content_length, 0);
    const files = unit.files.length + unit.deletes.length;
    const isFull = files + ranked.files.length > UNIT_FILES_MAX || records + some > UNIT_RECORDS_MAX;
    if (files > 0 && (isFull || bytes + size > UNIT_BYTES_MAX)) {
      units.push(unit);
      unit = { files: [], deletes: [] };
      [records, bytes] = [0, 0];
    }
    unit.files.push(...ranked.files);
    unit.deletes.push(...ranked.deletes);
    records += some;
    bytes += size;
  }
  units.push(unit);
  return units.filter(({ files }) => files.length > 0);
}

/**
 * Files that need no merging, in the order given, in units of bounded size. Where only the first rows are wanted, the first
 * unit has no more files than hold so many.
 */
export function appendUnits(files: DataFile[], limit = Number.POSITIVE_INFINITY): ReadUnit[] {
  const units: ReadUnit[] = [];
  let unit: ReadUnit = { files: [], deletes: [] };
  let [records, bytes] = [0, 0];
  for (const file of files) {
    const isFull = unit.files.length === UNIT_FILES_MAX || bytes + file.content_length > UNIT_BYTES_MAX;
    if (unit.files.length > 0 && (isFull || (units.length === 0 && records >= limit))) {
      units.push(unit);
      unit = { files: [], deletes: [] };
      bytes = 0;
    }
    unit.files.push({ file, group: 0, rank: 0 });
    records += file.record_count;
    bytes += file.content_length;
  }
  return unit.files.length === 0 ? units : [...units, unit];
}

/** How many partition groups a plan's tasks are in. */
export function groupCount(plan: ReadPlan): number {
  return groupTasks(plan.mor_plan?.scan_tasks ?? plan.scan_tasks).length;
}

function groupTasks(tasks: ScanTask[]): ScanTask[][] {
  const groups = new Map<string, ScanTask[]>();
  for (const task of tasks) {
    const { partition_scheme_id, partition_id, stream_id, partition_values } = task;
    const key = stringifyJson([
      partition_scheme_id ?? null,
      partition_id ?? null,
      stream_id ?? null,
      partition_values ?? null,
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [task]);
    else group.push(task);
  }
  return [...groups.values()];
}

function rankTasks(tasks: ScanTask[], group: number): ReadUnit {
  const ordered = tasks.toSorted((a, b) => comparePositions(positionOf(a), positionOf(b)));
  const unit: ReadUnit = { files: [], deletes: [] };
  let rank = -1;
  let position: bigint | null = null;
  for (const task of ordered) {
    if (position !== positionOf(task)) rank += 1;
    position = positionOf(task);
    const files = task.files.map((file) => ({ file, group, rank }));
    if (task.delta_type !== 'delete') unit.files.push(...files);
    else unit.deletes.push(...files.map((file) => ({ ...file, columns: deleteColumns(task) })));
  }
  return unit;
}

/** A plan of one delta need not say its position. */
function positionOf(task: ScanTask): bigint {
  return task.stream_position ?? 0n;
}

function comparePositions(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

function deleteColumns(task: ScanTask): string[] {
  const columns = task.entry_params?.equality_field_locators ?? [];
  if (columns.length > 0) return columns;
  throw new DeltacatError(
    'invalid_request',
    `The delete delta at position ${task.stream_position} of the plan names no columns to delete by (entry_params.equality_field_locators).`,
  );
}
