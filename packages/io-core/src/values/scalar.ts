import { DataType, DateUnit, TimeUnit } from 'apache-arrow';
import { compareDecimals, type Decimal, formatDecimal, parseDecimal } from './decimal.ts';
import { formatDate, formatInstant, formatTimeOfDay, NS_PER_DAY, parseInstant, parseTimeOfDay } from './temporal.ts';

/**
 * A value of a column in the form that is compared: whole and fractional numbers as they are, times as nanoseconds,
 * decimals exactly. Row values, literals and statistics all become this before they meet.
 */
export type Scalar = boolean | number | bigint | string | Uint8Array | Decimal;

/** How the values of a column compare, and what they look like outside. */
export type ScalarKind =
  | { name: 'bool' | 'string' | 'float' }
  | { name: 'bytes'; width: number | null }
  | { name: 'int'; min: bigint; max: bigint }
  | { name: 'decimal'; precision: number; scale: number; bits: number }
  | { name: 'date' | 'time' | 'duration'; unit_ns: bigint }
  | { name: 'timestamp'; unit_ns: bigint; zone: string | null };

const UNIT_NS: Record<TimeUnit, bigint> = {
  [TimeUnit.SECOND]: 1_000_000_000n,
  [TimeUnit.MILLISECOND]: 1_000_000n,
  [TimeUnit.MICROSECOND]: 1_000n,
  [TimeUnit.NANOSECOND]: 1n,
};

/** How values of an Arrow type compare, or null for types whose values do not: lists, structs, maps, null. */
export function scalarKind(type: DataType): ScalarKind | null {
  if (DataType.isDictionary(type)) return scalarKind(type.dictionary);
  if (DataType.isBool(type)) return { name: 'bool' };
  if (DataType.isInt(type)) return intKind(type.bitWidth, type.isSigned);
  if (DataType.isFloat(type)) return { name: 'float' };
  if (DataType.isDecimal(type)) {
    return { name: 'decimal', precision: type.precision, scale: type.scale, bits: type.bitWidth };
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return { name: 'string' };
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) return { name: 'bytes', width: null };
  if (DataType.isFixedSizeBinary(type)) return { name: 'bytes', width: type.byteWidth };
  if (DataType.isDate(type)) return { name: 'date', unit_ns: type.unit === DateUnit.DAY ? NS_PER_DAY : 1_000_000n };
  if (DataType.isTime(type)) return { name: 'time', unit_ns: UNIT_NS[type.unit] };
  if (DataType.isDuration(type)) return { name: 'duration', unit_ns: UNIT_NS[type.unit] };
  if (DataType.isTimestamp(type)) {
    return { name: 'timestamp', unit_ns: UNIT_NS[type.unit], zone: type.timezone || null };
  }
  return null;
}

function intKind(bits: number, signed: boolean): ScalarKind {
  const width = BigInt(bits);
  return signed
    ? { name: 'int', min: -(2n ** (width - 1n)), max: 2n ** (width - 1n) - 1n }
    : { name: 'int', min: 0n, max: 2n ** width - 1n };
}

/**
 * Reads a value for a column of that kind, or answers undefined when it does not fit one. Times are ISO strings, counts
 * in the column's unit, or dates; bytes are bytes or base64; decimals are strings or numbers.
 */
export function readScalar(kind: ScalarKind, value: unknown): Scalar | undefined {
  switch (kind.name) {
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'int':
      return typeof value === 'bigint' || typeof value === 'number' ? value : undefined;
    case 'float':
      return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined;
    case 'decimal':
      return readDecimal(value);
    case 'bytes':
      return readBytes(value, kind.width);
    default:
      return readTime(kind, value);
  }
}

function readDecimal(value: unknown): Decimal | undefined {
  if (typeof value === 'string') return parseDecimal(value) ?? undefined;
  if (typeof value === 'bigint') return { digits: value, scale: 0 };
  if (typeof value === 'number') return parseDecimal(String(value)) ?? undefined;
  return isDecimal(value) ? value : undefined;
}

function readBytes(value: unknown, width: number | null): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return undefined;
  if (width === 16 && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)) {
    return Buffer.from(value.replaceAll('-', ''), 'hex');
  }
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? Buffer.from(value, 'base64') : undefined;
}

function readTime(kind: ScalarKind & { unit_ns: bigint }, value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value * kind.unit_ns;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) * kind.unit_ns : undefined;
  if (kind.name === 'duration') return undefined;
  if (value instanceof Date && kind.name !== 'time') return BigInt(value.getTime()) * 1_000_000n;
  if (typeof value !== 'string') return undefined;
  if (kind.name === 'time') return parseTimeOfDay(value) ?? undefined;
  const instant = parseInstant(value);
  if (instant === null || (kind.name === 'date' && instant % NS_PER_DAY !== 0n)) return undefined;
  return instant;
}

/** Orders two scalars of one kind; NaN when one of them is NaN. Strings compare by code points, bytes by value. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (isDecimal(a) && isDecimal(b)) return compareDecimals(a, b);
  if (a < b) return -1;
  if (a > b) return 1;
  // Not strict: 1 and 1n are the same number.
  // biome-ignore lint/suspicious/noDoubleEquals: a number may meet a bigint
  return a == b ? 0 : Number.NaN;
}

/**
 * Orders strings as their UTF-8 bytes are ordered. JavaScript's `<` compares UTF-16 units, in which characters beyond
 * U+FFFF sort before some within it.
 */
function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters beyond all others. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** A scalar as JSON carries it, or null for what it cannot carry: NaN, infinities, times beyond year 275760. */
export function scalarJson(kind: ScalarKind, scalar: Scalar): string | number | bigint | boolean | null {
  if (isDecimal(scalar)) return formatDecimal(scalar);
  if (scalar instanceof Uint8Array) return Buffer.from(scalar).toString('base64');
  if (typeof scalar === 'number') return Number.isFinite(scalar) ? scalar : null;
  if (typeof scalar !== 'bigint') return scalar;
  if (kind.name === 'int') return narrow(scalar);
  if (kind.name === 'date') return formatDate(scalar);
  if (kind.name === 'time') return formatTimeOfDay(scalar);
  if (kind.name === 'duration') return narrow(scalar / kind.unit_ns);
  const text = formatInstant(scalar);
  return text !== null && kind.name === 'timestamp' && kind.zone !== null ? `${text}+00:00` : text;
}

/** A whole number as a `number` where that is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'object' && value !== null && 'digits' in value;
}
