import { type Decimal, formatDecimal } from '../values/decimal.ts';
import { readScalar, type Scalar, type ScalarKind, scalarJson } from '../values/scalar.ts';

/** A time read from an Arrow column, which needs no unit to be understood. */
export class Moment {
  readonly kind: ScalarKind;
  readonly ns: bigint;

  constructor(kind: ScalarKind, ns: bigint) {
    this.kind = kind;
    this.ns = ns;
  }
}

/**
 * A value as a column of that kind holds it, or undefined when it does not fit without loss. `exact` refuses what is
 * merely convertible, such as the text "5" for a number.
 */
export function encodeScalar(kind: ScalarKind, value: unknown, exact: boolean): Scalar | undefined {
  const scalar = value instanceof Moment ? fromMoment(kind, value) : readScalar(kind, value);
  const found = scalar === undefined && !exact ? convert(kind, value) : scalar;
  return found === undefined ? undefined : fit(kind, found);
}

function fromMoment(kind: ScalarKind, { kind: source, ns }: Moment): Scalar | undefined {
  if (kind.name === source.name) return ns;
  const isInstant = (name: ScalarKind['name']) => name === 'date' || name === 'timestamp';
  return isInstant(kind.name) && isInstant(source.name) ? ns : undefined;
}

function convert(kind: ScalarKind, value: unknown): Scalar | undefined {
  if (kind.name === 'string') return textOf(value);
  if (kind.name === 'bool') return CONVERTED_BOOLEANS.get(value);
  if (kind.name === 'int') return integerOf(value);
  if (kind.name === 'float') return floatOf(value);
  if (kind.name === 'decimal' && typeof value === 'boolean') return { digits: value ? 1n : 0n, scale: 0 };
  return undefined;
}

const CONVERTED_BOOLEANS = new Map<unknown, boolean>([
  [1, true],
  [0, false],
  [1n, true],
  [0n, false],
  ['true', true],
  ['false', false],
]);

function textOf(value: unknown): string | undefined {
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  if (isDecimal(value)) return formatDecimal(value);
  if (!(value instanceof Moment)) return undefined;
  const text = scalarJson(value.kind, value.ns);
  return typeof text === 'string' ? text : undefined;
}

function integerOf(value: unknown): Scalar | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string' && /^[+-]?\d{1,40}$/.test(value)) return BigInt(value);
  if (!isDecimal(value) || value.scale < 0) return undefined;
  const one = 10n ** BigInt(value.scale);
  return value.digits % one === 0n ? value.digits / one : undefined;
}

const FLOAT_WORDS = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
]);

function floatOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isDecimal(value)) return Number(formatDecimal(value));
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const word = FLOAT_WORDS.get(text.toLowerCase());
  if (word !== undefined) return word;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** The scalar in the column's own width, scale or unit; undefined when digits would be lost. */
function fit(kind: ScalarKind, scalar: Scalar): Scalar | undefined {
  switch (kind.name) {
    case 'int':
      return fitInteger(scalar, kind.min, kind.max);
    case 'decimal':
      return isDecimal(scalar) ? fitDecimal(scalar, kind) : undefined;
    case 'bytes':
      return kind.width === null || (scalar instanceof Uint8Array && scalar.length === kind.width) ? scalar : undefined;
    case 'date':
    case 'time':
    case 'duration':
    case 'timestamp':
      return typeof scalar === 'bigint' && scalar % kind.unit_ns === 0n ? inRange(scalar / kind.unit_ns) : undefined;
    default:
      return scalar;
  }
}

function fitInteger(scalar: Scalar, min: bigint, max: bigint): number | bigint | undefined {
  if (typeof scalar !== 'number' && typeof scalar !== 'bigint') return undefined;
  if (typeof scalar === 'number' && !Number.isInteger(scalar)) return undefined;
  return scalar >= min && scalar <= max ? scalar : undefined;
}

function fitDecimal({ digits, scale }: Decimal, kind: { precision: number; scale: number }): Decimal | undefined {
  const power = kind.scale - scale;
  const factor = 10n ** BigInt(Math.abs(power));
  if (power < 0 && digits % factor !== 0n) return undefined;
  const fitted = power < 0 ? digits / factor : digits * factor;
  const limit = 10n ** BigInt(kind.precision);
  return fitted > -limit && fitted < limit ? { digits: fitted, scale: kind.scale } : undefined;
}

function inRange(value: bigint): bigint | undefined {
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'object' && value !== null && 'digits' in value && 'scale' in value;
}
