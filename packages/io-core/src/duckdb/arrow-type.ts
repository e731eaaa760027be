import type { DuckDBType } from '@duckdb/node-api';
import { type DataType, Decimal, Field, FixedSizeList, List, Map_, Struct } from 'apache-arrow';
import { arrowType } from '../schema/type-alias.ts';

/** The Arrow types of DuckDB's own, by their names there. */
const FLAT: Record<string, string> = {
  BOOLEAN: 'bool',
  TINYINT: 'int8',
  SMALLINT: 'int16',
  INTEGER: 'int32',
  BIGINT: 'int64',
  UTINYINT: 'uint8',
  USMALLINT: 'uint16',
  UINTEGER: 'uint32',
  UBIGINT: 'uint64',
  // What a sum of whole numbers is; 128 bits hold one digit more than any decimal of DuckDB.
  HUGEINT: 'decimal128(38, 0)',
  UHUGEINT: 'decimal128(38, 0)',
  FLOAT: 'float',
  DOUBLE: 'double',
  BLOB: 'binary',
  DATE: 'date32[day]',
  TIME: 'time64[us]',
  TIMESTAMP_S: 'timestamp[s]',
  TIMESTAMP_MS: 'timestamp[ms]',
  TIMESTAMP: 'timestamp[us]',
  TIMESTAMP_NS: 'timestamp[ns]',
  'TIMESTAMP WITH TIME ZONE': 'timestamp[us, tz=UTC]',
  SQLNULL: 'null',
};

/** The Arrow type in which values of a DuckDB type are handed out. What Arrow has no type for, such as an interval, is text. */
export function arrowTypeOf(type: DuckDBType): DataType {
  if ('keyType' in type) {
    const key = new Field('key', arrowTypeOf(type.keyType), false);
    const entries = new Struct<{ key: DataType; value: DataType }>([key, itemField('value', type.valueType)]);
    return new Map_(new Field('entries', entries, false), false);
  }
  if ('valueType' in type) {
    const item = itemField('item', type.valueType);
    return 'length' in type ? new FixedSizeList(type.length, item) : new List(item);
  }
  if ('entryNames' in type) {
    return new Struct(type.entryTypes.map((entry, index) => itemField(type.entryNames[index] ?? '', entry)));
  }
  if ('width' in type) return new Decimal(type.scale, type.width, 128);
  return arrowType(FLAT[String(type)] ?? 'string');
}

function itemField(name: string, type: DuckDBType): Field {
  return new Field(name, arrowTypeOf(type), true);
}
