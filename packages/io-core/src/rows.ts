import * as arrow from 'apache-arrow';
import { adoptVector } from './columns/adopt.ts';
import { type ArrowVector, isArrowVector } from './columns/arrow-shape.ts';
import { buildColumn } from './columns/build.ts';
import { gatherColumn, type RowNumbers } from './columns/gather.ts';
import { ColumnValues, columnData } from './columns/values.ts';
import { type RowData, takeRows } from './row-data.ts';
import { inferType, typedItem } from './schema/infer.ts';

/** A column of given rows: Arrow data as it is, or plain values that have no type yet. */
export type GivenColumn = { name: string; metadata: Map<string, string> } & (
  | { kind: 'arrow'; type: arrow.DataType; chunks: readonly arrow.Data[] }
  | { kind: 'plain'; values: ArrayLike<unknown> }
);

/** Given rows by columns. */
export interface GivenRows {
  row_count: number;
  columns: GivenColumn[];
}

/** One column with its type. */
export interface TypedColumn {
  field: arrow.Field;
  chunks: readonly arrow.Data[];
}

/** Rows by typed columns. */
export interface TypedRows {
  row_count: number;
  columns: TypedColumn[];
}

/** Rows as columns, whatever form they were given in. Columns of objects come in the order they are first seen. */
export function givenRows(data: RowData): GivenRows {
  const rows = takeRows(data);
  if (rows instanceof arrow.Table) return givenTable(rows);
  if (Array.isArray(rows)) return givenObjects(rows);
  const columns = Object.entries(rows).map(([name, values]) => givenColumn(name, values));
  const [first] = Object.values(rows);
  return { row_count: first?.length ?? 0, columns };
}

/**
 * The schema that rows without any values have all the same: Arrow data and typed arrays have types by themselves. Null when
 * the columns are not known, and for plain values, whose types are found when they are written.
 */
export function declaredSchema(data: RowData): arrow.Schema | null {
  const rows = takeRows(data);
  if (rows instanceof arrow.Table) return rows.schema;
  if (Array.isArray(rows)) return null;
  const { row_count, columns } = givenRows(rows);
  const isTyped = (column: GivenColumn) => column.kind === 'arrow' || typedItem(column.values) !== null;
  if (row_count > 0 || columns.length === 0 || !columns.every(isTyped)) return null;
  return new arrow.Schema(columns.map(typedField));
}

/** The schema that rows have, or that their values ask for: for files that do not tell it. Null for no rows. */
export function valuesSchema(data: RowData): arrow.Schema | null {
  const { row_count, columns } = givenRows(data);
  return row_count === 0 ? null : new arrow.Schema(columns.map(typedField));
}

function givenTable(table: arrow.Table): GivenRows {
  const columns = table.schema.fields.map((field, index): GivenColumn => {
    const chunks = filledChunks(table.getChildAt(index)?.data ?? []);
    return { name: field.name, metadata: field.metadata, kind: 'arrow', type: field.type, chunks };
  });
  return { row_count: table.numRows, columns };
}

/** Chunks of no rows may come without the buffers and children of their type. */
function filledChunks(chunks: readonly arrow.Data[]): arrow.Data[] {
  return chunks.filter(({ length }) => length > 0);
}

function givenColumn(name: string, values: ArrayLike<unknown> | ArrowVector | ColumnValues): GivenColumn {
  if (values instanceof ColumnValues) {
    return { name, metadata: new Map(), kind: 'arrow', type: values.type, chunks: filledChunks([columnData(values)]) };
  }
  if (!isArrowVector(values)) return plainColumn(name, values);
  const { type, data } = adoptVector(values);
  return { name, metadata: new Map(), kind: 'arrow', type, chunks: filledChunks(data) };
}

function givenObjects(rows: Record<string, unknown>[]): GivenRows {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  const columns = [...names].map((name) =>
    plainColumn(
      name,
      rows.map((row) => row[name]),
    ),
  );
  return { row_count: rows.length, columns };
}

function plainColumn(name: string, values: ArrayLike<unknown>): GivenColumn {
  return { name, metadata: new Map(), kind: 'plain', values };
}

/** A given column with the type it has, or the one that its values ask for. */
export function typedColumn(column: GivenColumn, row_count: number): TypedColumn {
  const field = typedField(column);
  const { type } = field;
  if (column.kind === 'arrow') return { field, chunks: chunksOf(type, column.chunks) };
  const chunk = plainChunk(column.name, column.values, { type, row_count, nullable: true, exact: false });
  return { field, chunks: [chunk] };
}

function typedField(column: GivenColumn): arrow.Field {
  if (column.kind === 'arrow') return new arrow.Field(column.name, column.type, true, column.metadata);
  const type = typedItem(column.values) ?? inferType(column.name, each(column.values));
  return new arrow.Field(column.name, type, true);
}

function* each(values: ArrayLike<unknown>): Iterable<unknown> {
  for (let row = 0; row < values.length; row++) yield values[row];
}

/** How plain values become a column. */
export interface PlainOptions {
  type: arrow.DataType;
  row_count: number;
  nullable: boolean;
  exact: boolean;
}

/** Plain values as a column of a type; a typed array that has the type's own layout is taken as it is. */
export function plainChunk(name: string, values: ArrayLike<unknown>, options: PlainOptions): arrow.Data {
  const { type, row_count: length, nullable, exact } = options;
  if (typedItem(values)?.toString() === type.toString() && values.length === length) {
    // A typed array of the type's own items is its buffer.
    const props = { type, length, nullCount: 0, data: values };
    return arrow.makeData(props as Parameters<typeof arrow.makeData>[0]);
  }
  return buildColumn({ name, type, length, nullable, exact, valueAt: (row) => values[row] });
}

/** Chunks with at least one, so that even no rows have a type. */
export function chunksOf(type: arrow.DataType, chunks: readonly arrow.Data[]): readonly arrow.Data[] {
  if (chunks.length > 0) return chunks;
  return [buildColumn({ name: '', type, length: 0, nullable: true, exact: false, valueAt: () => null })];
}

/** An Arrow table of typed columns, whose chunks are aligned as Arrow needs them. */
export function tableOf({ row_count, columns }: TypedRows): arrow.Table {
  const schema = new arrow.Schema(columns.map(({ field }) => field));
  if (columns.length === 0) return new arrow.Table(schema);
  const vectors = Object.fromEntries(columns.map(({ field, chunks }) => [field.name, new arrow.Vector(chunks)]));
  return row_count === 0 ? new arrow.Table(schema) : new arrow.Table(schema, vectors);
}

/** Some rows in an order, in plain buffers of their own. */
export function gatherRows({ columns }: TypedRows, order: RowNumbers): TypedRows {
  const gathered = columns.map(({ field, chunks }) => ({ field, chunks: [gatherColumn(chunks, order)] }));
  return { row_count: order.length, columns: gathered };
}
