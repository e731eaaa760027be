import * as arrow from 'apache-arrow';
import { gatherColumn } from '../columns/gather.ts';

/** A column as it goes into a file: its type there, and the buffers. */
export interface StoredColumn {
  type: arrow.DataType;
  data: arrow.Data;
}

/** Lists of a fixed size become lists where they have nulls, or everywhere. */
type FixedLists = 'with nulls' | 'all';

type Store = (data: arrow.Data, type: arrow.DataType, lists: FixedLists) => StoredColumn | null;

/**
 * A gathered column in a form that Parquet has and that every reader reads back as Arrow. Seconds and dates in
 * milliseconds would come back as bare numbers, so they are stored as milliseconds and days, as by other Arrow writers;
 * null lists of a fixed size stop Arrow's C++ reader, so they are stored as lists. Parts of a column have one type only when
 * `all` of these become lists, or none.
 */
export function storedColumn(data: arrow.Data, lists: FixedLists = 'with nulls'): StoredColumn {
  for (const store of STORES) {
    const stored = store(data, data.type, lists);
    if (stored !== null) return stored;
  }
  return { type: data.type, data };
}

const STORES: Store[] = [
  (data, type) =>
    arrow.DataType.isTimestamp(type) && type.unit === arrow.TimeUnit.SECOND
      ? converted(data, new arrow.Timestamp(arrow.TimeUnit.MILLISECOND, type.timezone), secondsToMilliseconds)
      : null,
  (data, type) =>
    arrow.DataType.isTime(type) && type.unit === arrow.TimeUnit.SECOND
      ? converted(data, new arrow.Time(arrow.TimeUnit.MILLISECOND, 32), secondsOfDayToMilliseconds)
      : null,
  (data, type) =>
    arrow.DataType.isDate(type) && type.unit === arrow.DateUnit.MILLISECOND
      ? converted(data, new arrow.DateDay(), millisecondsToDays)
      : null,
  (data, type) =>
    arrow.DataType.isBool(type) && data.length > 0 && data.nullCount === data.length ? nullBits(data) : null,
  (data, type, lists) =>
    arrow.DataType.isFixedSizeList(type) && (lists === 'all' || data.nullCount > 0) ? asLists(data, type, lists) : null,
  nested,
];

function converted<V>(data: arrow.Data, type: arrow.DataType, convert: (values: V) => unknown): StoredColumn {
  const { length, nullCount, nullBitmap } = data;
  // A type fixes the array of its values, so the converter gets the one it is for.
  const props = { type, length, nullCount, nullBitmap, data: convert(data.values as V) };
  return { type, data: arrow.makeData(props as Parameters<typeof arrow.makeData>[0]) };
}

function secondsToMilliseconds(values: BigInt64Array): BigInt64Array {
  return values.map((value) => value * 1000n);
}

function secondsOfDayToMilliseconds(values: Int32Array): Int32Array {
  return values.map((value) => value * 1000);
}

const MS_PER_DAY = 86_400_000n;

function millisecondsToDays(values: BigInt64Array): Int32Array {
  return Int32Array.from(values, (value) => Number(value / MS_PER_DAY));
}

/**
 * apache-arrow writes no bits at all for booleans that are all null, and other readers then miss them. Bytes of zeros
 * in their place are bits enough.
 */
function nullBits({ type, length, nullCount, nullBitmap }: arrow.Data): StoredColumn {
  const zeros = { type: new arrow.Int8(), length, nullCount, nullBitmap, data: new Int8Array(length) };
  return { type, data: arrow.makeData(zeros) };
}

function asLists(data: arrow.Data, type: arrow.FixedSizeList, lists: FixedLists): StoredColumn {
  const { length, nullCount, nullBitmap, children } = data;
  const valueOffsets = new Int32Array(length + 1);
  const rows: number[] = [];
  for (let row = 0; row < length; row++) {
    if (data.getValid(row)) for (let item = 0; item < type.listSize; item++) rows.push(row * type.listSize + item);
    valueOffsets[row + 1] = rows.length;
  }
  const child = storedColumn(gatherColumn(children, Int32Array.from(rows)), lists);
  const [field] = withTypes(type.children, [child.type]);
  const list = new arrow.List(field ?? new arrow.Field('item', child.type));
  return {
    type: list,
    data: arrow.makeData({ type: list, length, nullCount, nullBitmap, valueOffsets, child: child.data }),
  };
}

function nested(data: arrow.Data, type: arrow.DataType, lists: FixedLists): StoredColumn | null {
  const stored = data.children.map((child) => storedColumn(child, lists));
  if (stored.every(({ data: child }, index) => child === data.children[index])) return null;
  const fields = withTypes(
    type.children,
    stored.map((child) => child.type),
  );
  const children = stored.map((child) => child.data);
  const storedType = withChildren(type, fields);
  return {
    type: storedType,
    data: data.clone(storedType, data.offset, data.length, data.nullCount, undefined, children),
  };
}

function withTypes(fields: arrow.Field[], types: arrow.DataType[]): arrow.Field[] {
  return fields.map(({ name, type, nullable, metadata }, index) => {
    return new arrow.Field(name, types[index] ?? type, nullable, metadata);
  });
}

function withChildren(type: arrow.DataType, fields: arrow.Field[]): arrow.DataType {
  const [first] = fields;
  if (arrow.DataType.isStruct(type) || first === undefined) return new arrow.Struct(fields);
  if (arrow.DataType.isFixedSizeList(type)) return new arrow.FixedSizeList(type.listSize, first);
  // A map's only child is the struct of its entries, of which only types have changed.
  if (arrow.DataType.isMap(type)) return new arrow.Map_(first as arrow.Map_['children'][0], type.keysSorted);
  return new arrow.List(first);
}
