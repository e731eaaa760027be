const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const MILLISECONDS_LENGTH = '2026-03-31T12:00:00.000'.length;

/** A time as an ISO text to the nanosecond, in UTC: given back as `--as-of` it is the very same moment. */
export function timeText(ns: bigint): string {
  const text = new Date(Number(ns / NANOSECONDS_PER_MILLISECOND)).toISOString().slice(0, MILLISECONDS_LENGTH);
  return `${text}${String(ns % NANOSECONDS_PER_MILLISECOND).padStart(6, '0')}Z`;
}
