import type { Literal, Predicate } from '@deltacat/contract';
import type { Mode, ReadStep, SortKey, TableColumn, TableDefinition, WriteStep } from './story.ts';
import { transformed } from './transforms.ts';
import { type Cell, type Column, cellOf, compareCells, familyOf, literalOf, type Rows, spelled } from './values.ts';

/** A row by the names of its columns; columns that are younger than the row are absent. */
type Row = Record<string, Cell>;

interface Delta {
  kind: 'rows' | 'upsert' | 'delete';
  rows: Row[];
}

interface Partition {
  values: Cell[];
  deltas: Delta[];
}

/** What a table holds at one moment. It never changes: what happens makes another. */
export interface TableState {
  definition: TableDefinition;
  columns: TableColumn[];
  /** Whether rows may be older than a column, or than its type. */
  evolved: boolean;
  partitions: ReadonlyMap<string, Partition>;
}

/** What a read answers: its rows, and whether their order is promised. */
export interface Expected {
  rows: Rows;
  ordered: boolean;
}

/** A table that was just made. */
export function emptyTable(definition: TableDefinition): TableState {
  return { definition, columns: definition.columns, evolved: false, partitions: new Map() };
}

/** The names of the columns that tell rows apart. */
export function mergeKeys({ columns }: TableState): string[] {
  return columns.filter(({ is_merge_key }) => is_merge_key).map(({ name }) => name);
}

/** A table after rows were written to it. */
export function written(state: TableState, { by, mode, rows }: WriteStep): TableState {
  const known = new Set(state.columns.map(({ name }) => name));
  // Without a file no column is brought; of no rows the official client alone writes one, where nothing splits them.
  const isFile = rows.rows.length > 0 || (by === 'python' && state.definition.partition_keys.length === 0);
  const brings = mode !== 'delete' && isFile;
  const further = brings ? rows.columns.filter(({ name }) => !known.has(name)) : [];
  const columns = [...state.columns, ...further];
  const partitions = new Map(mode === 'replace' ? [] : state.partitions);
  const kind = kindOf(mode, mergeKeys(state).length > 0);
  const groups = partitioned(state, fillRows(rows, kind === 'delete' ? [] : columns));
  // A delta of no rows is one all the same: with it, the others are merged.
  if (groups.length === 0 && isFile) groups.push({ values: [], rows: [] });
  for (const { values, rows: members } of groups) {
    const key = JSON.stringify(values);
    const deltas = mode === 'replace_partition' ? [] : (partitions.get(key)?.deltas ?? []);
    partitions.set(key, { values, deltas: [...deltas, { kind, rows: sortedForFile(state, members) }] });
  }
  return { ...state, columns, partitions, evolved: state.evolved || further.length > 0 };
}

function kindOf(mode: Mode, keyed: boolean): Delta['kind'] {
  if (mode === 'delete') return 'delete';
  return keyed && mode !== 'add' && mode !== 'append' ? 'upsert' : 'rows';
}

function fillRows({ columns, rows }: Rows, wanted: TableColumn[]): Row[] {
  const defaults = wanted.map(({ name, future_default }) => [name, future_default ?? null] as const);
  return rows.map((cells) => ({
    ...Object.fromEntries(defaults),
    ...Object.fromEntries(columns.map(({ name }, index) => [name, cells[index] ?? null])),
  }));
}

/** The partition values of a row. */
function partitionValues({ definition, columns }: TableState, row: Row): Cell[] {
  return definition.partition_keys.map(({ column, transform }) =>
    transformed(row[column] ?? null, typeIn(columns, column), transform),
  );
}

function partitioned(state: TableState, rows: Row[]): { values: Cell[]; rows: Row[] }[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(partitionValues(state, row)));
  return [...groups].map(([key, members]) => ({ values: JSON.parse(key), rows: members }));
}

/** Writers sort each file by the sort scheme, then by the merge keys that are not in it. */
function sortedForFile(state: TableState, rows: Row[]): Row[] {
  const { sort_keys } = state.definition;
  const others = mergeKeys(state).filter((name) => !sort_keys.some(({ column }) => column === name));
  const keys = others.map((column) => ({ column, sort_order: 'ascending', null_order: 'at_end' }) as const);
  return sorted(state, rows, [...sort_keys, ...keys]);
}

function sorted(state: TableState, rows: Row[], keys: SortKey[]): Row[] {
  return rows.toSorted((a, b) => {
    for (const { column, sort_order, null_order } of keys) {
      const [left, right] = [a[column] ?? null, b[column] ?? null];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null) === (null_order === 'at_end') ? 1 : -1;
      const found = compareCells(left, right, typeIn(state.columns, column));
      // NaN comes after every number, whatever the direction.
      if (Number.isNaN(found) && left !== right) return left === 'NaN' ? 1 : -1;
      if (Number.isNaN(found)) continue;
      if (found !== 0) return sort_order === 'ascending' ? found : -found;
    }
    return 0;
  });
}

/** A table with a further column. */
export function withColumn(state: TableState, column: TableColumn): TableState {
  return { ...state, evolved: true, columns: [...state.columns, column] };
}

/** A table with a column of a wider type. */
export function widened(state: TableState, name: string, type: string): TableState {
  const columns = state.columns.map((column) => (column.name === name ? { ...column, type } : column));
  return { ...state, evolved: true, columns };
}

/** A table without rows. */
export function truncated(state: TableState): TableState {
  return { ...state, partitions: new Map() };
}

/**
 * What a read of a table answers; null where that depends on what else a plan selects: rows that were added to a table
 * with merge keys are merged only together with an upsert or a delete.
 */
export function answered(state: TableState, read: ReadStep): Expected | null {
  const wanted = read.partitions?.map((values) => JSON.stringify(values));
  const chosen = [...state.partitions].filter(([key]) => wanted?.includes(key) ?? true).map(([, one]) => one);
  const merged = chosen.map((partition) => merge(state, partition));
  const plain = chosen.map(({ deltas }) => deltas.flatMap(({ kind, rows }) => (kind === 'delete' ? [] : rows)));
  const merging = chosen.map(({ deltas }) => isMerging(deltas));
  const open = chosen.some((_, index) => !merging[index] && merged[index]?.length !== plain[index]?.length);
  if (open && (read.filter !== undefined || merging.includes(true))) return null;
  const rows = (merging.includes(true) ? merged : plain).flat().map((row) => complete(state, row));
  const { filter } = read;
  const kept = filter === undefined ? rows : rows.filter((row) => holds(filter, row, state.columns) === true);
  const names = read.columns ?? state.columns.map(({ name }) => name);
  const columns = names.map((name) => ({ name, type: typeIn(state.columns, name) }));
  return { rows: { columns, rows: kept.map((row) => cellsOf(row, columns)) }, ordered: isOrdered(state) };
}

/** Deletes before the first row have nothing to delete, and are no reason to merge. */
function isMerging(deltas: Delta[]): boolean {
  const first = deltas.findIndex(({ kind }) => kind !== 'delete');
  return first >= 0 && deltas.slice(first).some(({ kind }) => kind !== 'rows');
}

/** Rows come as they were written, unless writers sort or split them: by a scheme, or by merge keys, where each may choose. */
function isOrdered({ definition, columns }: TableState): boolean {
  const keyed = columns.some(({ is_merge_key }) => is_merge_key);
  return definition.partition_keys.length === 0 && definition.sort_keys.length === 0 && !keyed;
}

function complete({ columns }: TableState, row: Row): Row {
  return Object.fromEntries(
    columns.map(({ name, past_default }) => [name, row[name] ?? presentOr(row, name, past_default)]),
  );
}

function presentOr(row: Row, name: string, fallback: Cell | undefined): Cell {
  return name in row ? null : (fallback ?? null);
}

function cellsOf(row: Row, columns: Column[]): Cell[] {
  return columns.map(({ name, type }) => spelled(row[name] ?? null, type));
}

function merge(state: TableState, { deltas }: Partition): Row[] {
  const keys = mergeKeys(state);
  const keyOf = (row: Row) => JSON.stringify(keys.map((name) => row[name] ?? null));
  const survivors = new Map<string, Row>();
  for (const { kind, rows } of deltas) {
    for (const row of kind === 'delete' ? rows : winnersLast(state, rows)) {
      survivors.delete(keyOf(row));
      if (kind !== 'delete') survivors.set(keyOf(row), row);
    }
  }
  return [...survivors.values()];
}

/** Of the rows of one delta the last wins, once those with a merge order or an event time are sorted by it. */
function winnersLast(state: TableState, rows: Row[]): Row[] {
  const ordered = state.columns.flatMap(({ name, merge_order }) =>
    merge_order ? [{ column: name, sort_order: merge_order.sort_order, null_order: merge_order.null_order }] : [],
  );
  // Who comes first by a merge order wins, and so must be last.
  const inverse = ordered.map(
    (key) => ({ ...key, sort_order: key.sort_order === 'ascending' ? 'descending' : 'ascending' }) as const,
  );
  const timed = state.columns
    .filter(({ is_event_time }) => is_event_time)
    .map(({ name }) => ({ column: name, sort_order: 'ascending', null_order: 'at_end' }) as const);
  return sorted(state, rows, inverse.length > 0 ? inverse : timed);
}

/** Whether a filter keeps a row; null where it is neither true nor false. */
function holds(filter: Predicate, row: Row, columns: Column[]): boolean | null {
  if ('and' in filter) return all(filter.and.map((node) => holds(node, row, columns)));
  if ('or' in filter) return negated(all(filter.or.map((node) => negated(holds(node, row, columns)))));
  if ('not' in filter) return negated(holds(filter.not, row, columns));
  if ('is_null' in filter) return row[filter.is_null] === null;
  const compare = (name: string, literal: Literal) => compared(row[name] ?? null, literal, typeIn(columns, name));
  if ('between' in filter) {
    const [name, low, high] = filter.between;
    return all([test(compare(name, low), (found) => found >= 0), test(compare(name, high), (found) => found <= 0)]);
  }
  if ('in' in filter) {
    const [name, literals] = filter.in;
    if (row[name] === null) return literals.includes(null);
    return literals.some((literal) => compare(name, literal) === 0);
  }
  const [op, operands] = Object.entries(filter)[0] ?? [];
  const [name, literal] = operands as [string, Literal]; // what is left are comparisons
  return test(compare(name, literal), COMPARISONS[op ?? ''] ?? (() => false));
}

const COMPARISONS: Record<string, (found: number) => boolean> = {
  eq: (found) => found === 0,
  neq: (found) => found !== 0,
  gt: (found) => found > 0,
  gte: (found) => found >= 0,
  lt: (found) => found < 0,
  lte: (found) => found <= 0,
};

function all(answers: (boolean | null)[]): boolean | null {
  if (answers.includes(false)) return false;
  return answers.includes(null) ? null : true;
}

function negated(answer: boolean | null): boolean | null {
  return answer === null ? null : !answer;
}

function test(found: number | null, holding: (found: number) => boolean): boolean | null {
  return found === null ? null : holding(found);
}

/** Below, at or above zero as the value is to the literal; NaN where they have no order, null where one is null. */
function compared(cell: Cell, literal: Literal, type: string): number | null {
  if (cell === null || literal === null) return null;
  if (!['int', 'float'].includes(familyOf(type))) return compareCells(cell, literalCell(literal, type), type);
  // JavaScript compares a number with a bigint exactly. Both are numbers, by the type of the column.
  const [a, b] = [literalOf(cell, type) as number | bigint, literal as number | bigint];
  if (a < b) return -1;
  if (a > b) return 1;
  // biome-ignore lint/suspicious/noDoubleEquals: a number may meet a bigint
  return a == b ? 0 : Number.NaN;
}

function literalCell(literal: NonNullable<Literal>, type: string): string {
  const cell = familyOf(type) === 'bytes' ? String(literal) : cellOf(literal, type);
  return cell ?? '';
}

function typeIn(columns: Column[], name: string): string {
  const column = columns.find((known) => known.name === name);
  if (column === undefined) throw new Error(`the story has no column ${name}`);
  return column.type;
}
