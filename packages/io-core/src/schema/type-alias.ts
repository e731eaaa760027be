import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { checkZone } from '../values/zone.ts';
import { deserializeSchema } from './message.ts';
import { TYPE_DEPTH_MAX } from './type-name.ts';

/** The id of the next dictionary of one schema. */
export interface DictionaryIds {
  next: number;
}

/** What newer Python clients write before the base64 of a schema of one field, for types without a plain name. */
const SERIALIZED_PREFIX = 'arrow_schema_base64:';

const SIMPLE: Record<string, () => arrow.DataType> = {
  null: () => new arrow.Null(),
  bool: () => new arrow.Bool(),
  int8: () => new arrow.Int8(),
  int16: () => new arrow.Int16(),
  int32: () => new arrow.Int32(),
  int64: () => new arrow.Int64(),
  uint8: () => new arrow.Uint8(),
  uint16: () => new arrow.Uint16(),
  uint32: () => new arrow.Uint32(),
  uint64: () => new arrow.Uint64(),
  halffloat: () => new arrow.Float16(),
  float: () => new arrow.Float32(),
  double: () => new arrow.Float64(),
  string: () => new arrow.Utf8(),
  large_string: () => new arrow.LargeUtf8(),
  binary: () => new arrow.Binary(),
  large_binary: () => new arrow.LargeBinary(),
  date32: () => new arrow.DateDay(),
  date64: () => new arrow.DateMillisecond(),
};

/** Other spellings, most of them pyarrow's, and the plain layout of types that apache-arrow does not know. */
const ALIASES: Record<string, string> = {
  ...{ boolean: 'bool', i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64', u1: 'uint8', u2: 'uint16', u4: 'uint32' },
  ...{ u8: 'uint64', f2: 'halffloat', float16: 'halffloat', half_float: 'halffloat', f4: 'float', float32: 'float' },
  ...{ f8: 'double', float64: 'double', str: 'string', utf8: 'string', large_str: 'large_string' },
  ...{ large_utf8: 'large_string', string_view: 'string', binary_view: 'binary', decimal: 'decimal128' },
  ...{ large_list: 'list', list_view: 'list', large_list_view: 'list' },
};

const UNITS: Record<string, arrow.TimeUnit> = {
  s: arrow.TimeUnit.SECOND,
  ms: arrow.TimeUnit.MILLISECOND,
  us: arrow.TimeUnit.MICROSECOND,
  ns: arrow.TimeUnit.NANOSECOND,
};

interface Cursor {
  text: string;
  at: number;
  depth: number;
  ids: DictionaryIds | null;
}

const PARAMETRIC: Record<string, (cursor: Cursor) => arrow.DataType> = {
  time32: (cursor) => new arrow.Time(UNITS[takeUnit(cursor, ['s', 'ms'])] ?? 0, 32),
  time64: (cursor) => new arrow.Time(UNITS[takeUnit(cursor, ['us', 'ns'])] ?? 0, 64),
  duration: (cursor) => new arrow.Duration(UNITS[takeUnit(cursor, Object.keys(UNITS))] ?? 0),
  timestamp: parseTimestamp,
  decimal128: (cursor) => parseDecimal(cursor, 128, 38),
  decimal256: (cursor) => parseDecimal(cursor, 256, 76),
  fixed_size_binary: (cursor) => new arrow.FixedSizeBinary(takeSize(cursor)),
  list: (cursor) => new arrow.List(parseChild(cursor)),
  fixed_size_list: (cursor) => {
    const child = parseChild(cursor);
    return new arrow.FixedSizeList(takeSize(cursor), child);
  },
  struct: (cursor) => new arrow.Struct(parseStructFields(cursor)),
  map: parseMap,
  dictionary: parseDictionary,
};

/**
 * The Arrow type of an alias, in the spelling that pyarrow prints or accepts: `int64`, `timestamp[us, tz=UTC]`,
 * `decimal128(10, 2)`, `list<item: int64>`, `struct<x: double, "odd, name": string not null>`. Throws `invalid_schema`.
 */
export function arrowType(alias: string, ids: DictionaryIds | null = null): arrow.DataType {
  if (alias.startsWith(SERIALIZED_PREFIX)) return serializedType(alias.slice(SERIALIZED_PREFIX.length));
  const cursor: Cursor = { text: alias.trim(), at: 0, depth: 0, ids };
  const type = parseType(cursor);
  if (cursor.at !== cursor.text.length) throw malformed(cursor, 'nothing more');
  return type;
}

function serializedType(base64: string): arrow.DataType {
  const { fields } = deserializeSchema(base64);
  const [field] = fields;
  if (field === undefined || fields.length !== 1) {
    throw new DeltacatError('invalid_schema', `A serialized type is a schema of one field, not of ${fields.length}.`);
  }
  return field.type;
}

function parseType(cursor: Cursor): arrow.DataType {
  cursor.depth += 1;
  if (cursor.depth > TYPE_DEPTH_MAX) {
    throw new DeltacatError(
      'invalid_schema',
      `The type "${abridged(cursor.text)}" nests deeper than ${TYPE_DEPTH_MAX} levels; flatten it.`,
    );
  }
  const word = take(cursor, /[A-Za-z_]\w*/y)?.[0] ?? '';
  const name = Object.hasOwn(ALIASES, word) ? (ALIASES[word] ?? word) : word;
  const type = parseNamed(cursor, name);
  cursor.depth -= 1;
  return type;
}

function parseNamed(cursor: Cursor, name: string): arrow.DataType {
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (simple) {
    if (name === 'date32') take(cursor, /\[day\]/y);
    if (name === 'date64') take(cursor, /\[ms\]/y);
    return simple();
  }
  const parametric = Object.hasOwn(PARAMETRIC, name) ? PARAMETRIC[name] : undefined;
  if (parametric) return parametric(cursor);
  throw new DeltacatError(
    'invalid_schema',
    `Unknown type "${abridged(name === '' ? cursor.text : name)}"; known: ` +
      `${[...Object.keys(SIMPLE), ...Object.keys(PARAMETRIC)].join(', ')}.`,
  );
}

function parseTimestamp(cursor: Cursor): arrow.DataType {
  const [, unit = '', zone] = expect(cursor, /\[(s|ms|us|ns)(?:,\s*tz=([^\]\s]+))?\]/y, 'a unit, such as [us, tz=UTC]');
  if (zone !== undefined) checkZone(zone);
  return new arrow.Timestamp(UNITS[unit] ?? 0, zone ?? null);
}

function parseDecimal(cursor: Cursor, bits: number, digitsMax: number): arrow.DataType {
  const found = expect(cursor, /\(\s*(\d{1,2})\s*(?:,\s*(-?\d{1,2})\s*)?\)/y, 'precision and scale, such as (10, 2)');
  const precision = Number(found[1]);
  if (precision < 1 || precision > digitsMax) throw malformed(cursor, `a precision from 1 to ${digitsMax}`);
  return new arrow.Decimal(Number(found[2] ?? 0), precision, bits);
}

function parseChild(cursor: Cursor): arrow.Field {
  expect(cursor, /</y, '"<"');
  const child = parseField(cursor, takeName(cursor) ?? 'item');
  expect(cursor, /\s*>/y, '">"');
  return child;
}

function parseStructFields(cursor: Cursor): arrow.Field[] {
  expect(cursor, /<\s*/y, '"<"');
  const fields: arrow.Field[] = [];
  if (take(cursor, />/y)) return fields;
  do {
    const name = takeName(cursor);
    if (name === null) throw malformed(cursor, 'a field, such as "x: double"');
    fields.push(parseField(cursor, name));
  } while (take(cursor, /\s*,\s*/y));
  expect(cursor, /\s*>/y, '">"');
  return fields;
}

function parseMap(cursor: Cursor): arrow.DataType {
  expect(cursor, /<\s*/y, '"<"');
  const key = new arrow.Field('key', parseType(cursor), false);
  take(cursor, MAP_CHILD_NAME);
  expect(cursor, /\s*,\s*/y, '", " and the type of the values');
  const value = parseField(cursor, 'value');
  take(cursor, MAP_CHILD_NAME);
  const sorted = take(cursor, /\s*,\s*keys_sorted/y) !== null;
  take(cursor, MAP_CHILD_NAME);
  expect(cursor, /\s*>/y, '">"');
  const entries = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([key, value]);
  return new arrow.Map_(new arrow.Field('entries', entries, false), sorted);
}

/** pyarrow prints the names of a map's children where they are unusual; apache-arrow has only the usual ones. */
const MAP_CHILD_NAME = /\s*\('[^']*'\)/y;

function parseDictionary(cursor: Cursor): arrow.DataType {
  expect(cursor, /<\s*values=/y, '"<values="');
  const values = parseType(cursor);
  expect(cursor, /\s*,\s*indices=/y, '", indices="');
  const indices = parseType(cursor);
  const ordered = take(cursor, /\s*,\s*ordered=([01])/y)?.[1] === '1';
  expect(cursor, /\s*>/y, '">"');
  if (!arrow.DataType.isInt(indices)) throw malformed(cursor, 'indices of an integer type');
  const id = cursor.ids === null ? null : cursor.ids.next++;
  // isInt admits the abstract integer type too, which no alias makes.
  return new arrow.Dictionary(values, indices as arrow.Int32, id, ordered);
}

function parseField(cursor: Cursor, name: string): arrow.Field {
  const type = parseType(cursor);
  return new arrow.Field(name, type, take(cursor, /\s+not null/y) === null);
}

/** A name before a colon; one that holds a delimiter of the notation is quoted like a JSON string. */
function takeName(cursor: Cursor): string | null {
  const found = take(cursor, /\s*(?:("(?:[^"\\]|\\.)*")|([^<>,:"]*)):\s*/y);
  if (!found) return null;
  if (found[1] === undefined) return found[2] ?? '';
  try {
    return String(JSON.parse(found[1]));
  } catch {
    throw malformed(cursor, 'a name quoted as in JSON');
  }
}

function takeUnit(cursor: Cursor, allowed: string[]): string {
  const unit = expect(cursor, /\[(\w+)\]/y, `a unit, such as [${allowed[0]}]`)[1] ?? '';
  if (!allowed.includes(unit)) throw malformed(cursor, `a unit of ${allowed.join(', ')}`);
  return unit;
}

function takeSize(cursor: Cursor): number {
  const size = Number(expect(cursor, /\[(\d{1,9})\]/y, 'a size, such as [16]')[1]);
  if (size < 1) throw malformed(cursor, 'a size above 0');
  return size;
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found) cursor.at = pattern.lastIndex;
  return found;
}

function expect(cursor: Cursor, pattern: RegExp, expected: string): RegExpExecArray {
  const found = take(cursor, pattern);
  if (!found) throw malformed(cursor, expected);
  return found;
}

function malformed(cursor: Cursor, expected: string): DeltacatError {
  return new DeltacatError(
    'invalid_schema',
    `The type "${abridged(cursor.text)}" cannot be read: expected ${expected} at character ${cursor.at + 1}.`,
  );
}

function abridged(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}
