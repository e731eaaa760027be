import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import type { AvroField, AvroType } from './avro-schema.ts';

/** A column of an Avro file: its type, and whether it may be null, which Avro says by a union. */
export interface AvroColumn {
  type: arrow.DataType;
  nullable: boolean;
}

/** The Arrow schema of a record. Throws `not_supported`, naming file and column, for types that no column has. */
export function arrowFields(path: string, fields: readonly AvroField[]): arrow.Field[] {
  return fields.map(({ name, type }) => {
    const column = columnOf(type);
    if (typeof column !== 'string') return new arrow.Field(name, column.type, column.nullable);
    const message = `Column "${name}" of ${path} ${column}, which cannot be read here; read it with the official Python client (pip install 'deltacat-client[all]').`;
    throw new DeltacatError('not_supported', message, { path, column: name });
  });
}

/** A column, or what is in the way of one. */
function columnOf(type: AvroType): AvroColumn | string {
  if (type.type !== 'union') {
    const found = typeOf(type);
    return typeof found === 'string' ? found : { type: found, nullable: type.type === 'null' };
  }
  const values = type.branches.filter((branch) => branch.type !== 'null');
  const [value] = values;
  if (values.length > 1) return `is a union of ${values.map((branch) => branch.type).join(' and ')}`;
  const found = value === undefined ? new arrow.Null() : typeOf(value);
  return typeof found === 'string' ? found : { type: found, nullable: values.length < type.branches.length };
}

function typeOf(type: AvroType): arrow.DataType | string {
  switch (type.type) {
    case 'int':
      return INTS[type.logical ?? '']?.() ?? new arrow.Int32();
    case 'long':
      return LONGS[type.logical ?? '']?.() ?? new arrow.Int64();
    case 'bytes':
      return type.logical === 'decimal' ? decimal(type) : new arrow.Binary();
    case 'fixed':
      if (type.logical === 'duration') return 'is a duration of months, days and milliseconds';
      if (type.size === 0) return 'is fixed to no bytes';
      return type.logical === 'decimal' ? decimal(type) : new arrow.FixedSizeBinary(type.size);
    case 'array':
      return nested(type.items, (item) => new arrow.List(new arrow.Field('item', item.type, item.nullable)));
    case 'map':
      return nested(type.values, mapOf);
    case 'record':
      return recordOf(type.fields);
    case 'union':
      return 'is a union within a union';
    default:
      return PLAIN[type.type]();
  }
}

const PLAIN = {
  null: () => new arrow.Null(),
  boolean: () => new arrow.Bool(),
  float: () => new arrow.Float32(),
  double: () => new arrow.Float64(),
  string: () => new arrow.Utf8(),
  enum: () => new arrow.Utf8(),
};

const { MILLISECOND, MICROSECOND, NANOSECOND } = arrow.TimeUnit;

const INTS: Record<string, () => arrow.DataType> = {
  date: () => new arrow.DateDay(),
  'time-millis': () => new arrow.TimeMillisecond(),
};

const LONGS: Record<string, () => arrow.DataType> = {
  'time-micros': () => new arrow.TimeMicrosecond(),
  'timestamp-millis': () => new arrow.Timestamp(MILLISECOND, 'UTC'),
  'timestamp-micros': () => new arrow.Timestamp(MICROSECOND, 'UTC'),
  'timestamp-nanos': () => new arrow.Timestamp(NANOSECOND, 'UTC'),
  'local-timestamp-millis': () => new arrow.Timestamp(MILLISECOND),
  'local-timestamp-micros': () => new arrow.Timestamp(MICROSECOND),
  'local-timestamp-nanos': () => new arrow.Timestamp(NANOSECOND),
};

const DECIMAL_DIGITS_MAX = 38;

function decimal({ precision, scale }: { precision: number; scale: number }): arrow.DataType | string {
  if (!(precision >= 1 && precision <= DECIMAL_DIGITS_MAX && scale >= 0 && scale <= precision)) {
    return `is a decimal of ${precision} digits and scale ${scale}`;
  }
  return new arrow.Decimal(scale, precision, 128);
}

function nested(type: AvroType, make: (column: AvroColumn) => arrow.DataType): arrow.DataType | string {
  const column = columnOf(type);
  return typeof column === 'string' ? column : make(column);
}

function mapOf({ type, nullable }: AvroColumn): arrow.DataType {
  const entry = new arrow.Struct<{ key: arrow.Utf8; value: arrow.DataType }>([
    new arrow.Field('key', new arrow.Utf8(), false),
    new arrow.Field('value', type, nullable),
  ]);
  return new arrow.Map_(new arrow.Field('entries', entry, false));
}

function recordOf(fields: readonly AvroField[]): arrow.DataType | string {
  const children: arrow.Field[] = [];
  for (const { name, type } of fields) {
    const column = columnOf(type);
    if (typeof column === 'string') return column;
    children.push(new arrow.Field(name, column.type, column.nullable));
  }
  return new arrow.Struct(children);
}
