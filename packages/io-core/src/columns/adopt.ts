import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { adoptField, adoptType, NEWER } from '../schema/adopt-type.ts';
import { typeAlias } from '../schema/schema.ts';
import type { ArrowBatch, ArrowData, ArrowSchema, ArrowVector } from './arrow-shape.ts';
import { offsetsOf, Validity } from './buffers.ts';

/** Dictionaries brought over, by what they were: chunks that had one in common still have. */
type Dictionaries = Map<object, arrow.Vector>;

/**
 * Record batches of any copy of apache-arrow as a table of the copy here. Buffers are taken as they are, not copied. Throws
 * `schema_mismatch` for batches of different columns, `invalid_schema` for types that no table has.
 */
export function adoptBatches(given: ArrowSchema, batches: readonly ArrowBatch[], first_index = 0): arrow.Table {
  const schema = new arrow.Schema(given.fields.map(adoptField), new Map(given.metadata));
  const type = new arrow.Struct(schema.fields);
  const dictionaries: Dictionaries = new Map();
  const adopted = batches.flatMap((batch, index) => {
    if (batch.schema !== given) requireColumns(batch, schema, first_index + index);
    // Batches of no rows may come without the buffers and children of their types.
    if (batch.numRows === 0) return [];
    const children = adoptChildren(batch.data, type, dictionaries);
    return [new arrow.RecordBatch(schema, arrow.makeData({ type, length: batch.numRows, nullCount: 0, children }))];
  });
  return adopted.length > 0 ? new arrow.Table(schema, adopted) : new arrow.Table(schema);
}

function requireColumns({ schema: { fields } }: ArrowBatch, schema: arrow.Schema, index: number): void {
  const isSame = ({ name, type }: arrow.Field, place: number) => {
    const field = fields[place];
    return field !== undefined && field.name === name && typeAlias(adoptField(field).type) === typeAlias(type);
  };
  if (fields.length === schema.fields.length && schema.fields.every(isSame)) return;
  throw new DeltacatError(
    'schema_mismatch',
    `Record batch ${index} has other columns than the first; write it by itself.`,
  );
}

/** A vector of any copy of apache-arrow as one of the copy here. */
export function adoptVector(vector: ArrowVector): arrow.Vector {
  if (vector instanceof arrow.Vector) return vector;
  const type = adoptType(vector.type);
  const dictionaries: Dictionaries = new Map();
  const chunks = vector.data.filter(({ length }) => length > 0).map((data) => adoptData(data, type, dictionaries));
  return new arrow.Vector(chunks.length > 0 ? chunks : [dataOf(type, { length: 0 })]);
}

function adoptChildren(data: ArrowData, type: arrow.DataType, dictionaries: Dictionaries): arrow.Data[] {
  const fields: arrow.Field[] = type.children ?? [];
  return fields.map((field, place) => {
    const child = data.children[place];
    if (child !== undefined) return adoptData(child, field.type, dictionaries);
    throw new DeltacatError(
      'invalid_request',
      `Arrow data has no values for "${field.name}"; was it made by apache-arrow?`,
    );
  });
}

function adoptData(given: ArrowData, type: arrow.DataType, dictionaries: Dictionaries): arrow.Data {
  if (given instanceof arrow.Data) return given;
  // Data has had these properties since apache-arrow 7; `variadicBuffers` is newer.
  const data = given as arrow.Data & { variadicBuffers?: Uint8Array[] };
  const { typeId } = given.type;
  if (typeId === NEWER.utf8_view || typeId === NEWER.binary_view) return adoptViews(data, type);
  const children = adoptChildren(data, type, dictionaries);
  const { offset, length, nullCount, nullBitmap, valueOffsets } = data;
  const buffers = {
    [arrow.BufferType.OFFSET]: typeId === NEWER.large_list ? shortOffsets(valueOffsets) : valueOffsets,
    [arrow.BufferType.DATA]: itemsOf(data.values, type),
    [arrow.BufferType.VALIDITY]: nullBitmap,
  };
  const dictionary = data.dictionary && adoptDictionary(data.dictionary, dictionaries);
  return new arrow.Data(type, offset, length, nullCount, buffers, children, dictionary);
}

function adoptDictionary(vector: arrow.Vector, dictionaries: Dictionaries): arrow.Vector {
  const adopted = dictionaries.get(vector) ?? adoptVector(vector);
  dictionaries.set(vector, adopted);
  return adopted;
}

/** Older copies keep some 64-bit values as pairs of 32 bits. */
function itemsOf(values: ArrayBufferView | undefined, type: arrow.DataType): ArrayBufferView | undefined {
  if (!values) return undefined;
  const ArrayType = arrow.DataType.isDictionary(type) ? type.indices.ArrayType : type.ArrayType;
  if (values instanceof ArrayType) return values;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return new ArrayType(bytes.buffer, 0, bytes.byteLength / ArrayType.BYTES_PER_ELEMENT);
}

const OFFSET_MAX = 2n ** 31n - 1n;

function shortOffsets(offsets: BigInt64Array): Int32Array {
  if ((offsets.at(-1) ?? 0n) <= OFFSET_MAX) return Int32Array.from(offsets, Number);
  throw new DeltacatError('not_supported', 'A chunk of lists has more than 2^31 items; split it.');
}

/** The most bytes that a view holds itself; of longer values it says in which buffer they are, and where. */
const INLINE_MAX = 12;
const VIEW_BYTES = 16;

function adoptViews(data: arrow.Data & { variadicBuffers?: Uint8Array[] }, type: arrow.DataType): arrow.Data {
  const { length, nullBitmap, offset, nullCount, variadicBuffers = [] } = data;
  const isNull = (bit: number) => nullCount > 0 && (((nullBitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0;
  const validity = new Validity(length);
  const ends = new Float64Array(length + 1);
  const values: Uint8Array[] = [];
  let end = 0;
  for (let row = 0; row < length; row++) {
    if (!isNull(offset + row)) {
      const value = viewedBytes(data.values.subarray(row * VIEW_BYTES, (row + 1) * VIEW_BYTES), variadicBuffers);
      validity.set(row);
      values.push(value);
      end += value.length;
    }
    ends[row + 1] = end;
  }
  const valueOffsets = offsetsOf(type, ends);
  const nulls = nullCount > 0 ? { nullCount, nullBitmap: validity.bitmap } : { nullCount };
  return dataOf(type, { length, ...nulls, valueOffsets, data: Buffer.concat(values, end) });
}

function viewedBytes(view: Uint8Array, buffers: Uint8Array[]): Uint8Array {
  const words = new DataView(view.buffer, view.byteOffset, view.byteLength);
  const size = words.getInt32(0, true);
  if (size <= INLINE_MAX) return view.subarray(4, 4 + size);
  const start = words.getInt32(12, true);
  return buffers[words.getInt32(8, true)]?.subarray(start, start + size) ?? new Uint8Array();
}

function dataOf(type: arrow.DataType, buffers: { length: number } & Record<string, unknown>): arrow.Data {
  // makeData is overloaded by type; the buffers are those of this very type.
  return arrow.makeData({ type, ...buffers } as Parameters<typeof arrow.makeData>[0]);
}
