import { DeltacatError, type PartitionScheme, type PartitionValue, type SchemaField } from '@deltacat/contract';
import type { Table } from 'apache-arrow';
import { Moment } from '../columns/encode.ts';
import { rowsFrom } from '../columns/gather.ts';
import { readColumn } from '../columns/read.ts';
import { fieldType } from '../schema/schema.ts';
import type { Scalar } from '../values/scalar.ts';
import { scalarKind } from '../values/scalar.ts';
import { compileTransform, parseTransform, transformProblem } from './transform.ts';

export { mightMatchPartition } from './filter.ts';
export { parseTransform } from './transform.ts';

/** The rows of one partition: its values (null when the table is not partitioned), and where its rows are. */
export interface PartitionRows {
  values: PartitionValue[] | null;
  rows: Int32Array;
}

/** How many distinct values of a column are remembered with their partition value; beyond, they are worked out anew. */
const REMEMBERED_MAX = 65_536;

/** Checks that each key's transform applies to the columns it names, time zones included. Throws `invalid_schema`. */
export function checkPartitionScheme(scheme: PartitionScheme, fields: readonly SchemaField[]): void {
  const types = new Map(fields.map((field) => [field.name, field]));
  for (const { key, transform } of scheme.keys) {
    const parsed = parseTransform(transform);
    const kinds = key.map((column) => {
      const field = types.get(column);
      if (field) return scalarKind(fieldType(field));
      throw invalid(key, `there is no column "${column}"`);
    });
    const problem = transformProblem(parsed, kinds);
    if (problem !== null) throw invalid(key, problem);
    const known = kinds.filter((kind) => kind !== null);
    compileTransform(parsed, known);
  }
}

/**
 * Splits the rows of a table by a scheme: one group for each tuple of partition values, in the order of their first row.
 * Rows keep their order. Throws `invalid_schema` when the scheme does not apply to the table's columns.
 */
export function partitionRows(table: Table, scheme: PartitionScheme | null | undefined): PartitionRows[] {
  const keys = scheme?.keys ?? [];
  if (keys.length === 0) return [{ values: null, rows: rowsFrom(0, table.numRows) }];
  const valuesOf = keys.map((key) => keyReader(table, key));
  const groups = new Map<string, { values: PartitionValue[]; rows: number[] }>();
  for (let row = 0; row < table.numRows; row += 1) {
    const places = valuesOf.map((read) => read(row));
    const name = places.map(({ name }) => name).join('|');
    const group = groups.get(name);
    if (group) group.rows.push(row);
    else groups.set(name, { values: places.map(({ value }) => value), rows: [row] });
  }
  return [...groups.values()].map(({ values, rows }) => ({ values, rows: Int32Array.from(rows) }));
}

/** A partition value, and a number that no other value of its key has. */
interface Place {
  name: number;
  value: PartitionValue;
}

function keyReader(table: Table, { key, transform }: PartitionScheme['keys'][number]): (row: number) => Place {
  const columns = key.map((column) => columnReader(table, key, column));
  const kinds = columns.map(({ kind }) => kind);
  const parsed = parseTransform(transform);
  const problem = transformProblem(parsed, kinds);
  const known = kinds.filter((kind) => kind !== null);
  if (problem !== null) throw invalid(key, problem);
  const partitionOf = compileTransform(parsed, known);
  const places = placeNames();
  const [single] = columns;
  if (single === undefined || columns.length > 1) {
    return (row) => places(partitionOf(columns.map(({ read }) => read(row))));
  }
  const remembered = new Map<unknown, Place>();
  return (row) => {
    const value = single.read(row);
    const distinct = identityOf(value);
    const found = remembered.get(distinct);
    if (found) return found;
    const place = places(partitionOf([value]));
    if (remembered.size < REMEMBERED_MAX) remembered.set(distinct, place);
    return place;
  };
}

function columnReader(table: Table, key: string[], column: string) {
  const vector = table.getChild(column);
  if (!vector) throw invalid(key, `there is no column "${column}"`);
  const kind = scalarKind(vector.type);
  const read = kind === null ? () => null : readColumn(vector);
  return {
    kind,
    read: (row: number): Scalar | null => {
      const value = read(row) ?? null;
      // A column of scalars is read as scalars, but for its times.
      return value instanceof Moment ? value.ns : (value as Scalar | null);
    },
  };
}

/** What tells a scalar from others in a Map, which compares objects by reference. */
function identityOf(value: Scalar | null): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value.digits;
}

function placeNames(): (value: PartitionValue) => Place {
  const places = new Map<PartitionValue, Place>();
  return (value) => {
    const found = places.get(value);
    if (found) return found;
    const place = { name: places.size, value };
    places.set(value, place);
    return place;
  };
}

function invalid(key: string[], problem: string): DeltacatError {
  return new DeltacatError('invalid_schema', `The partition key (${key.join(', ')}) cannot be used: ${problem}.`);
}
