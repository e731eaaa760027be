import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { adoptBatches } from './columns/adopt.ts';
import {
  type ArrowBatch,
  type ArrowTable,
  type ArrowVector,
  isArrowBatch,
  isArrowTable,
  isArrowVector,
} from './columns/arrow-shape.ts';
import type { ColumnValues } from './columns/values.ts';

/** One value for each column. */
type Row = Record<string, unknown>;
/** One array for each column, all of one length. */
type Columns = Record<string, ArrayLike<unknown> | ArrowVector | ColumnValues>;

/**
 * Rows to write: an Arrow table or record batches, made by whatever copy of apache-arrow, objects of one row each, or one
 * array per column, such as a read gives them.
 */
export type RowData = ArrowTable | ArrowBatch | Iterable<ArrowBatch> | Iterable<Row> | Columns;

/** What rows may come in one after another. */
export type RowItem = ArrowBatch | Row;

/** Rows in one of three forms, Arrow's by the copy of the library that is used here. */
export type TakenRows = arrow.Table | Row[] | Columns;

/**
 * Rows as they were given, looked at. Throws `invalid_request` for everything that holds none, so that nothing is dropped
 * without a word.
 */
export function takeRows(data: unknown): TakenRows {
  if (data instanceof arrow.Table) return data;
  if (isArrowTable(data)) return adoptBatches(data.schema, data.batches);
  if (isArrowBatch(data)) return adoptBatches(data.schema, [data]);
  if (Array.isArray(data)) return takeList(data);
  if (holdsValues(data) && isIterable(data)) return takeList([...data]);
  if (!isRow(data)) throw noRows(data);
  requireColumns(data);
  return data;
}

function takeList(items: unknown[]): TakenRows {
  const [first] = items;
  for (const [index, item] of items.entries()) requireItem(item, first, index);
  // Every item was looked at just now.
  return isArrowBatch(first) ? adoptBatches(first.schema, items as ArrowBatch[]) : (items as Row[]);
}

/** What rows may not be: an item that is no row and no record batch, or that is not like the first. */
export function requireItem(item: unknown, first: unknown, index: number): asserts item is RowItem {
  const isBatches = isArrowBatch(first);
  if (isBatches ? isArrowBatch(item) : isRow(item)) return;
  const wanted = isBatches ? 'a record batch like the first' : 'an object with a value for each column';
  throw new DeltacatError('invalid_request', `Row data ${index} is ${nameOf(item)}, not ${wanted}.`, { index });
}

/** Whether rows come one after another, so that they need not all be in memory. */
export function isRowSequence(data: unknown): data is AsyncIterable<unknown> | Iterable<unknown> {
  if (!isObject(data) || Array.isArray(data) || isArrowTable(data) || isArrowBatch(data)) return false;
  return isAsyncIterable(data) || (holdsValues(data) && isIterable(data));
}

function requireColumns(data: Row): asserts data is Columns {
  let first: { name: string; length: number } | null = null;
  for (const [name, values] of Object.entries(data)) {
    if (!isArrayLike(values)) {
      const message = `Column "${name}" is ${nameOf(values)}, not an array. Give one array per column, or a list of rows.`;
      throw new DeltacatError('invalid_request', message, { column: name });
    }
    first ??= { name, length: values.length };
    if (values.length === first.length) continue;
    const message = `Column "${name}" has ${values.length} values and "${first.name}" has ${first.length}. Give columns of one length; null stands for a missing value.`;
    throw new DeltacatError('invalid_request', message, { column: name });
  }
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  if (Array.isArray(value) || isArrowVector(value)) return true;
  return isObject(value) && !(value instanceof DataView) && Number.isSafeInteger(value.length);
}

/** Whether a value has others by name: a plain object, or an instance with properties of its own. */
function isRow(value: unknown): value is Row {
  if (!holdsValues(value) || isArrowBatch(value) || isArrowTable(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain || Object.keys(value).length > 0;
}

function holdsValues(value: unknown): value is Row {
  if (!isObject(value) || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return !(value instanceof Map || value instanceof Set || isArrowVector(value));
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value && typeof value[Symbol.iterator] === 'function';
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function noRows(data: unknown): DeltacatError {
  const problem =
    data instanceof Promise ? 'A promise holds no rows yet; await it.' : `There are no rows in ${nameOf(data)}.`;
  return new DeltacatError(
    'invalid_request',
    `${problem} Give an Arrow table, record batches, a list of objects, or an object with one array per column.`,
  );
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined || typeof value !== 'object') {
    return value === null || value === undefined ? String(value) : `a ${typeof value}`;
  }
  const name = value.constructor?.name;
  return name ? `an object of type ${name}` : 'an object';
}
