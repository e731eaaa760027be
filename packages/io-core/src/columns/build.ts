import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { typeAlias } from '../schema/schema.ts';
import { type ScalarKind, scalarKind } from '../values/scalar.ts';
import { adoptVector } from './adopt.ts';
import { isArrowVector } from './arrow-shape.ts';
import { bufferWriter, offsetsOf, Validity } from './buffers.ts';
import { encodeScalar } from './encode.ts';
import { readColumn } from './read.ts';

/** A column to be built from plain values. */
export interface ColumnSource {
  type: arrow.DataType;
  length: number;
  /** The value of a row; null and undefined are null. */
  valueAt: (row: number) => unknown;
  /** The column's name, for errors; nested columns extend it. */
  name: string;
  nullable: boolean;
  /** Refuse values that would have to be converted. */
  exact: boolean;
}

/**
 * An Arrow column of plain values: numbers, texts, ISO times, base64, lists and objects, as JSON has them or as
 * JavaScript does. A value that does not fit the type without loss is `schema_mismatch`, naming column and value.
 */
export function buildColumn(source: ColumnSource): arrow.Data {
  const { type } = source;
  if (arrow.DataType.isDictionary(type)) return buildDictionary(source, type);
  if (arrow.DataType.isNull(type)) return buildNull(source);
  if (arrow.DataType.isStruct(type)) return buildStruct(source);
  if (arrow.DataType.isList(type) || arrow.DataType.isFixedSizeList(type) || arrow.DataType.isMap(type)) {
    return buildList(source, type);
  }
  const kind = scalarKind(type);
  if (kind === null) {
    throw new DeltacatError('not_supported', `Column "${source.name}": type ${type} cannot be written here.`);
  }
  return buildScalars(source, kind);
}

/** Calls `place` with each value that is not null, and tells which were. */
function eachValue(source: ColumnSource, place: (row: number, value: unknown) => void): Validity {
  const validity = new Validity(source.length);
  for (let row = 0; row < source.length; row++) {
    const value = source.valueAt(row);
    if (value === null || value === undefined) {
      if (!source.nullable) throw mismatch(source, row, 'is null, but the column must not be');
      validity.null_count += 1;
    } else {
      validity.set(row);
      place(row, value);
    }
  }
  return validity;
}

function buildScalars(source: ColumnSource, kind: ScalarKind): arrow.Data {
  const buffers = bufferWriter(source.type, source.length, kind);
  const natural = NATURAL[kind.name];
  const validity = eachValue(source, (row, value) => {
    // What needs no look any closer is most of what is written.
    if (typeof value === natural) return buffers.put(row, value as boolean | number | string);
    const scalar = encodeScalar(kind, value, source.exact);
    if (scalar === undefined) {
      throw mismatch(source, row, `is ${show(value)}, which does not fit ${typeAlias(source.type)}`);
    }
    buffers.put(row, scalar);
  });
  return dataOf(source, validity, buffers.finish());
}

/** The JavaScript type whose every value is one of the column. */
const NATURAL: Partial<Record<ScalarKind['name'], string>> = { bool: 'boolean', string: 'string', float: 'number' };

function buildNull(source: ColumnSource): arrow.Data {
  const { length } = source;
  eachValue({ ...source, nullable: true }, (row, value) => {
    throw mismatch(source, row, `is ${show(value)}, but the column holds nothing but nulls`);
  });
  return arrow.makeData({ type: new arrow.Null(), length, nullCount: length });
}

function buildStruct(source: ColumnSource): arrow.Data {
  const { type, length, valueAt, name } = source;
  const validity = eachValue(source, (row, value) => {
    if (!isRecord(value)) throw mismatch(source, row, `is ${show(value)}, not an object`);
  });
  const children = type.children.map((field) =>
    buildColumn({
      ...source,
      type: field.type,
      name: `${name}.${field.name}`,
      nullable: field.nullable || validity.null_count > 0,
      // Checked above: what is not null is an object.
      valueAt: (row) => (valueAt(row) as Record<string, unknown> | null | undefined)?.[field.name],
    }),
  );
  // Its caller has asked whether it is one.
  return arrow.makeData({ type: type as arrow.Struct, length, ...bitmapOf(validity), children });
}

function buildList(source: ColumnSource, type: arrow.List | arrow.FixedSizeList | arrow.Map_): arrow.Data {
  const { length, name } = source;
  const items: unknown[] = [];
  const ends = new Float64Array(length + 1);
  const width = arrow.DataType.isFixedSizeList(type) ? type.listSize : null;
  const validity = eachValue(source, (row, value) => {
    const list = arrow.DataType.isMap(type) ? entriesOf(value) : listOf(value);
    if (list === null || (width !== null && list.length !== width)) {
      throw mismatch(source, row, `is ${show(value)}, which does not fit ${typeAlias(type)}`);
    }
    if (width !== null) while (items.length < row * width) items.push(null);
    for (const item of list) items.push(item);
    ends[row + 1] = items.length;
  });
  const [field] = type.children;
  if (field === undefined) throw new DeltacatError('invalid_schema', `Column "${name}": ${type} has no item type.`);
  const count = width === null ? items.length : width * length;
  const nullable = field.nullable || (width !== null && validity.null_count > 0);
  const child = buildColumn({
    ...source,
    type: field.type,
    name: `${name}[]`,
    length: count,
    nullable,
    valueAt: (row) => items[row],
  });
  return dataOf(source, validity, {
    ...(width === null ? { valueOffsets: offsetsOf(type, ends) } : {}),
    child,
  });
}

function buildDictionary(source: ColumnSource, type: arrow.Dictionary): arrow.Data {
  const places = new Map<unknown, number>();
  const distinct: unknown[] = [];
  const indices = buildColumn({
    ...source,
    type: type.indices,
    exact: false,
    valueAt: (row) => {
      const value = source.valueAt(row);
      if (value === null || value === undefined) return null;
      const known = places.get(value);
      if (known !== undefined) return known;
      places.set(value, distinct.length);
      return distinct.push(value) - 1;
    },
  });
  const values = buildColumn({
    ...source,
    type: type.dictionary,
    length: distinct.length,
    valueAt: (row) => distinct[row],
  });
  return arrow.makeData({
    type,
    length: source.length,
    nullCount: indices.nullCount,
    nullBitmap: indices.nullBitmap,
    data: indices.values,
    dictionary: new arrow.Vector([values]),
  });
}

function dataOf({ type, length }: ColumnSource, validity: Validity, buffers: object): arrow.Data {
  // makeData is overloaded by type; the buffers were built for this very type.
  return arrow.makeData({ type, length, ...bitmapOf(validity), ...buffers } as Parameters<typeof arrow.makeData>[0]);
}

function bitmapOf({ bitmap, null_count }: Validity): { nullCount: number; nullBitmap?: Uint8Array } {
  return null_count === 0 ? { nullCount: 0 } : { nullCount: null_count, nullBitmap: bitmap };
}

function listOf(value: unknown): (ArrayLike<unknown> & Iterable<unknown>) | null {
  if (Array.isArray(value)) return value;
  if (isArrowVector(value))
    return Array.from({ length: value.length }, (_, row) => row).map(readColumn(adoptVector(value)));
  // Typed arrays are lists of numbers; a DataView is not.
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? (value as Float64Array) : null;
}

/** The entries of a map: a Map, a list of pairs or of {key, value}, or an object. */
function entriesOf(value: unknown): { key: unknown; value: unknown }[] | null {
  if (value instanceof Map) return [...value].map(([key, item]) => ({ key, value: item }));
  if (!Array.isArray(value)) {
    return isRecord(value) ? Object.entries(value).map(([key, item]) => ({ key, value: item })) : null;
  }
  const entries = value.map((entry: unknown) => {
    if (Array.isArray(entry) && entry.length === 2) return { key: entry[0], value: entry[1] };
    return isRecord(entry) && 'key' in entry ? { key: entry.key, value: entry.value } : null;
  });
  return entries.every((entry) => entry !== null) ? entries : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function mismatch({ name }: ColumnSource, row: number, what: string): DeltacatError {
  return new DeltacatError('schema_mismatch', `Column "${name}", row ${row}: the value ${what}.`, {
    column: name,
    row,
  });
}

const SHOWN_MAX = 80;

function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object'
        ? Object.prototype.toString.call(value)
        : String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
