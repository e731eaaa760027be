import { DeltacatError, type SchemaField } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { buildColumn } from './columns/build.ts';
import { readColumn } from './columns/read.ts';
import type { RowData } from './row-data.ts';
import {
  chunksOf,
  type GivenColumn,
  givenRows,
  plainChunk,
  type TypedColumn,
  type TypedRows,
  tableOf,
  typedColumn,
} from './rows.ts';
import { arrowSchema, typeAlias } from './schema/schema.ts';

/** How rows are fitted to a schema. */
export interface CoerceOptions {
  /** "auto" appends columns that the schema does not have; anything else refuses them. */
  schema_evolution_mode?: string | null;
  /** What fields without a consistency type of their own use: "validate" wants the very type. */
  schema_consistency_type?: string | null;
  /** Rows of a delete: only these columns must be there, every other may be missing. */
  delete_keys?: string[] | null;
  /** Rows that replace others by these columns: without one of them, and a default for it, all rows would be one. */
  upsert_keys?: string[] | null;
}

/**
 * Rows as a table of the schema: types cast where nothing is lost, missing columns filled with `future_default` or
 * null, columns in the schema's order. Rows that do not fit are `schema_mismatch`, naming column and value.
 */
export function coerceRows(data: RowData, fields: SchemaField[], options: CoerceOptions = {}): arrow.Table {
  return tableOf(coerceColumns(data, fields, options));
}

/** As {@link coerceRows}, by columns that keep their chunks: for writers, which gather them anyway. */
export function coerceColumns(data: RowData, fields: SchemaField[], options: CoerceOptions): TypedRows {
  const { row_count, columns } = givenRows(data);
  const given = new Map(columns.map((column) => [column.name, column]));
  if (given.size < columns.length) {
    throw new DeltacatError('schema_mismatch', 'Two columns of the rows have the same name; rename one.');
  }
  const schema = arrowSchema(fields);
  const known = fields.map((field, index) => {
    const target = schema.fields[index];
    if (target === undefined) throw new Error('an Arrow schema has one field for each of the table');
    const nullable = isNullable(field, options);
    const step = { field, target: writtenField(target, nullable), row_count, options };
    return fill(step, given.get(field.name));
  });
  const names = new Set(fields.map(({ name }) => name));
  const unknown = columns.filter(({ name }) => !names.has(name));
  refuseUnknown(unknown, options);
  return { row_count, columns: [...known, ...unknown.map((column) => typedColumn(column, row_count))] };
}

/** Rows that belong to no schema, as columns of the types they have or ask for. */
export function typeRows(data: RowData): TypedRows {
  const { row_count, columns } = givenRows(data);
  if (row_count > 0 && columns.length === 0) {
    throw new DeltacatError('schema_mismatch', `${row_count} rows were given, but no column of them.`);
  }
  return { row_count, columns: columns.map((column) => typedColumn(column, row_count)) };
}

function isNullable({ name, nullable }: SchemaField, { delete_keys }: CoerceOptions): boolean {
  if (delete_keys) return !delete_keys.includes(name) || (nullable ?? true);
  return nullable ?? true;
}

/** Files keep a field's id, by which other engines know it; the rest of its metadata belongs to the table. */
function writtenField({ name, type, metadata }: arrow.Field, nullable: boolean): arrow.Field {
  return new arrow.Field(name, type, nullable, new Map([...metadata].filter(([key]) => key === 'PARQUET:field_id')));
}

function refuseUnknown(unknown: GivenColumn[], { schema_evolution_mode, delete_keys }: CoerceOptions): void {
  if (unknown.length === 0) return;
  if (!delete_keys && schema_evolution_mode?.toLowerCase().endsWith('auto')) return;
  const names = unknown.map(({ name }) => `"${name}"`).join(', ');
  throw new DeltacatError(
    'schema_mismatch',
    `The table has no column ${names}; leave it out, or add it with alter_table.`,
    { columns: unknown.map(({ name }) => name) },
  );
}

interface Step {
  field: SchemaField;
  target: arrow.Field;
  row_count: number;
  options: CoerceOptions;
}

function fill(step: Step, column: GivenColumn | undefined): TypedColumn {
  const { field, target, row_count } = step;
  if (column === undefined) return { field: target, chunks: [absentChunk(step)] };
  const exact = isExact(step);
  if (column.kind === 'plain') {
    const values = withDefault(column.values, field.future_default);
    const options = { type: target.type, row_count, nullable: target.nullable, exact };
    return { field: target, chunks: [plainChunk(field.name, values, options)] };
  }
  return { field: target, chunks: castChunks(column, step, exact) };
}

function isExact({ field, options }: Step): boolean {
  const word = field.consistency_type ?? options.schema_consistency_type;
  return word?.toLowerCase() === 'validate';
}

/** Objects may leave a key out, which is not the same as null. */
function withDefault(values: ArrayLike<unknown>, fallback: unknown): ArrayLike<unknown> {
  if (fallback === undefined || fallback === null || ArrayBuffer.isView(values)) return values;
  return Array.from(values, (value) => (value === undefined ? fallback : value));
}

function absentChunk(step: Step): arrow.Data {
  const { field, target, row_count, options } = step;
  const value = options.delete_keys ? null : (field.future_default ?? null);
  if (row_count > 0 && value === null) refuseAbsent(step);
  const { type, nullable } = target;
  return buildColumn({ name: field.name, type, length: row_count, nullable, exact: false, valueAt: () => value });
}

function refuseAbsent({ field: { name }, target, options }: Step): void {
  let problem: string | null = null;
  if (options.delete_keys?.includes(name)) problem = `The rows to delete have no column "${name}", which tells them.`;
  else if (!target.nullable) problem = `Column "${name}" is missing, must not be null and has no default.`;
  else if (options.upsert_keys?.includes(name)) {
    problem = `The rows to merge have no column "${name}", a merge key; give it, with null where there is no value.`;
  }
  if (problem !== null) throw new DeltacatError('schema_mismatch', problem, { column: name });
}

type ArrowColumn = Extract<GivenColumn, { kind: 'arrow' }>;

function castChunks(column: ArrowColumn, { field, target, row_count }: Step, exact: boolean): readonly arrow.Data[] {
  const { name } = field;
  const chunks = chunksOf(column.type, column.chunks);
  const [from, to] = [typeAlias(column.type), typeAlias(target.type)];
  if (from === to) {
    const nulls = chunks.reduce((sum, chunk) => sum + chunk.nullCount, 0);
    if (nulls > 0 && !target.nullable) {
      throw new DeltacatError('schema_mismatch', `Column "${name}" holds ${nulls} nulls, but must not be null.`, {
        column: name,
      });
    }
    return chunks;
  }
  // Indices into a dictionary are a way to store values, not another type of them.
  const isSame = arrow.DataType.isDictionary(column.type) && typeAlias(column.type.dictionary) === to;
  if (exact && !isSame) {
    throw new DeltacatError(
      'schema_mismatch',
      `Column "${name}" is ${from}, but must be ${to}: its values are validated.`,
      {
        column: name,
      },
    );
  }
  const read = readColumn(new arrow.Vector(chunks));
  const valueAt = isText(column.type) && isBytes(target.type) ? (row: number) => utf8Bytes(read(row)) : read;
  return [
    buildColumn({ name, type: target.type, length: row_count, nullable: target.nullable, exact: false, valueAt }),
  ];
}

function isText(type: arrow.DataType): boolean {
  return arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type);
}

function isBytes(type: arrow.DataType): boolean {
  return arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type);
}

/** Text that becomes bytes is its UTF-8; only plain JSON values are base64. */
function utf8Bytes(value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}
