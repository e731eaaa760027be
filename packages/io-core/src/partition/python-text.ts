import { DeltacatError } from '@deltacat/contract';
import type { Decimal } from '../values/decimal.ts';
import { formatDecimal } from '../values/decimal.ts';
import type { Scalar, ScalarKind } from '../values/scalar.ts';
import { floorModulo, formatDate, formatInstant, formatTimeOfDay, NS_PER_DAY } from '../values/temporal.ts';
import { zoneOffset } from '../values/zone.ts';

/**
 * What Python's `str()` prints for a value, which buckets are numbered by. Written to agree with the Python clients, so
 * that both put a row into the same partition.
 */
export function pythonText(kind: ScalarKind, value: Scalar): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return kind.name === 'float' ? pythonFloat(value) : String(value);
  if (typeof value === 'bigint') return pythonTime(kind, value);
  return value instanceof Uint8Array ? pythonBytes(value) : pythonDecimal(value);
}

function pythonTime(kind: ScalarKind, value: bigint): string {
  if (kind.name === 'date') return formatted(formatDate(value));
  // Python's times end with microseconds.
  if (kind.name === 'time') return formatTimeOfDay(floorModulo(value - floorModulo(value, 1_000n), NS_PER_DAY));
  if (kind.name !== 'timestamp') return String(value);
  if (kind.zone === null) return formatted(formatInstant(value)).replace('T', ' ');
  formatted(formatInstant(value));
  const offset = zoneOffset(kind.zone)(value);
  return formatted(formatInstant(value + offset)).replace('T', ' ') + pythonOffset(offset);
}

function formatted(text: string | null): string {
  if (text !== null) return text;
  throw new DeltacatError('not_supported', 'A time beyond the year 275760 belongs to no partition.');
}

function pythonOffset(offset: bigint): string {
  const seconds = Number((offset < 0n ? -offset : offset) / 1_000_000_000n);
  const fields = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (fields[2] === 0) fields.pop();
  return (offset < 0n ? '-' : '+') + fields.map((field) => String(field).padStart(2, '0')).join(':');
}

/** Python prints the same shortest digits as JavaScript, but switches to exponents elsewhere. */
function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const digits = mantissa.replace('.', '');
  const scale = digits.length - 1 - exponent;
  const plain = formatDecimal({ digits: BigInt(digits), scale });
  return `${sign}${plain}${scale <= 0 ? '.0' : ''}`;
}

function pythonBytes(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  const text = Array.from(bytes, (byte) => {
    const escaped = BYTE_ESCAPES[byte];
    if (escaped !== undefined) return escaped;
    if (byte < 0x20 || byte > 0x7e) return `\\x${byte.toString(16).padStart(2, '0')}`;
    const char = String.fromCharCode(byte);
    return char === quote ? `\\${char}` : char;
  });
  return `b${quote}${text.join('')}${quote}`;
}

const BYTE_ESCAPES: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** Python prints decimals with an exponent where their scale is negative or more than six zeros follow the point. */
function pythonDecimal({ digits, scale }: Decimal): string {
  const text = (digits < 0n ? -digits : digits).toString();
  const exponent = text.length - 1 - scale;
  if (scale >= 0 && exponent >= -6) return formatDecimal({ digits, scale });
  const mantissa = text.length === 1 ? text : `${text[0]}.${text.slice(1)}`;
  return `${digits < 0n ? '-' : ''}${mantissa}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}
