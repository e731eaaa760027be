const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const MS_PER_DAY = 86_400_000n;

/** Nanoseconds of one day. */
export const NS_PER_DAY = MS_PER_DAY * NS_PER_MS;

/** The days that ECMAScript dates reach on either side of 1970, some 270,000 years. */
const DAYS_MAX = 100_000_000n;

const DATE = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?/;
const OFFSET = /^([+-])(\d\d):?(\d\d)?(?::?(\d\d))?$/;

/**
 * Nanoseconds since 1970 of an ISO 8601 date or date and time, or null when the text is neither. A time without an
 * offset counts as UTC, so a zoned and a naive column compare with the same text alike.
 */
export function parseInstant(text: string): bigint | null {
  const date = DATE.exec(text);
  if (!date) return null;
  const days = daysOf(Number(date[1]), Number(date[2]), Number(date[3]));
  if (days === null) return null;
  const rest = text.slice(date[0].length);
  if (rest === '') return days * NS_PER_DAY;
  const time = /^[Tt ]/.test(rest) ? takeTime(rest.slice(1)) : null;
  if (time === null) return null;
  const offset = parseOffset(time.rest);
  return offset === null ? null : days * NS_PER_DAY + time.ns - offset;
}

/** Nanoseconds since midnight of `12:34`, `12:34:56` or `12:34:56.789`, or null when the text is no time of day. */
export function parseTimeOfDay(text: string): bigint | null {
  const time = takeTime(text);
  return time === null || time.rest !== '' ? null : time.ns;
}

/** How many digits the text gives to fractions of a second. */
export function fractionDigits(text: string): number {
  return /[.,](\d+)/.exec(text)?.[1]?.length ?? 0;
}

/** The ISO date of an instant, or null beyond the years that ECMAScript dates reach. */
export function formatDate(ns: bigint): string | null {
  const days = floorDivide(ns, NS_PER_DAY);
  if (days < -DAYS_MAX || days > DAYS_MAX) return null;
  return new Date(Number(days * MS_PER_DAY)).toISOString().slice(0, -'T00:00:00.000Z'.length);
}

/** The time of day as Python prints it: a fraction only when there is one, of 6 digits or, where needed, 9. */
export function formatTimeOfDay(ns: bigint): string {
  const seconds = ns / NS_PER_SECOND;
  const fraction = (ns % NS_PER_SECOND).toString().padStart(9, '0');
  const digits = fraction.endsWith('000') ? fraction.slice(0, 6) : fraction;
  const pad = (value: bigint) => value.toString().padStart(2, '0');
  const clock = `${pad(seconds / 3600n)}:${pad((seconds / 60n) % 60n)}:${pad(seconds % 60n)}`;
  return Number(digits) === 0 ? clock : `${clock}.${digits}`;
}

/** The ISO date and time of an instant, or null beyond the years that ECMAScript dates reach. */
export function formatInstant(ns: bigint): string | null {
  const date = formatDate(ns);
  return date === null ? null : `${date}T${formatTimeOfDay(floorModulo(ns, NS_PER_DAY))}`;
}

/** Division towards negative infinity, so that times before 1970 fall into the unit that holds them. */
export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by !== 0n && value < 0n !== by < 0n ? quotient - 1n : quotient;
}

/** What {@link floorDivide} leaves: never negative for a positive divisor. */
export function floorModulo(value: bigint, by: bigint): bigint {
  return value - floorDivide(value, by) * by;
}

function daysOf(year: number, month: number, day: number): bigint | null {
  const date = new Date(0);
  const ms = date.setUTCFullYear(year, month - 1, day);
  if (Number.isNaN(ms) || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return BigInt(ms) / MS_PER_DAY;
}

function takeTime(text: string): { ns: bigint; rest: string } | null {
  const found = TIME.exec(text);
  if (!found) return null;
  const [matched, hour, minute, second = '0', fraction = ''] = found;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  return {
    ns: BigInt(seconds) * NS_PER_SECOND + BigInt(fraction.padEnd(9, '0')),
    rest: text.slice(matched.length),
  };
}

function parseOffset(text: string): bigint | null {
  if (text === '' || text === 'Z' || text === 'z') return 0n;
  const found = OFFSET.exec(text);
  if (!found) return null;
  const seconds = Number(found[2]) * 3600 + Number(found[3] ?? 0) * 60 + Number(found[4] ?? 0);
  return BigInt(found[1] === '-' ? -seconds : seconds) * NS_PER_SECOND;
}
