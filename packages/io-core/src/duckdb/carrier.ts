import { DeltacatError } from '@deltacat/contract';
import { DataType, type Decimal, type Field, Precision, type Timestamp, TimeUnit } from 'apache-arrow';
import { quoteIdentifier } from './quote.ts';

/** DuckDB's widest decimal. */
const DECIMAL_DIGITS_MAX = 38;

/**
 * The DuckDB type that holds an Arrow type's values while DuckDB works on them. Some share one: a duration travels as
 * its number, a dictionary as its values. Throws `not_supported` for types of which DuckDB holds no values at all.
 */
export function carrierSql(type: DataType): string {
  if (DataType.isDictionary(type)) return carrierSql(type.dictionary);
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) return `${carrierSql(type.valueType)}[]`;
  if (DataType.isMap(type)) return `MAP(${carrierSql(type.keyType)}, ${carrierSql(type.valueType)})`;
  if (DataType.isStruct(type)) {
    const fields: Field[] = type.children;
    return `STRUCT(${fields.map((field) => `${quoteIdentifier(field.name)} ${carrierSql(field.type)}`).join(', ')})`;
  }
  const sql = numberSql(type) ?? timeSql(type) ?? bytesSql(type);
  if (sql === null) {
    throw new DeltacatError('not_supported', `Columns of type ${type} cannot be read here.`, { type: String(type) });
  }
  return sql;
}

/**
 * Why DuckDB would change values of this type on their way through, or null where it keeps them. Reading such a column
 * loses digits that DuckDB has no room for; rewriting it would lose them for good.
 */
export function carrierLoss(type: DataType): string | null {
  const fine = (DataType.isTimestamp(type) && type.timezone) || DataType.isTime(type);
  if (fine && type.unit === TimeUnit.NANOSECOND) return 'its nanoseconds would be cut to microseconds';
  if (DataType.isDictionary(type)) return carrierLoss(type.dictionary);
  const fields: Field[] = type.children ?? [];
  for (const field of fields) {
    const loss = carrierLoss(field.type);
    if (loss !== null) return loss;
  }
  try {
    carrierSql(type);
    return null;
  } catch (error) {
    if (error instanceof DeltacatError) return error.message;
    throw error;
  }
}

const INTEGERS: Record<number, string> = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' };

function numberSql(type: DataType): string | null {
  if (DataType.isNull(type)) return 'INTEGER';
  if (DataType.isBool(type)) return 'BOOLEAN';
  if (DataType.isInt(type)) return `${type.isSigned ? '' : 'U'}${INTEGERS[type.bitWidth]}`;
  if (DataType.isFloat(type)) return type.precision === Precision.DOUBLE ? 'DOUBLE' : 'FLOAT';
  return DataType.isDecimal(type) ? decimalSql(type) : null;
}

function timeSql(type: DataType): string | null {
  if (DataType.isDate(type)) return 'DATE';
  if (DataType.isTime(type)) return 'TIME';
  if (DataType.isTimestamp(type)) return timestampSql(type);
  return DataType.isDuration(type) ? 'BIGINT' : null;
}

function bytesSql(type: DataType): string | null {
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return 'VARCHAR';
  const bytes = DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isFixedSizeBinary(type);
  return bytes ? 'BLOB' : null;
}

const TIMESTAMPS: Record<TimeUnit, string> = {
  [TimeUnit.SECOND]: 'TIMESTAMP_S',
  [TimeUnit.MILLISECOND]: 'TIMESTAMP_MS',
  [TimeUnit.MICROSECOND]: 'TIMESTAMP',
  [TimeUnit.NANOSECOND]: 'TIMESTAMP_NS',
};

function timestampSql({ unit, timezone }: Timestamp): string {
  return timezone ? 'TIMESTAMP WITH TIME ZONE' : TIMESTAMPS[unit];
}

function decimalSql({ precision, scale }: Decimal): string {
  if (precision > DECIMAL_DIGITS_MAX || scale < 0 || scale > precision) {
    throw new DeltacatError(
      'not_supported',
      `Decimals of ${precision} digits and scale ${scale} cannot be read here: at most ${DECIMAL_DIGITS_MAX} digits, scale from 0 to the digits.`,
    );
  }
  return `DECIMAL(${precision},${scale})`;
}
