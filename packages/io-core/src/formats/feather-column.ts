import * as arrow from 'apache-arrow';
import { gatherColumn } from '../columns/gather.ts';
import type { Layout } from '../schema/message.ts';

/** What is left to read of a column: its nodes and buffers, depth first, and the dictionaries it may refer to. */
export interface ColumnParts {
  nodes: { length: number }[];
  buffers: Uint8Array[];
  /** How many buffers each column of views has beside its own. */
  variadic_counts: number[];
  dictionaries: ReadonlyMap<number, arrow.Vector>;
}

/** How much of a batch's lists one column takes. */
export interface ColumnSpan {
  nodes: number;
  buffers: number;
  variadic: number;
}

/** The codes of types in Arrow's Schema.fbs, as far as their layouts differ. */
const CODE = { null: 1, list_view: 25, large_list_view: 26, binary_view: 23, utf8_view: 24, large_list: 21 } as const;

/** Buffers of a type by its code, its children's left out. */
const BUFFERS: Record<number, number> = {
  [CODE.null]: 0,
  4: 3, // Binary
  5: 3, // Utf8
  13: 1, // Struct
  16: 1, // FixedSizeList
  19: 3, // LargeBinary
  20: 3, // LargeUtf8
  [CODE.list_view]: 3,
  [CODE.large_list_view]: 3,
};
const BUFFERS_OTHERS = 2;

/** Moves a place in a batch's lists past one column, to tell how much it takes. */
export function passColumn(type: arrow.DataType, layout: Layout, at: ColumnSpan & { counts: number[] }): void {
  at.nodes += 1;
  if (arrow.DataType.isDictionary(type)) {
    at.buffers += BUFFERS_OTHERS;
    return;
  }
  at.buffers += BUFFERS[layout.code] ?? BUFFERS_OTHERS;
  if (isView(layout)) {
    at.buffers += at.counts[at.variadic] ?? 0;
    at.variadic += 1;
  }
  for (const [index, child] of layout.children.entries()) passColumn(childType(type, index), child, at);
}

function isView({ code }: Layout): boolean {
  return code === CODE.binary_view || code === CODE.utf8_view;
}

function childType(type: arrow.DataType, index: number): arrow.DataType {
  const child: arrow.Field | undefined = type.children?.[index];
  if (child === undefined) throw new RangeError('a type in it lacks its children');
  return child.type;
}

/**
 * A column of its parts, which are used up. Every length and offset is checked against what is there, so that damaged bytes are a
 * RangeError. Large lists and views become the plain layout of the same values.
 */
export function takeColumn(type: arrow.DataType, layout: Layout, parts: ColumnParts): arrow.Data {
  const length = parts.nodes.shift()?.length ?? -1;
  if (length < 0 || length > 2 ** 31 - 2) throw new RangeError('a column in it has no length');
  if (layout.code === CODE.null) return arrow.makeData({ type: new arrow.Null(), length, nullCount: length });
  const bitmap = takeBitmap(length, parts);
  // Arrow counts the nulls itself.
  const nulls = bitmap === null ? { nullCount: 0 } : { nullCount: -1, nullBitmap: bitmap };
  const made = (props: object) =>
    // The buffers were taken for this very type.
    arrow.makeData({ type, length, ...nulls, ...props } as Parameters<typeof arrow.makeData>[0]);
  if (arrow.DataType.isDictionary(type)) return made(takeIndices(type, length, { parts, bitmap }));
  if (isView(layout)) return made(takeViews(length, parts, bitmap));
  if (hasBytes(type)) return made(takeBytes(type, length, parts));
  if (arrow.DataType.isStruct(type)) return made({ children: takeChildren(type, layout, { parts, length }) });
  if (arrow.DataType.isFixedSizeList(type)) {
    return made({ child: takeChildren(type, layout, { parts, length: length * type.listSize })[0] });
  }
  if (arrow.DataType.isList(type) || arrow.DataType.isMap(type)) return made(takeList(type, layout, { parts, length }));
  return made({ data: takeFixed(type, length, takeBuffer(parts)) });
}

function takeBuffer({ buffers }: ColumnParts): Uint8Array {
  const buffer = buffers.shift();
  if (buffer === undefined) throw new RangeError('a column in it lacks a buffer');
  return buffer;
}

/** Which rows have a value; null where all do. */
function takeBitmap(length: number, parts: ColumnParts): Uint8Array | null {
  const bitmap = takeBuffer(parts);
  if (bitmap.length === 0) return null;
  if (bitmap.length * 8 < length) throw new RangeError('a column in it is shorter than its batch');
  return bitmap;
}

function isValid(bitmap: Uint8Array | null, row: number): boolean {
  return bitmap === null || (((bitmap[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
}

interface NumberArray<A> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  BYTES_PER_ELEMENT: number;
}

/** The first numbers of a buffer, which no rows may leave empty. */
function numbers<A>(Numbers: NumberArray<A>, length: number, bytes: Uint8Array): A {
  const width = Numbers.BYTES_PER_ELEMENT;
  if (bytes.length < length * width) throw new RangeError('a column in it is shorter than its batch');
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return new Numbers(aligned.buffer, aligned.byteOffset, length);
}

function takeFixed(type: arrow.DataType, length: number, bytes: Uint8Array): unknown {
  if (arrow.DataType.isBool(type)) return numbers(Uint8Array, (length + 7) >> 3, bytes);
  if (arrow.DataType.isFixedSizeBinary(type)) return numbers(Uint8Array, length * type.byteWidth, bytes);
  if (arrow.DataType.isDecimal(type)) return numbers(Uint32Array, length * (type.bitWidth / 32), bytes);
  return numbers(type.ArrayType as NumberArray<unknown>, length, bytes);
}

function hasBytes(type: arrow.DataType): boolean {
  const { DataType } = arrow;
  return DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isLargeUtf8(type) || DataType.isLargeBinary(type);
}

function takeBytes(type: arrow.DataType, length: number, parts: ColumnParts) {
  const isLarge = arrow.DataType.isLargeUtf8(type) || arrow.DataType.isLargeBinary(type);
  const offsets = isLarge ? takeOffsets(BigInt64Array, length, parts) : takeOffsets(Int32Array, length, parts);
  const data = takeBuffer(parts);
  requireRising(offsets, data.length);
  return { valueOffsets: offsets, data };
}

function takeOffsets<A extends Int32Array | BigInt64Array>(
  Numbers: NumberArray<A>,
  length: number,
  parts: ColumnParts,
): A {
  const bytes = takeBuffer(parts);
  if (length === 0 && bytes.length === 0) return numbers(Numbers, 1, new Uint8Array(8));
  return numbers(Numbers, length + 1, bytes);
}

function requireRising(offsets: Int32Array | BigInt64Array, end: number): void {
  let last = Number(offsets[0]);
  if (last < 0) throw new RangeError('a column in it begins before its values');
  for (const offset of offsets) {
    const next = Number(offset);
    if (next < last) throw new RangeError('the values of a column in it overlap');
    last = next;
  }
  if (last > end) throw new RangeError('a column in it ends after its values');
}

const VIEW_BYTES = 16;
const VIEW_INLINE_MAX = 12;
/** What the offsets of a plain column can address. */
const VALUE_BYTES_MAX = 2 ** 31 - 1;

/** Values of which each tells where it is: up to 12 bytes in place, longer ones in one of the buffers that follow. */
function takeViews(length: number, parts: ColumnParts, bitmap: Uint8Array | null) {
  const views = takeBuffer(parts);
  if (views.length < length * VIEW_BYTES) throw new RangeError('a column in it is shorter than its batch');
  const buffers = Array.from({ length: parts.variadic_counts.shift() ?? 0 }, () => takeBuffer(parts));
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  const valueAt = (row: number): Uint8Array => {
    const at = row * VIEW_BYTES;
    const size = view.getInt32(at, true);
    if (size >= 0 && size <= VIEW_INLINE_MAX) return views.subarray(at + 4, at + 4 + size);
    const buffer = buffers[view.getInt32(at + 8, true)];
    const start = view.getInt32(at + 12, true);
    if (size < 0 || start < 0 || buffer === undefined || start + size > buffer.length) {
      throw new RangeError('a value in it lies outside of its buffers');
    }
    return buffer.subarray(start, start + size);
  };
  const valueOffsets = new Int32Array(length + 1);
  let end = 0;
  for (let row = 0; row < length; row++) {
    if (isValid(bitmap, row)) end += valueAt(row).length;
    if (end > VALUE_BYTES_MAX) throw new RangeError('a column in it holds more than 2 GiB in one batch');
    valueOffsets[row + 1] = end;
  }
  const data = new Uint8Array(end);
  for (let row = 0; row < length; row++) if (isValid(bitmap, row)) data.set(valueAt(row), valueOffsets[row]);
  return { valueOffsets, data };
}

interface Nested {
  parts: ColumnParts;
  length: number;
}

function takeChildren(type: arrow.DataType, layout: Layout, { parts, length }: Nested): arrow.Data[] {
  return layout.children.map((child, index) => {
    const data = takeColumn(childType(type, index), child, parts);
    if (data.length < length) throw new RangeError('a nested column in it is shorter than its batch');
    return data;
  });
}

function takeList(type: arrow.DataType, layout: Layout, { parts, length }: Nested) {
  if (layout.code === CODE.list_view || layout.code === CODE.large_list_view) {
    return takeListViews(type, layout, { parts, length });
  }
  const isLarge = layout.code === CODE.large_list;
  const offsets = isLarge ? takeOffsets(BigInt64Array, length, parts) : takeOffsets(Int32Array, length, parts);
  const [child] = takeChildren(type, layout, { parts, length: 0 });
  requireRising(offsets, child?.length ?? 0);
  return { valueOffsets: offsets instanceof Int32Array ? offsets : Int32Array.from(offsets, Number), child };
}

/** Lists may share items; more of them than this in a batch are not what a writer makes. */
const VIEWED_ITEMS_MAX = 2 ** 27;

function takeListViews(type: arrow.DataType, layout: Layout, { parts, length }: Nested) {
  const Numbers: NumberArray<Int32Array | BigInt64Array> =
    layout.code === CODE.large_list_view ? BigInt64Array : Int32Array;
  const [offsets, sizes] = [takeBuffer(parts), takeBuffer(parts)].map((bytes) => numbers(Numbers, length, bytes));
  const [child] = takeChildren(type, layout, { parts, length: 0 });
  if (child === undefined) throw new RangeError('a list in it lacks its items');
  const valueOffsets = new Int32Array(length + 1);
  const items: number[] = [];
  for (let row = 0; row < length; row++) {
    const [start, size] = [Number(offsets?.[row]), Number(sizes?.[row])];
    if (size < 0 || start < 0 || start + size > child.length || items.length + size > VIEWED_ITEMS_MAX) {
      throw new RangeError('a list in it lies outside of its items');
    }
    for (let item = start; item < start + size; item++) items.push(item);
    valueOffsets[row + 1] = items.length;
  }
  return { valueOffsets, child: gatherColumn([child], Int32Array.from(items)) };
}

function takeIndices(
  type: arrow.Dictionary,
  length: number,
  { parts, bitmap }: { parts: ColumnParts; bitmap: Uint8Array | null },
) {
  const data = takeFixed(type.indices, length, takeBuffer(parts)) as ArrayLike<number | bigint>;
  const dictionary = parts.dictionaries.get(type.id);
  if (dictionary === undefined) throw new RangeError('a dictionary in it is missing');
  for (let row = 0; row < length; row++) {
    const index = Number(data[row]);
    if (isValid(bitmap, row) && (index < 0 || index >= dictionary.length)) {
      throw new RangeError('a value in it is not in its dictionary');
    }
  }
  return { data, dictionary };
}
