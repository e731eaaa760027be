import { DeltacatError, type SortScheme } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { Moment } from './columns/encode.ts';
import { readColumn } from './columns/read.ts';
import type { TypedRows } from './rows.ts';
import { compareScalars, type Scalar, scalarKind } from './values/scalar.ts';

/** How written rows are ordered. */
export interface WriteOrder {
  sort_scheme?: SortScheme | null;
  merge_keys?: string[] | null;
}

interface SortColumn {
  values: (Scalar | null)[];
  direction: 1 | -1;
  nulls: 1 | -1;
}

/** The order of a table's files: that of its sort scheme, then of the merge keys that are not in it. */
export function writtenOrder({ sort_scheme, merge_keys }: WriteOrder): SortScheme['keys'] {
  const keys = sort_scheme?.keys ?? [];
  const sorted = new Set(keys.flatMap(({ key }) => key));
  const rest = (merge_keys ?? []).filter((name) => !sorted.has(name));
  return [...keys, ...rest.map((name) => ({ key: [name] }))];
}

/**
 * Some rows of a table in the order of its files, see {@link writtenOrder}; rows that tie keep
 * the order they were given in. Readers that need an order then find it in every file.
 */
export function sortRows(rows: TypedRows, order: Int32Array, wanted: WriteOrder): Int32Array {
  const columns = writtenOrder(wanted).flatMap(({ key, sort_order, null_order }) =>
    key.map(
      (name): SortColumn => ({
        values: sortValues(rows, name),
        direction: sort_order === 'descending' ? -1 : 1,
        nulls: null_order === 'at_start' ? -1 : 1,
      }),
    ),
  );
  if (columns.length === 0) return order;
  const compare = (a: number, b: number) => compareRows(columns, a, b) || a - b;
  return isSorted(order, compare) ? order : order.slice().sort(compare);
}

function isSorted(order: Int32Array, compare: (a: number, b: number) => number): boolean {
  for (let index = 1; index < order.length; index++) {
    if (compare(order[index - 1] ?? 0, order[index] ?? 0) > 0) return false;
  }
  return true;
}

function compareRows(columns: SortColumn[], a: number, b: number): number {
  for (const { values, direction, nulls } of columns) {
    const left = values[a] ?? null;
    const right = values[b] ?? null;
    if (left === null || right === null) {
      if (left !== right) return left === null ? nulls : -nulls;
      continue;
    }
    const found = compareValues(left, right);
    if (found !== 0) return found * direction;
  }
  return 0;
}

/** NaN sorts after every number, whatever the direction of the others would make of it. */
function compareValues(left: Scalar, right: Scalar): number {
  const found = compareScalars(left, right);
  return Number.isNaN(found) ? Number(Number.isNaN(left)) - Number(Number.isNaN(right)) : found;
}

function sortValues({ row_count, columns }: TypedRows, name: string): (Scalar | null)[] {
  const column = columns.find(({ field }) => field.name === name);
  if (column === undefined || scalarKind(column.field.type) === null) {
    const problem = column === undefined ? 'is not in the rows' : `is of type ${column.field.type}, which has no order`;
    throw new DeltacatError('schema_mismatch', `The rows are sorted by column "${name}", which ${problem}.`, {
      column: name,
    });
  }
  const read = readColumn(new arrow.Vector(column.chunks));
  return Array.from({ length: row_count }, (_, row) => {
    const value = read(row);
    // Flat columns read as scalars, but for times.
    return value instanceof Moment ? value.ns : (value as Scalar | null);
  });
}
