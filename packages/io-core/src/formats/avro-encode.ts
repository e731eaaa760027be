import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { Moment } from '../columns/encode.ts';
import type { Decimal } from '../values/decimal.ts';

/** Values that were encoded, one after another. */
export class AvroSink {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  length = 0;

  #reserve(size: number): number {
    const start = this.length;
    if (start + size > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, start + size));
      this.#bytes.copy(grown, 0, 0, start);
      this.#bytes = grown;
    }
    this.length += size;
    return start;
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  float(value: number): void {
    this.#bytes.writeFloatLE(value, this.#reserve(4));
  }

  double(value: number): void {
    this.#bytes.writeDoubleLE(value, this.#reserve(8));
  }

  /** A zigzag number in groups of seven bits. */
  long(value: number | bigint): void {
    if (typeof value === 'number' && value >= -(2 ** 30) && value < 2 ** 30) {
      let rest = ((value << 1) ^ (value >> 31)) >>> 0;
      for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
      this.byte(rest);
      return;
    }
    const wide = BigInt(value);
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest));
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  bytes(bytes: Uint8Array): void {
    this.long(bytes.length);
    this.raw(bytes);
  }

  /** Takes what was encoded so far out. */
  finish(): Buffer {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.length));
    this.length = 0;
    return bytes;
  }
}

/** Writes one value of a column, as `readColumn` gives it. */
export type AvroEncoder = (sink: AvroSink, value: unknown) => void;

/** What a column is in an Avro file: its schema there, and how its values are written. */
export interface AvroShape {
  schema: unknown;
  encode: AvroEncoder;
}

/** Avro's names are those of most programming languages. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names the records and fixed types of one file, which must differ. */
export type NameType = (kind: string) => string;

/**
 * The shape of a field, which is a union with null where it may be null. Throws `not_supported`, naming the column, for types and
 * names that Avro does not have.
 */
export function avroField({ name, type, nullable }: arrow.Field, column: string, nameType: NameType) {
  if (!NAME.test(name)) {
    const message = `Column "${column}" cannot be written as Avro: names there are of letters, digits and underscores, and ${JSON.stringify(name)} is not. Write Parquet, or rename it.`;
    throw new DeltacatError('not_supported', message, { column });
  }
  const { schema, encode } = nullableShape(type, nullable, { column, nameType });
  return { name, schema, encode };
}

interface Naming {
  column: string;
  nameType: NameType;
}

function nullableShape(type: arrow.DataType, nullable: boolean, naming: Naming): AvroShape {
  const shape = shapeOf(type, naming);
  if (!nullable || shape.schema === 'null') return shape;
  return {
    schema: ['null', shape.schema],
    encode: (sink, value) => {
      const isNull = value === null || value === undefined;
      sink.long(isNull ? 0 : 1);
      if (!isNull) shape.encode(sink, value);
    },
  };
}

function shapeOf(type: arrow.DataType, naming: Naming): AvroShape {
  if (arrow.DataType.isDictionary(type)) return shapeOf(type.dictionary, naming);
  for (const shape of SHAPES) {
    const found = shape(type, naming);
    if (found !== null) return found;
  }
  throw new DeltacatError(
    'not_supported',
    `Column "${naming.column}" is of type ${type}, which Avro cannot hold; write Parquet, or leave the column out.`,
    { column: naming.column },
  );
}

type Shape = (type: arrow.DataType, naming: Naming) => AvroShape | null;

// What is read from a column is of the class that its type tells, here and below.
const SHAPES: Shape[] = [
  (type) => (arrow.DataType.isNull(type) ? { schema: 'null', encode: () => {} } : null),
  (type) =>
    arrow.DataType.isBool(type) ? { schema: 'boolean', encode: (sink, value) => sink.byte(value ? 1 : 0) } : null,
  (type, { column }) => (arrow.DataType.isInt(type) ? intShape(type, column) : null),
  (type) => (arrow.DataType.isFloat(type) ? floatShape(type) : null),
  (type) =>
    arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type)
      ? { schema: 'string', encode: (sink, value) => sink.bytes(Buffer.from(value as string)) }
      : null,
  (type) =>
    arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type)
      ? { schema: 'bytes', encode: (sink, value) => sink.bytes(value as Uint8Array) }
      : null,
  (type, { nameType }) =>
    arrow.DataType.isFixedSizeBinary(type)
      ? {
          schema: { type: 'fixed', name: nameType('fixed'), size: type.byteWidth },
          encode: (sink, value) => sink.raw(value as Uint8Array),
        }
      : null,
  (type) => (arrow.DataType.isDecimal(type) ? decimalShape(type) : null),
  timeShape,
  nestedShape,
];

const INT64_MAX = 2n ** 63n - 1n;

function intShape({ bitWidth, isSigned }: arrow.Int, column: string): AvroShape {
  const isInt = bitWidth < 32 || (bitWidth === 32 && isSigned);
  if (bitWidth < 64 || isSigned) {
    return { schema: isInt ? 'int' : 'long', encode: (sink, value) => sink.long(value as number | bigint) };
  }
  return {
    schema: 'long',
    encode: (sink, value) => {
      if (BigInt(value as bigint) <= INT64_MAX) return sink.long(value as bigint);
      const message = `Column "${column}" holds ${value}, which is beyond the numbers of Avro. Write another format.`;
      throw new DeltacatError('schema_mismatch', message, { column });
    },
  };
}

function floatShape({ precision }: arrow.Float): AvroShape {
  return precision === arrow.Precision.DOUBLE
    ? { schema: 'double', encode: (sink, value) => sink.double(value as number) }
    : { schema: 'float', encode: (sink, value) => sink.float(value as number) };
}

function decimalShape({ precision, scale }: arrow.Decimal): AvroShape | null {
  if (scale < 0 || scale > precision) return null;
  return {
    schema: { type: 'bytes', logicalType: 'decimal', precision, scale },
    encode: (sink, value) => sink.bytes(twosComplement((value as Decimal).digits)),
  };
}

/** Big-endian, in as few bytes as keep the sign. */
function twosComplement(digits: bigint): Uint8Array {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, digits) !== digits) bytes += 1;
  return Buffer.from(
    BigInt.asUintN(bytes * 8, digits)
      .toString(16)
      .padStart(bytes * 2, '0'),
    'hex',
  );
}

const NS = { milli: 1_000_000n, micro: 1_000n, nano: 1n } as const;

/** Times count their unit; seconds become milliseconds, which Avro has instead. */
function timeShape(type: arrow.DataType): AvroShape | null {
  if (arrow.DataType.isDate(type)) return counted({ type: 'int', logicalType: 'date' }, 86_400_000_000_000n);
  if (arrow.DataType.isDuration(type)) return counted('long', momentUnit(type.unit));
  if (arrow.DataType.isTime(type)) {
    if (type.unit === arrow.TimeUnit.NANOSECOND) return null;
    return type.unit === arrow.TimeUnit.MICROSECOND
      ? counted({ type: 'long', logicalType: 'time-micros' }, NS.micro)
      : counted({ type: 'int', logicalType: 'time-millis' }, NS.milli);
  }
  if (!arrow.DataType.isTimestamp(type)) return null;
  const kind = type.timezone ? 'timestamp' : 'local-timestamp';
  if (type.unit === arrow.TimeUnit.NANOSECOND) return counted({ type: 'long', logicalType: `${kind}-nanos` }, NS.nano);
  return type.unit === arrow.TimeUnit.MICROSECOND
    ? counted({ type: 'long', logicalType: `${kind}-micros` }, NS.micro)
    : counted({ type: 'long', logicalType: `${kind}-millis` }, NS.milli);
}

function momentUnit(unit: arrow.TimeUnit): bigint {
  if (unit === arrow.TimeUnit.SECOND) return 1_000_000_000n;
  if (unit === arrow.TimeUnit.MILLISECOND) return NS.milli;
  return unit === arrow.TimeUnit.MICROSECOND ? NS.micro : NS.nano;
}

function counted(schema: unknown, unit_ns: bigint): AvroShape {
  return { schema, encode: (sink, value) => sink.long(value instanceof Moment ? value.ns / unit_ns : 0) };
}

function nestedShape(type: arrow.DataType, naming: Naming): AvroShape | null {
  if (arrow.DataType.isList(type) || arrow.DataType.isFixedSizeList(type)) {
    const [field] = type.children;
    const items = nullableShape(type.valueType, field?.nullable ?? true, naming);
    return { schema: { type: 'array', items: items.schema }, encode: listEncoder(items.encode) };
  }
  if (arrow.DataType.isMap(type)) return mapShape(type, naming);
  if (!arrow.DataType.isStruct(type)) return null;
  const name = naming.nameType('record');
  const children: arrow.Field[] = type.children;
  const fields = children.map((field) => avroField(field, naming.column, naming.nameType));
  return {
    schema: { type: 'record', name, fields: fields.map((field) => ({ name: field.name, type: field.schema })) },
    encode: (sink, value) => {
      for (const field of fields) field.encode(sink, (value as Record<string, unknown>)[field.name]);
    },
  };
}

function mapShape(type: arrow.Map_, naming: Naming): AvroShape | null {
  if (!arrow.DataType.isUtf8(type.keyType)) return null;
  const values = nullableShape(type.valueType, true, naming);
  const entry: AvroEncoder = (sink, value) => {
    const { key, value: held } = value as { key: string; value: unknown };
    sink.bytes(Buffer.from(key));
    values.encode(sink, held);
  };
  return { schema: { type: 'map', values: values.schema }, encode: listEncoder(entry) };
}

function listEncoder(item: AvroEncoder): AvroEncoder {
  return (sink, value) => {
    const items = value as unknown[];
    if (items.length > 0) sink.long(items.length);
    for (const each of items) item(sink, each);
    sink.long(0);
  };
}
