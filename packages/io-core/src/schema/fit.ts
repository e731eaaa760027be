import type { ColumnStats, SchemaField } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { fieldType } from './schema.ts';
import { typeAlias } from './type-name.ts';
import { exactBelow, mayRound } from './widen.ts';

/** What is known of the columns of a file. */
export interface FileColumns {
  schema: arrow.Schema;
  column_stats: Record<string, ColumnStats> | null;
}

/** Why a file cannot hold rows of a table. */
export interface Misfit {
  column: string;
  reason: string;
}

/** What a fit is measured against. */
export interface FitTarget {
  fields: SchemaField[];
  /** The columns that the file must have; null when it must have all that cannot be left out. */
  required: string[] | null;
}

/**
 * The first reason why a file cannot be read as rows of a table, or null when it fits: its columns are columns of the
 * table, their values can be carried over without loss, and nothing is missing or null that must not be. A file that
 * does not fit would make every later read of the table fail.
 */
export function findMisfit(file: FileColumns, target: FitTarget): Misfit | null {
  const fields = new Map(target.fields.map((field) => [field.name, field]));
  for (const column of file.schema.fields) {
    const field = fields.get(column.name);
    if (!field) return { column: column.name, reason: 'the table has no such column' };
    const reason = misfitOfColumn(column, field, { stats: file.column_stats?.[column.name], target });
    if (reason !== null) return { column: column.name, reason };
  }
  const present = new Set(file.schema.fields.map(({ name }) => name));
  const missing = requiredColumns(target).find((name) => !present.has(name));
  return missing === undefined ? null : { column: missing, reason: 'the file lacks it and it cannot be left out' };
}

function requiredColumns({ fields, required }: FitTarget): string[] {
  if (required) return required;
  return fields
    .filter(({ nullable, past_default }) => nullable === false && (past_default ?? null) === null)
    .map(({ name }) => name);
}

function misfitOfColumn(
  column: arrow.Field,
  field: SchemaField,
  known: { stats: ColumnStats | undefined; target: FitTarget },
): string | null {
  const wanted = fieldType(field);
  const { required } = known.target;
  if (!carriesValues(column.type, wanted) && !isWithin(column.type, wanted, known.stats)) {
    return `it is ${typeAlias(column.type)} and the table has ${typeAlias(wanted)}, which cannot hold every value of it`;
  }
  const counts = required === null || required.includes(field.name);
  if (counts && field.consistency_type === 'validate' && !isSame(column.type, wanted)) {
    return `it is ${typeAlias(column.type)}, and the table takes nothing but ${typeAlias(wanted)} there`;
  }
  const mayBeNull = field.nullable !== false || (required !== null && !required.includes(field.name));
  return !mayBeNull && (known.stats?.null_count ?? 0) > 0 ? 'it holds nulls and the column may not' : null;
}

/** As `carries`, but for whole numbers that a float would round: reading those would fail. */
function carriesValues(from: arrow.DataType, to: arrow.DataType): boolean {
  return carries(from, to) && !(isInt(from) && mayRound(from, to));
}

/** Whether two types are one, in whatever layout files store it. Floats carry each other, so their widths are compared. */
function isSame(from: arrow.DataType, to: arrow.DataType): boolean {
  return carries(from, to) && carries(to, from) && floatsOf(from) === floatsOf(to);
}

function floatsOf(type: arrow.DataType): string {
  return (typeAlias(plain(type)).match(/\b(halffloat|float|double)\b/g) ?? []).join();
}

/** Whether every value of one Arrow type is also a value of another. */
export function carries(from: arrow.DataType, to: arrow.DataType): boolean {
  const [source, wanted] = [plain(from), plain(to)];
  if (arrow.DataType.isNull(source) || typeAlias(source) === typeAlias(wanted)) return true;
  return CARRIERS.some((carrier) => carrier(source, wanted));
}

function plain(type: arrow.DataType): arrow.DataType {
  return arrow.DataType.isDictionary(type) ? type.dictionary : type;
}

const { isInt, isFloat, isDecimal, isDate, isTimestamp, isTime, isDuration, isList, isFixedSizeList, isMap, isStruct } =
  arrow.DataType;

const isText = (type: arrow.DataType) => arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type);
const isBytes = (type: arrow.DataType) => arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type);

/** One line per kind of type: whether it carries. */
const CARRIERS: ((from: arrow.DataType, to: arrow.DataType) => boolean)[] = [
  (from, to) => isInt(from) && isInt(to) && rangeOf(from).every((bound) => inRange(bound, to)),
  (from, to) => isInt(from) && isFloat(to),
  (from, to) => isInt(from) && isDecimal(to) && digitsOf(from) <= to.precision - to.scale,
  (from, to) => isFloat(from) && isFloat(to),
  (from, to) =>
    isDecimal(from) &&
    isDecimal(to) &&
    from.scale <= to.scale &&
    from.precision - from.scale <= to.precision - to.scale,
  (from, to) => isText(from) && (isText(to) || isBytes(to)),
  (from, to) => (isBytes(from) || arrow.DataType.isFixedSizeBinary(from)) && isBytes(to),
  (from, to) => isDate(from) && (isDate(to) || (isTimestamp(to) && !to.timezone)),
  (from, to) =>
    isTimestamp(from) && isTimestamp(to) && !from.timezone === !to.timezone && from.unit <= storedUnit(to.unit),
  (from, to) => isTime(from) && isTime(to) && from.unit <= storedUnit(to.unit),
  (from, to) => isDuration(from) && isDuration(to) && from.unit <= to.unit,
  (from, to) => (isList(from) || isFixedSizeList(from)) && isList(to) && carries(from.valueType, to.valueType),
  // Parquet has no lists of a fixed size: writers store plain ones where a row is null.
  (from, to) =>
    isFixedSizeList(to) &&
    (isList(from) || (isFixedSizeList(from) && from.listSize === to.listSize)) &&
    carries(from.valueType, to.valueType),
  (from, to) => isMap(from) && isMap(to) && carries(from.keyType, to.keyType) && carries(from.valueType, to.valueType),
  (from, to) => isStruct(from) && isStruct(to) && structCarries(from.children, to.children),
];

/** Parquet counts times in milliseconds or finer: writers store seconds as milliseconds. */
function storedUnit(unit: arrow.TimeUnit): arrow.TimeUnit {
  return unit === arrow.TimeUnit.SECOND ? arrow.TimeUnit.MILLISECOND : unit;
}

function structCarries(from: arrow.Field[], to: arrow.Field[]): boolean {
  const wanted = new Map(to.map((field) => [field.name, field]));
  const known = from.every((field) => {
    const target = wanted.get(field.name);
    return target !== undefined && carries(field.type, target.type);
  });
  const names = new Set(from.map(({ name }) => name));
  return known && to.every(({ name, nullable }) => nullable || names.has(name));
}

/** Whether integers of a wider type are known, by their bounds, to be values of the column. */
export function isWithin(from: arrow.DataType, to: arrow.DataType, stats: ColumnStats | undefined): boolean {
  const exact = exactBelow(to);
  if (!isInt(from) || !(isInt(to) || exact !== null)) return false;
  const bounds = [stats?.min, stats?.max].map(toInteger);
  return bounds.every((bound) => bound !== null && (isInt(to) ? inRange(bound, to) : isExact(bound, exact)));
}

function isExact(value: bigint, below: bigint | null): boolean {
  return below !== null && -below <= value && value <= below;
}

function toInteger(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
}

function rangeOf({ isSigned, bitWidth }: arrow.Int): [bigint, bigint] {
  const bits = BigInt(isSigned ? bitWidth - 1 : bitWidth);
  return [isSigned ? -(2n ** bits) : 0n, 2n ** bits - 1n];
}

function inRange(value: bigint, type: arrow.Int): boolean {
  const [least, greatest] = rangeOf(type);
  return least <= value && value <= greatest;
}

function digitsOf(type: arrow.Int): number {
  return String(rangeOf(type)[1]).length;
}
