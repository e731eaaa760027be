import { DeltacatError } from '@deltacat/contract';
import {
  type Bool,
  Data,
  DataType,
  type Dictionary,
  type Field,
  type FixedSizeList,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { type Column, dataOf, plainColumn } from './column.ts';
import { GrowingOffsets, GrowingValidity } from './growing.ts';
import { isSet, type RawVector } from './raw-vector.ts';

/** The column that takes DuckDB's vectors of a type's carrier and becomes an Arrow column of exactly that type. */
export function columnOf(type: DataType): Column {
  if (DataType.isDictionary(type)) return dictionaryColumn(type);
  if (DataType.isFixedSizeList(type)) return fixedListColumn(type);
  if (DataType.isList(type)) return listColumn(type, columnOf(type.valueType));
  // A map is a list of structs in both.
  if (DataType.isMap(type)) return listColumn(type, structColumn(childField(type).type));
  if (DataType.isStruct(type)) return structColumn(type);
  const column = plainColumn(type);
  if (column === null) throw new DeltacatError('not_supported', `Columns of type ${type} cannot be read here.`);
  return column;
}

function childField(type: DataType): Field {
  const [field] = (type.children ?? []) as Field[]; // a list or map has one child
  if (field === undefined) throw new DeltacatError('invalid_schema', `The type ${type} lacks the type of its values.`);
  return field;
}

function structColumn(type: DataType): Column {
  const fields = ((type.children ?? []) as Field[]).map((field) => columnOf(field.type)); // a struct's children are fields
  const validity = new GrowingValidity();
  return {
    append(vector, start, count) {
      for (const [index, column] of fields.entries()) column.append(vector.field(index), start, count);
      validity.append(vector.validity, start, count);
    },
    appendNulls(count) {
      for (const column of fields) column.appendNulls(count);
      validity.appendNulls(count);
    },
    byteLength: () => fields.reduce((sum, column) => sum + column.byteLength(), validity.length >> 3),
    finish: () => dataOf({ type, validity, children: fields.map((column) => column.finish()) }),
  };
}

/** The elements of one list: where they start in the elements' vector, and how many. */
interface Span {
  start: number;
  count: number;
}

/** The lists of a vector; null ones are undefined memory, so they are told to be null. */
function* spansOf(vector: RawVector, start: number, count: number): Generator<Span | null> {
  const { validity } = vector;
  const data = vector.data(16);
  const words = new Uint32Array(data.buffer, data.byteOffset, vector.size * 4);
  for (let row = start; row < start + count; row++) {
    const valid = validity === null || isSet(validity, row);
    // A chunk's elements number less than 2^32, so the low word of each 64-bit number says it all.
    yield valid ? { start: words[row * 4] ?? 0, count: words[row * 4 + 2] ?? 0 } : null;
  }
}

/** Appends elements span by span, neighbours at once: most lists lie one after the other. */
function appendSpans(column: Column, elements: RawVector, spans: Iterable<Span>): void {
  let pending: Span = { start: 0, count: 0 };
  for (const span of spans) {
    if (span.count === 0) continue;
    if (span.start === pending.start + pending.count && pending.count > 0) pending.count += span.count;
    else {
      if (pending.count > 0) column.append(elements, pending.start, pending.count);
      pending = { ...span };
    }
  }
  if (pending.count > 0) column.append(elements, pending.start, pending.count);
}

function listColumn(type: DataType, values: Column): Column {
  const validity = new GrowingValidity();
  const ends = new GrowingOffsets();
  let length = 0;
  return {
    append(vector, start, count) {
      const spans: Span[] = [];
      for (const span of spansOf(vector, start, count)) {
        if (span !== null) {
          spans.push(span);
          length += span.count;
        }
        ends.push(length);
      }
      if (spans.length > 0) appendSpans(values, vector.elements(), spans);
      validity.append(vector.validity, start, count);
    },
    appendNulls(count) {
      for (let row = 0; row < count; row++) ends.push(length);
      validity.appendNulls(count);
    },
    byteLength: () => values.byteLength() + ends.byteLength,
    finish() {
      length = 0;
      return dataOf({ type, validity, offsets: ends.finish(), children: [values.finish()] });
    },
  };
}

function fixedListColumn(type: FixedSizeList): Column {
  const values = columnOf(type.valueType);
  const validity = new GrowingValidity();
  return {
    append(vector, start, count) {
      const elements = vector.elements();
      let run: Span[] = [];
      for (const span of spansOf(vector, start, count)) {
        if (span === null) {
          appendSpans(values, elements, run);
          run = [];
          values.appendNulls(type.listSize);
        } else if (span.count === type.listSize) run.push(span);
        else throw wrongLength(type, span.count);
      }
      appendSpans(values, elements, run);
      validity.append(vector.validity, start, count);
    },
    appendNulls(count) {
      values.appendNulls(count * type.listSize);
      validity.appendNulls(count);
    },
    byteLength: () => values.byteLength(),
    finish: () => dataOf({ type, validity, children: [values.finish()] }),
  };
}

function wrongLength(type: DataType, length: number): DeltacatError {
  return new DeltacatError('schema_mismatch', `A file holds a list of ${length} where its table has ${type}.`);
}

/** The values travel plainly; each batch gets a dictionary of its own. */
function dictionaryColumn(type: Dictionary): Column {
  const values = columnOf(type.dictionary);
  return {
    ...values,
    finish() {
      const plain = new Vector<DataType>([values.finish()]);
      const places = new Map<unknown, number>();
      const distinct: unknown[] = [];
      const indices = new type.indices.ArrayType(plain.length);
      for (let row = 0; row < plain.length; row++) {
        const value: unknown = plain.get(row);
        if (value === null) continue;
        const key = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
        let place = places.get(key);
        if (place === undefined) {
          place = distinct.push(value) - 1;
          places.set(key, place);
        }
        indices[row] = place;
      }
      const [data] = plain.data;
      const buffers = { 1: indices, ...(plain.nullCount > 0 && data && { 2: data.nullBitmap }) };
      const dictionary = vectorFromArray(distinct, type.dictionary as Bool); // any type of values: distinct came from it
      return new Data<DataType>(type, 0, plain.length, plain.nullCount, buffers, [], dictionary);
    },
  };
}
