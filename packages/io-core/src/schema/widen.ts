import * as arrow from 'apache-arrow';
import { typeAlias } from './type-name.ts';

const { isInt, isFloat, isList, isFixedSizeList, isMap, isStruct, isNull, isDictionary } = arrow.DataType;

const isText = (type: arrow.DataType) => arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type);
const isBytes = (type: arrow.DataType) => arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type);

/** The whole numbers that a floating-point type holds exactly, in bits. */
const EXACT_BITS: Record<arrow.Precision, number> = {
  [arrow.Precision.HALF]: 11,
  [arrow.Precision.SINGLE]: 24,
  [arrow.Precision.DOUBLE]: 53,
};

/**
 * Whether a column of one type may become a column of another while its earlier values stay what they are: a number of
 * the same kind with as many bits or more, any whole number a float, text and bytes in another layout, structs with
 * more fields that may be null, and lists and maps of such. Nothing else widens, decimals and times included.
 */
export function isWidening(from: arrow.DataType, to: arrow.DataType): boolean {
  const [source, wanted] = [plain(from), plain(to)];
  if (isNull(source) || typeAlias(source) === typeAlias(wanted)) return true;
  return WIDENINGS.some((widening) => widening(source, wanted));
}

function plain(type: arrow.DataType): arrow.DataType {
  return isDictionary(type) ? type.dictionary : type;
}

/** One line per kind of type: whether it widens. */
const WIDENINGS: ((from: arrow.DataType, to: arrow.DataType) => boolean)[] = [
  (from, to) => isInt(from) && isInt(to) && from.isSigned === to.isSigned && from.bitWidth <= to.bitWidth,
  (from, to) => isInt(from) && isFloat(to),
  (from, to) => isFloat(from) && isFloat(to) && from.precision <= to.precision,
  (from, to) => isText(from) && isText(to),
  (from, to) => isBytes(from) && isBytes(to),
  (from, to) => isList(from) && isList(to) && isWidening(from.valueType, to.valueType),
  (from, to) =>
    isFixedSizeList(from) &&
    isFixedSizeList(to) &&
    from.listSize === to.listSize &&
    isWidening(from.valueType, to.valueType),
  (from, to) =>
    isMap(from) && isMap(to) && isWidening(from.keyType, to.keyType) && isWidening(from.valueType, to.valueType),
  (from, to) => isStruct(from) && isStruct(to) && structWidens(from.children, to.children),
];

function structWidens(from: arrow.Field[], to: arrow.Field[]): boolean {
  const wanted = byName(to);
  const known = byName(from);
  const kept = from.every(({ name, type, nullable }) => {
    const target = wanted.get(name);
    return target !== undefined && isWidening(type, target.type) && (target.nullable || !nullable);
  });
  return kept && to.every(({ name, nullable }) => nullable || known.has(name));
}

function byName(fields: arrow.Field[]): Map<string, arrow.Field> {
  return new Map(fields.map((field) => [field.name, field]));
}

/** Whether a widening rounds some values, at any depth: whole numbers of more bits than the float has. */
export function mayRound(from: arrow.DataType, to: arrow.DataType): boolean {
  const [source, wanted] = [plain(from), plain(to)];
  if (isInt(source) && isFloat(wanted)) return valueBits(source) > EXACT_BITS[wanted.precision];
  const targets = byName(wanted.children ?? []);
  // The items of lists and maps are found by their place, since writers name them differently.
  const named = isStruct(source);
  return (source.children ?? []).some(({ name, type }: arrow.Field, index: number) => {
    const target = named ? targets.get(name) : wanted.children?.[index];
    return target !== undefined && mayRound(type, target.type);
  });
}

function valueBits({ isSigned, bitWidth }: arrow.Int): number {
  return isSigned ? bitWidth - 1 : bitWidth;
}

/** The bound below which a floating-point type holds every whole number; null for other types. */
export function exactBelow(type: arrow.DataType): bigint | null {
  return isFloat(type) ? 2n ** BigInt(EXACT_BITS[type.precision]) : null;
}

/**
 * The type that holds the values of two: one of them where the other widens to it without rounding, else one made of
 * both, for structs. The first where both would do. Null when there is none.
 */
export function widerType(a: arrow.DataType, b: arrow.DataType): arrow.DataType | null {
  if (isWidening(b, a) && !mayRound(b, a)) return a;
  if (isWidening(a, b) && !mayRound(a, b)) return b;
  if (isList(a) && isList(b)) return withItem(a, b, (item) => new arrow.List(item));
  if (isFixedSizeList(a) && isFixedSizeList(b) && a.listSize === b.listSize) {
    return withItem(a, b, (item) => new arrow.FixedSizeList(a.listSize, item));
  }
  return isStruct(a) && isStruct(b) ? widerStruct(a.children, b.children) : null;
}

function withItem(
  a: arrow.List | arrow.FixedSizeList,
  b: arrow.List | arrow.FixedSizeList,
  make: (item: arrow.Field) => arrow.DataType,
): arrow.DataType | null {
  const [item, other] = [a.children[0], b.children[0]];
  const type = item && other && widerType(item.type, other.type);
  return type ? make(new arrow.Field(item.name, type, item.nullable || other.nullable)) : null;
}

function widerStruct(a: arrow.Field[], b: arrow.Field[]): arrow.Struct | null {
  const [known, others] = [byName(a), byName(b)];
  const fields: arrow.Field[] = [];
  for (const field of a) {
    const other = others.get(field.name);
    const type = other ? widerType(field.type, other.type) : field.type;
    if (type === null) return null;
    fields.push(new arrow.Field(field.name, type, field.nullable || (other?.nullable ?? true)));
  }
  for (const { name, type } of b) if (!known.has(name)) fields.push(new arrow.Field(name, type, true));
  return new arrow.Struct(fields);
}
