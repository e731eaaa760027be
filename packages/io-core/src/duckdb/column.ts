import { DeltacatError } from '@deltacat/contract';
import { Data, DataType, type Float, Precision, TimeUnit } from 'apache-arrow';
import { GrowingBits, GrowingBytes, GrowingOffsets, GrowingValidity } from './growing.ts';
import { isSet, type RawVector } from './raw-vector.ts';

/** One column of a batch in the making. */
export interface Column {
  /** Appends rows `start` to `start + count` of a vector. */
  append(vector: RawVector, start: number, count: number): void;
  appendNulls(count: number): void;
  /** Roughly how much memory the column holds. */
  byteLength(): number;
  /** The rows so far as an Arrow column; what is appended after begins the next one. */
  finish(): Data;
}

/** What a column says of its data when it is finished: Arrow's buffers by their numbers. */
export interface Finished {
  type: DataType;
  validity: GrowingValidity;
  offsets?: ArrayBufferView;
  values?: ArrayBufferView;
  children?: Data[];
}

/** Puts a finished column together. */
export function dataOf({ type, validity, offsets, values, children }: Finished): Data {
  const { length, nulls, bitmap } = validity.finish();
  const buffers = {
    ...(offsets && { 0: offsets }),
    ...(values && { 1: values }),
    ...(bitmap && { 2: bitmap }),
  };
  return new Data(type, 0, length, nulls, buffers, children);
}

/** The column of a type without parts, or null for types that have some. */
export function plainColumn(type: DataType): Column | null {
  if (DataType.isNull(type)) return nullColumn(type);
  if (DataType.isBool(type)) return boolColumn(type);
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return bytesColumn(type, Int32Array);
  if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) return bytesColumn(type, BigInt64Array);
  if (DataType.isFixedSizeBinary(type)) return fixedBytesColumn(type, type.byteWidth);
  const widening = wideningOf(type);
  if (widening !== null) return convertedColumn(type, widening);
  if (DataType.isInt(type)) return sameColumn(type, type.bitWidth / 8);
  if (DataType.isFloat(type)) return sameColumn(type, type.precision === Precision.DOUBLE ? 8 : 4);
  if (DataType.isDate(type)) return sameColumn(type, 4);
  const eight = DataType.isTime(type) || DataType.isTimestamp(type) || DataType.isDuration(type);
  return eight ? sameColumn(type, 8) : null;
}

/** Bytes as an array of what a column of the type holds. */
function typed(type: DataType, bytes: Uint8Array<ArrayBuffer>): ArrayBufferView {
  // Arrow gives every type without parts its array class.
  const ArrayType = type.ArrayType as new (buffer: ArrayBuffer) => ArrayBufferView;
  return new ArrayType(bytes.buffer);
}

/** DuckDB and Arrow lay out the same values alike: they are copied as they are. */
function sameColumn(type: DataType, width: number): Column {
  const bytes = new GrowingBytes();
  const validity = new GrowingValidity();
  return {
    append(vector, start, count) {
      const at = bytes.extend(count * width);
      bytes.bytes.set(vector.data(width).subarray(start * width, (start + count) * width), at);
      validity.append(vector.validity, start, count);
    },
    appendNulls(count) {
      bytes.extend(count * width);
      validity.appendNulls(count);
    },
    byteLength: () => bytes.length,
    finish: () => dataOf({ type, validity, values: typed(type, bytes.finish()) }),
  };
}

/** How DuckDB's values become Arrow's where the two differ in width or unit. */
interface Widening {
  from: number;
  to: number;
  convert(source: DataView, target: DataView, count: number): void;
}

function convertedColumn(type: DataType, { from, to, convert }: Widening): Column {
  const bytes = new GrowingBytes();
  const validity = new GrowingValidity();
  return {
    append(vector, start, count) {
      const at = bytes.extend(count * to);
      const data = vector.data(from);
      const source = new DataView(data.buffer, data.byteOffset + start * from, count * from);
      convert(source, new DataView(bytes.bytes.buffer, at, count * to), count);
      validity.append(vector.validity, start, count);
    },
    appendNulls(count) {
      bytes.extend(count * to);
      validity.appendNulls(count);
    },
    byteLength: () => bytes.length,
    finish: () => dataOf({ type, validity, values: typed(type, bytes.finish()) }),
  };
}

const MS_PER_DAY = 86_400_000n;
const MICROS_PER: Partial<Record<TimeUnit, bigint>> = {
  [TimeUnit.SECOND]: 1_000_000n,
  [TimeUnit.MILLISECOND]: 1000n,
};

function wideningOf(type: DataType): Widening | null {
  if (DataType.isDecimal(type)) return decimalWidening(type.precision, type.bitWidth / 8);
  if (DataType.isFloat(type) && type.precision === Precision.HALF) return halfNarrowing(type);
  // 1 is the unit of days' milliseconds: DuckDB counts days only.
  if (DataType.isDate(type) && type.unit === 1) {
    return each(4, 8, (source, at) => BigInt(source.getInt32(at, true)) * MS_PER_DAY);
  }
  const coarse = DataType.isTime(type) || (DataType.isTimestamp(type) && type.timezone);
  if (!coarse || type.unit === TimeUnit.MICROSECOND) return null;
  const micros = MICROS_PER[type.unit];
  if (micros !== undefined) {
    return each(8, DataType.isTime(type) ? 4 : 8, (source, at) => source.getBigInt64(at, true) / micros);
  }
  // DuckDB reads both in microseconds.
  return each(8, 8, (source, at) => source.getBigInt64(at, true) * 1000n);
}

function each(from: number, to: 4 | 8, read: (source: DataView, at: number) => bigint): Widening {
  return {
    from,
    to,
    convert(source, target, count) {
      for (let row = 0; row < count; row++) {
        const value = BigInt.asIntN(64, read(source, row * from));
        if (to === 8) target.setBigInt64(row * 8, value, true);
        else target.setInt32(row * 4, Number(BigInt.asIntN(32, value)), true);
      }
    },
  };
}

function halfNarrowing(_type: Float): Widening {
  return {
    from: 4,
    to: 2,
    convert(source, target, count) {
      for (let row = 0; row < count; row++) target.setUint16(row * 2, halfBits(source.getFloat32(row * 4, true)), true);
    },
  };
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The 16 bits of a number that came from a half: such numbers are exact, so nothing is rounded. */
function halfBits(value: number): number {
  float[0] = value;
  const bits = floatBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  const fraction = (bits >>> 13) & 0x3ff;
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent > 0) return sign | (exponent << 10) | fraction;
  if (exponent < -10) return sign;
  return sign | ((0x400 | fraction) >> (1 - exponent));
}

/** DuckDB stores a decimal in 2, 4, 8 or 16 bytes, by its digits; Arrow in 16 or 32. */
function decimalWidening(precision: number, to: number): Widening {
  const from = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
  return {
    from,
    to,
    convert(source, target, count) {
      for (let row = 0; row < count; row++) {
        const at = row * to;
        const sign = source.getInt8(row * from + from - 1) < 0 ? -1 : 0;
        if (from < 4) target.setInt32(at, source.getInt16(row * from, true), true);
        for (let part = 0; part < from - 3; part += 4)
          target.setInt32(at + part, source.getInt32(row * from + part, true), true);
        for (let part = Math.max(4, from); part < to; part += 4) target.setInt32(at + part, sign, true);
      }
    },
  };
}

function nullColumn(type: DataType): Column {
  let length = 0;
  return {
    append: (_vector, _start, count) => {
      length += count;
    },
    appendNulls: (count) => {
      length += count;
    },
    byteLength: () => 0,
    finish() {
      const rows = length;
      length = 0;
      return new Data(type, 0, rows, rows);
    },
  };
}

function boolColumn(type: DataType): Column {
  const bits = new GrowingBits();
  const validity = new GrowingValidity();
  return {
    append(vector, start, count) {
      bits.pack(vector.data(1).subarray(start, start + count));
      validity.append(vector.validity, start, count);
    },
    appendNulls(count) {
      bits.fill(false, count);
      validity.appendNulls(count);
    },
    byteLength: () => validity.length >> 3,
    finish: () => dataOf({ type, validity, values: bits.finish() }),
  };
}

function bytesColumn(type: DataType, Offsets: typeof Int32Array | typeof BigInt64Array): Column {
  const bytes = new GrowingBytes();
  const validity = new GrowingValidity();
  const ends = new GrowingOffsets();
  return {
    append(vector, start, count) {
      const { validity: bits } = vector;
      const entries = vector.entries();
      for (let row = start; row < start + count; row++) {
        if (bits === null || isSet(bits, row)) {
          const length = entries[row * 4] ?? 0;
          const at = bytes.extend(length);
          vector.copyBytes(row, length, { target: bytes.bytes, at });
        }
        ends.push(bytes.length);
      }
      validity.append(bits, start, count);
    },
    appendNulls(count) {
      for (let row = 0; row < count; row++) ends.push(bytes.length);
      validity.appendNulls(count);
    },
    byteLength: () => bytes.length + ends.byteLength,
    finish() {
      const narrow = ends.finish();
      const offsets = Offsets === Int32Array ? narrow : BigInt64Array.from(narrow, BigInt);
      return dataOf({ type, validity, offsets, values: bytes.finish() });
    },
  };
}

function fixedBytesColumn(type: DataType, width: number): Column {
  const bytes = new GrowingBytes();
  const validity = new GrowingValidity();
  return {
    append(vector, start, count) {
      const { validity: bits } = vector;
      const entries = vector.entries();
      for (let row = start; row < start + count; row++) {
        const at = bytes.extend(width);
        if (bits !== null && !isSet(bits, row)) continue;
        const length = entries[row * 4] ?? 0;
        if (length !== width) throw wrongWidth(type, length);
        vector.copyBytes(row, length, { target: bytes.bytes, at });
      }
      validity.append(bits, start, count);
    },
    appendNulls(count) {
      bytes.extend(count * width);
      validity.appendNulls(count);
    },
    byteLength: () => bytes.length,
    finish: () => dataOf({ type, validity, values: bytes.finish() }),
  };
}

function wrongWidth(type: DataType, length: number): DeltacatError {
  return new DeltacatError(
    'schema_mismatch',
    `A file holds a value of ${length} bytes where its table has ${type}; rewrite the file or widen the column.`,
  );
}
