import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { offsetsOf, Validity } from './buffers.ts';
import { copyRun, runOf } from './copy-run.ts';

/** The rows of a column that are wanted, in their order. Rows of several chunks are numbered on; -1 gives null. */
export type RowNumbers = Int32Array;

/** So many rows in their order, from the first one on. */
export function rowsFrom(first: number, count: number): RowNumbers {
  const rows = new Int32Array(count);
  for (let index = 0; index < count; index++) rows[index] = first + index;
  return rows;
}

/**
 * A new column of some rows of another, in plain buffers of its own: no offset, no chunks. Arrow's writers make mistakes
 * with sliced buffers that they do not make with these.
 */
export function gatherColumn(chunks: readonly arrow.Data[], rows: RowNumbers): arrow.Data {
  const [first] = chunks;
  if (first === undefined) throw new Error('a column has at least one chunk');
  const { type } = first;
  if (arrow.DataType.isNull(type)) return arrow.makeData({ type, length: rows.length, nullCount: rows.length });
  if (arrow.DataType.isUnion(type) || arrow.DataType.isInterval(type)) {
    throw new DeltacatError('not_supported', `Columns of type ${type} cannot be written here.`);
  }
  const run = runOf(chunks, rows);
  if (run !== null) return copyRun(run, type);
  const places = placesOf(chunks, rows);
  const validity = gatherValidity(chunks, places);
  const buffers = gatherBuffers(chunks, places, type);
  const bitmap = validity.null_count === 0 ? undefined : validity.bitmap;
  // makeData is overloaded by type; the buffers were gathered from data of this very type.
  const props = { type, length: rows.length, nullCount: validity.null_count, nullBitmap: bitmap, ...buffers };
  return arrow.makeData(props as Parameters<typeof arrow.makeData>[0]);
}

/** Where wanted rows are: the chunk of each, and the row within it (-1 for null). */
interface Places {
  chunk: Uint16Array | Uint32Array | null;
  row: Int32Array;
}

function placesOf(chunks: readonly arrow.Data[], rows: RowNumbers): Places {
  if (chunks.length === 1) return { chunk: null, row: rows };
  const starts = startsOf(chunks.map(({ length }) => length));
  const chunk = new Uint32Array(rows.length);
  const row = new Int32Array(rows.length).fill(-1);
  let at = 0;
  for (let index = 0; index < rows.length; index++) {
    const wanted = rows[index] ?? -1;
    if (wanted < 0) continue;
    if (wanted < (starts[at] ?? 0) || wanted >= (starts[at + 1] ?? 0)) at = findChunk(starts, wanted);
    chunk[index] = at;
    row[index] = wanted - (starts[at] ?? 0);
  }
  return { chunk, row };
}

function startsOf(lengths: number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push((starts.at(-1) ?? 0) + length);
  return starts;
}

/** The last chunk that starts at or before a row; chunks may be empty. */
function findChunk(starts: number[], row: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle;
  }
  return low;
}

function gatherValidity(chunks: readonly arrow.Data[], { chunk, row }: Places): Validity {
  const validity = new Validity(row.length);
  const bitmaps = chunks.map((data) => (data.nullCount === 0 || !data.nullBitmap?.length ? null : data.nullBitmap));
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    const place = chunk === null ? 0 : (chunk[index] ?? 0);
    const bitmap = bitmaps[place];
    if (at >= 0 && (!bitmap || isSet(bitmap, (chunks[place]?.offset ?? 0) + at))) validity.set(index);
    else validity.null_count += 1;
  }
  return validity;
}

function isSet(bitmap: Uint8Array, bit: number): boolean {
  return (((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
}

function gatherBuffers(chunks: readonly arrow.Data[], places: Places, type: arrow.DataType): object {
  if (arrow.DataType.isBool(type)) return gatherBits(chunks, places);
  if (arrow.DataType.isStruct(type)) return { children: gatherChildren(chunks, places, type) };
  if (arrow.DataType.isFixedSizeList(type)) return gatherFixedLists(chunks, places, type.listSize);
  if (arrow.DataType.isList(type) || arrow.DataType.isMap(type)) return gatherLists(chunks, places, type);
  if (arrow.DataType.isDictionary(type)) return gatherDictionary(chunks, places);
  const hasOffsets = chunks.some(({ valueOffsets }) => valueOffsets !== undefined);
  return hasOffsets ? gatherBytes(chunks, places, type) : { data: gatherFixed(chunks, places) };
}

function gatherBits(chunks: readonly arrow.Data[], { chunk, row }: Places): object {
  const bits = new Validity(row.length);
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    const data = chunks[chunk === null ? 0 : (chunk[index] ?? 0)];
    if (at >= 0 && data !== undefined && isSet(data.values, data.offset + at)) bits.set(index);
  }
  return { data: bits.bitmap };
}

function gatherFixed(chunks: readonly arrow.Data[], { chunk, row }: Places): unknown {
  const stride = chunks[0]?.stride ?? 1;
  const ArrayType = (chunks[0]?.values ?? new Uint8Array()).constructor;
  const out = new ArrayType(row.length * stride);
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    if (at < 0) continue;
    const values = chunks[chunk === null ? 0 : (chunk[index] ?? 0)]?.values;
    if (stride === 1) out[index] = values[at];
    else out.set(values.subarray(at * stride, (at + 1) * stride), index * stride);
  }
  return out;
}

/** Below this, a loop is faster than the call into `set`. */
const LOOP_BYTES_MAX = 24;

function gatherBytes(chunks: readonly arrow.Data[], { chunk, row }: Places, type: arrow.DataType): object {
  const ends = new Float64Array(row.length + 1);
  let end = 0;
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    const offsets = chunks[chunk === null ? 0 : (chunk[index] ?? 0)]?.valueOffsets;
    if (at >= 0) end += Number(offsets[at + 1]) - Number(offsets[at]);
    ends[index + 1] = end;
  }
  const out = new Uint8Array(end);
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    const data = chunks[chunk === null ? 0 : (chunk[index] ?? 0)];
    if (at < 0 || data === undefined) continue;
    const [from, to] = [Number(data.valueOffsets[at]), Number(data.valueOffsets[at + 1])];
    const place = ends[index] ?? 0;
    if (to - from > LOOP_BYTES_MAX) out.set(data.values.subarray(from, to), place);
    else for (let byte = from; byte < to; byte++) out[place + byte - from] = data.values[byte] ?? 0;
  }
  return { data: out, valueOffsets: offsetsOf(type, ends) };
}

function gatherChildren(chunks: readonly arrow.Data[], places: Places, type: arrow.DataType): arrow.Data[] {
  const starts = startsOf(chunks.map(({ length }) => length));
  const rows = places.row.map((at, index) => (at < 0 ? -1 : at + (starts[places.chunk?.[index] ?? 0] ?? 0)));
  return type.children.map((_, place) => gatherColumn(childrenAt(chunks, place), rows));
}

function childrenAt(chunks: readonly arrow.Data[], place: number): arrow.Data[] {
  return chunks.flatMap(({ children }) => children[place] ?? []);
}

function gatherFixedLists(chunks: readonly arrow.Data[], { chunk, row }: Places, width: number): object {
  const items = childrenAt(chunks, 0);
  const starts = startsOf(items.map(({ length }) => length));
  const rows = new Int32Array(row.length * width).fill(-1);
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    if (at < 0) continue;
    const first = (starts[chunk?.[index] ?? 0] ?? 0) + at * width;
    for (let item = 0; item < width; item++) rows[index * width + item] = first + item;
  }
  return { child: gatherColumn(items, rows) };
}

function gatherLists(chunks: readonly arrow.Data[], { chunk, row }: Places, type: arrow.DataType): object {
  const items = childrenAt(chunks, 0);
  const starts = startsOf(items.map(({ length }) => length));
  const ends = new Float64Array(row.length + 1);
  const rows: number[] = [];
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    const place = chunk?.[index] ?? 0;
    const offsets = chunks[place]?.valueOffsets;
    if (at >= 0) for (let item = offsets[at]; item < offsets[at + 1]; item++) rows.push((starts[place] ?? 0) + item);
    ends[index + 1] = rows.length;
  }
  return { child: gatherColumn(items, Int32Array.from(rows)), valueOffsets: offsetsOf(type, ends) };
}

/** Chunks may have dictionaries of their own: theirs are put one after another, and the indices moved on. */
function gatherDictionary(chunks: readonly arrow.Data[], { chunk, row }: Places): object {
  const dictionaries = chunks.map(({ dictionary }) => dictionary ?? new arrow.Vector([]));
  const same = dictionaries.every((dictionary) => dictionary === dictionaries[0]);
  if (same) return { data: gatherFixed(chunks, { chunk, row }), dictionary: dictionaries[0] };
  const starts = startsOf(dictionaries.map(({ length }) => length));
  const total = starts.at(-1) ?? 0;
  const [first] = chunks;
  const indices = new (first?.values ?? new Int32Array()).constructor(row.length);
  const limit = 2 ** (8 * indices.BYTES_PER_ELEMENT - 1);
  if (total >= limit) {
    throw new DeltacatError(
      'not_supported',
      'The chunks of a dictionary column hold more values than its indices can tell apart.',
    );
  }
  for (let index = 0; index < row.length; index++) {
    const at = row[index] ?? -1;
    const place = chunk?.[index] ?? 0;
    if (at >= 0) indices[index] = Number(chunks[place]?.values[at]) + (starts[place] ?? 0);
  }
  const values = dictionaries.flatMap(({ data }) => data);
  const all = rowsFrom(0, total);
  return { data: indices, dictionary: new arrow.Vector([gatherColumn(values, all)]) };
}
