/** An exact decimal number: `digits` times 10 to the power of minus `scale`. */
export interface Decimal {
  digits: bigint;
  scale: number;
}

const TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Arrow's widest decimals have 76 digits; a longer text would only cost time. */
const LENGTH_MAX = 1000;
const SCALE_MAX = 1000;

/** Reads `12.50` or `1.25e1`, or answers null when the text is no decimal number. */
export function parseDecimal(text: string): Decimal | null {
  const found = text.length > LENGTH_MAX ? null : TEXT.exec(text);
  if (!found) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  if (whole === '' && fraction === '') return null;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > SCALE_MAX) return null;
  const digits = BigInt(whole + fraction);
  return { digits: sign === '-' ? -digits : digits, scale };
}

/** The plain text of a decimal, with as many fraction digits as its scale says. */
export function formatDecimal({ digits, scale }: Decimal): string {
  if (scale <= 0) return (digits * 10n ** BigInt(-scale)).toString();
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** Orders two decimals by value: 1.5 and 1.50 are equal. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = a.digits * 10n ** BigInt(scale - a.scale);
  const right = b.digits * 10n ** BigInt(scale - b.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}
