import { DeltacatError } from '@deltacat/contract';
import { DataType, DateUnit, type Field, Precision, TimeUnit, Type } from 'apache-arrow';

/** How deep a type may nest. Arrow's own readers stop at 64, and every walk of a type here is recursive. */
export const TYPE_DEPTH_MAX = 32;

/**
 * The alias of an Arrow type, as pyarrow prints it, such as `list<item: int64>`; `arrowType` reads it back. Two additions
 * keep that lossless: field names that hold a delimiter are quoted, and map values say `not null`. Throws `invalid_schema`
 * for types that no table has, and for those of a damaged message, such as integers of 13 bits.
 */
export function typeAlias(type: DataType): string {
  return print(type, 1);
}

type Printer = (type: DataType, depth: number) => string | null;

const PRINTERS: Printer[] = [
  (type) => (DataType.isNull(type) ? 'null' : null),
  (type) => (DataType.isBool(type) ? 'bool' : null),
  (type) =>
    DataType.isInt(type) && [8, 16, 32, 64].includes(type.bitWidth)
      ? `${type.isSigned ? '' : 'u'}int${type.bitWidth}`
      : null,
  (type) => (DataType.isFloat(type) ? (FLOATS[type.precision] ?? null) : null),
  (type) => (DataType.isUtf8(type) ? 'string' : null),
  (type) => (DataType.isLargeUtf8(type) ? 'large_string' : null),
  (type) => (DataType.isBinary(type) ? 'binary' : null),
  (type) => (DataType.isLargeBinary(type) ? 'large_binary' : null),
  (type) => (DataType.isFixedSizeBinary(type) && type.byteWidth > 0 ? `fixed_size_binary[${type.byteWidth}]` : null),
  (type) => (DataType.isDate(type) ? (DATES[type.unit] ?? null) : null),
  (type) =>
    DataType.isTime(type) && type.bitWidth === (type.unit < TimeUnit.MICROSECOND ? 32 : 64)
      ? `time${type.bitWidth}[${unitName(type.unit)}]`
      : null,
  (type) => (DataType.isDuration(type) ? `duration[${unitName(type.unit)}]` : null),
  printTimestamp,
  printDecimal,
  (type, depth) => (DataType.isList(type) ? `list<${printField(type.children[0], depth)}>` : null),
  (type, depth) =>
    DataType.isFixedSizeList(type) && type.listSize > 0
      ? `fixed_size_list<${printField(type.children[0], depth)}>[${type.listSize}]`
      : null,
  (type, depth) =>
    DataType.isStruct(type) ? `struct<${type.children.map((field) => printField(field, depth)).join(', ')}>` : null,
  printMap,
  printDictionary,
];

const DATES: Record<number, string> = { [DateUnit.DAY]: 'date32[day]', [DateUnit.MILLISECOND]: 'date64[ms]' };

const FLOATS: Record<number, string> = {
  [Precision.HALF]: 'halffloat',
  [Precision.SINGLE]: 'float',
  [Precision.DOUBLE]: 'double',
};

const UNIT_NAMES: Record<TimeUnit, string> = {
  [TimeUnit.SECOND]: 's',
  [TimeUnit.MILLISECOND]: 'ms',
  [TimeUnit.MICROSECOND]: 'us',
  [TimeUnit.NANOSECOND]: 'ns',
};

function print(type: DataType, depth: number): string {
  if (depth > TYPE_DEPTH_MAX) {
    throw new DeltacatError('invalid_schema', `A type nests deeper than ${TYPE_DEPTH_MAX} levels; flatten it.`);
  }
  for (const printer of PRINTERS) {
    const text = printer(type, depth);
    if (text !== null) return text;
  }
  throw new DeltacatError(
    'invalid_schema',
    `Arrow's type ${Type[type.typeId] ?? type} of this form has no place in a table; choose another one.`,
  );
}

/** A message may be damaged, and say any number. */
function unitName(unit: TimeUnit): string {
  const name: string | undefined = UNIT_NAMES[unit];
  if (name === undefined) throw new DeltacatError('invalid_schema', `A time in units of code ${unit} is unknown.`);
  return name;
}

function printTimestamp(type: DataType): string | null {
  if (!DataType.isTimestamp(type)) return null;
  return `timestamp[${unitName(type.unit)}${type.timezone ? `, tz=${type.timezone}` : ''}]`;
}

function printDecimal(type: DataType): string | null {
  if (!DataType.isDecimal(type)) return null;
  const digitsMax = { 128: 38, 256: 76 }[type.bitWidth] ?? 0;
  if (!(type.precision >= 1 && type.precision <= digitsMax && Math.abs(type.scale) < 100)) return null;
  return `decimal${type.bitWidth}(${type.precision}, ${type.scale})`;
}

function printMap(type: DataType, depth: number): string | null {
  if (!DataType.isMap(type)) return null;
  const [key, value] = type.children[0]?.type.children ?? [];
  if (!key || !value) return null;
  const values = `${print(value.type, depth + 1)}${value.nullable ? '' : ' not null'}`;
  return `map<${print(key.type, depth + 1)}, ${values}${type.keysSorted ? ', keys_sorted' : ''}>`;
}

function printDictionary(type: DataType, depth: number): string | null {
  if (!DataType.isDictionary(type)) return null;
  const ordered = type.isOrdered ? 1 : 0;
  return `dictionary<values=${print(type.dictionary, depth + 1)}, indices=${print(type.indices, depth + 1)}, ordered=${ordered}>`;
}

function printField(field: Field | undefined, depth: number): string {
  if (!field) throw new DeltacatError('invalid_schema', 'A list type has no element type.');
  const plain = !/[<>,:"]|^\s|\s$/.test(field.name);
  const name = plain ? field.name : JSON.stringify(field.name);
  return `${name}: ${print(field.type, depth + 1)}${field.nullable ? '' : ' not null'}`;
}
