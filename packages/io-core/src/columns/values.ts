import { type Data, DataType, makeData, Precision, type RecordBatch, type Schema, Vector } from 'apache-arrow';
import { plainReader } from '../row-values.ts';
import { Validity } from './buffers.ts';
import { buildColumn } from './build.ts';

/** The arrays that numbers and times come in. */
export type TypedValues =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/**
 * A column of rows that were read. Integers and floats are in the typed array of their width, 64-bit integers in a
 * `BigInt64Array` or `BigUint64Array`; half floats in a `Float32Array`, booleans in a `Uint8Array` of 0 and 1. Dates, times,
 * timestamps and durations are counts of the type's unit: days in an `Int32Array`, `timestamp[us]` in a `BigInt64Array` of
 * microseconds since 1970. All other types are an array of the values that `objects` gives. It can be written as it is.
 */
export class ColumnValues {
  /** The Arrow type; `String(type)` tells it. */
  readonly type: DataType;
  /** One value per row. Where a row is null, a typed array holds 0 and any other null. */
  readonly values: TypedValues | unknown[];
  /** 1 for each row that has a value, 0 for null; null when all rows have one. */
  readonly validity: Uint8Array | null;

  constructor(type: DataType, values: TypedValues | unknown[], validity: Uint8Array | null) {
    this.type = type;
    this.values = values;
    this.validity = validity;
  }

  /** The number of rows. */
  get length(): number {
    return this.values.length;
  }
}

/** The columns of batches of a schema, by name. */
export async function columnValues(
  schema: Schema,
  batches: AsyncIterable<RecordBatch>,
): Promise<Record<string, ColumnValues>> {
  const chunks: Data[][] = schema.fields.map(() => []);
  for await (const { data, numRows } of batches) {
    if (numRows > 0) for (const [index, child] of data.children.entries()) chunks[index]?.push(child);
  }
  const columns = schema.fields.map(({ name, type }, index) => [name, joined(type, chunks[index] ?? [])] as const);
  return Object.fromEntries(columns);
}

function joined(type: DataType, chunks: Data[]): ColumnValues {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const validity = joinedValidity(chunks, length);
  const typed = typedValues(type, length);
  if (typed === null) {
    const values = chunks.flatMap((chunk) => {
      const read = plainReader(new Vector([chunk]));
      return Array.from({ length: chunk.length }, (_, row) => read(row));
    });
    return new ColumnValues(type, values, validity);
  }
  let at = 0;
  for (const chunk of chunks) {
    fill(typed, at, chunk);
    at += chunk.length;
  }
  if (validity !== null) for (let row = 0; row < length; row++) if (validity[row] === 0) clear(typed, row);
  return new ColumnValues(type, typed, validity);
}

/** What lies under a null is whatever the file has there. */
function clear(values: TypedValues, row: number): void {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) values[row] = 0n;
  else values[row] = 0;
}

function typedValues(type: DataType, length: number): TypedValues | null {
  if (DataType.isBool(type)) return new Uint8Array(length);
  if (isHalf(type)) return new Float32Array(length);
  const isTime = DataType.isDate(type) || DataType.isTime(type) || DataType.isTimestamp(type);
  if (!isTime && !DataType.isInt(type) && !DataType.isFloat(type) && !DataType.isDuration(type)) return null;
  // Arrow gives each of these types the array class of its width.
  return new (type.ArrayType as new (length: number) => TypedValues)(length);
}

function isHalf(type: DataType): boolean {
  return DataType.isFloat(type) && type.precision === Precision.HALF;
}

function fill(values: TypedValues, start: number, chunk: Data): void {
  if (DataType.isBool(chunk.type) || isHalf(chunk.type)) {
    const read = plainReader(new Vector([chunk]));
    for (let row = 0; row < chunk.length; row++) values[start + row] = Number(read(row) ?? 0);
    return;
  }
  // Of one type and so of one class, which TypeScript cannot know of two unions.
  (values as Float64Array).set(chunk.values.subarray(0, chunk.length), start);
}

function joinedValidity(chunks: Data[], length: number): Uint8Array | null {
  if (chunks.every(({ nullCount }) => nullCount === 0)) return null;
  const validity = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    // Nulls without a type have no bitmap.
    const isNull = DataType.isNull(chunk.type);
    for (let row = 0; row < chunk.length; row++) validity[at + row] = Number(!isNull && chunk.getValid(row));
    at += chunk.length;
  }
  return validity;
}

/** A column as Arrow data, to be written. */
export function columnData({ type, values, validity, length }: ColumnValues): Data {
  if (values instanceof type.ArrayType && !Array.isArray(values) && !DataType.isBool(type) && !isHalf(type)) {
    const bits = new Validity(length);
    for (let row = 0; row < length; row++) if (validity === null || validity[row] === 1) bits.set(row);
    const nullCount = validity === null ? 0 : validity.reduce((nulls, valid) => nulls + 1 - valid, 0);
    const buffers = { type, length, nullCount, nullBitmap: bits.bitmap, data: values };
    return makeData(buffers as Parameters<typeof makeData>[0]); // the values are of the type's own array class
  }
  const valueAt = (row: number) => {
    if (validity !== null && validity[row] === 0) return null;
    return DataType.isBool(type) ? values[row] === 1 : values[row];
  };
  return buildColumn({ name: '', type, length, nullable: true, exact: false, valueAt });
}
