import { DeltacatError } from '@deltacat/contract';
import { floorDivide } from './temporal.ts';

/** Offsets change at full quarters of an hour, so one answer serves all instants of a quarter. */
const QUARTER_NS = 900_000_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const CACHE_MAX = 100_000;

/** How far clocks of a zone are ahead of UTC at an instant, in nanoseconds. */
export type ZoneOffset = (ns: bigint) => bigint;

/** Zones that were found to be known: schemas are read often, and each look-up builds a calendar. */
const accepted = new Set<string>();
const ACCEPTED_MAX = 1_000;

/** Throws `invalid_schema` unless a time zone is known: a column of another one could be written, and never read. */
export function checkZone(zone: string): void {
  if (accepted.has(zone)) return;
  zoneOffset(zone);
  if (accepted.size < ACCEPTED_MAX) accepted.add(zone);
}

/** The offsets of a time zone: `UTC`, `+02:00` or a name such as `Europe/Berlin`. Throws `invalid_schema`. */
export function zoneOffset(zone: string): ZoneOffset {
  if (/^(utc|etc\/utc|gmt|z)$/i.test(zone)) return () => 0n;
  const fixed = /^([+-])([01]\d|2[0-3]):?([0-5]\d)$/.exec(zone);
  if (fixed) {
    const seconds = BigInt(fixed[2] ?? 0) * 3600n + BigInt(fixed[3] ?? 0) * 60n;
    const offset = (fixed[1] === '-' ? -seconds : seconds) * NS_PER_SECOND;
    return () => offset;
  }
  return namedZoneOffset(zone);
}

function namedZoneOffset(zone: string): ZoneOffset {
  const format = zoneFormat(zone);
  const known = new Map<bigint, bigint>();
  return (ns) => {
    const quarter = floorDivide(ns, QUARTER_NS);
    const found = known.get(quarter);
    if (found !== undefined) return found;
    const offset =
      localSeconds(format, (quarter * QUARTER_NS) / NS_PER_SECOND) - (quarter * QUARTER_NS) / NS_PER_SECOND;
    if (known.size >= CACHE_MAX) known.clear();
    known.set(quarter, offset * NS_PER_SECOND);
    return offset * NS_PER_SECOND;
  };
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  const digits = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  try {
    const options = { ...digits, second: 'numeric', era: 'short', hourCycle: 'h23', timeZone: zone } as const;
    return new Intl.DateTimeFormat('en-US', options);
  } catch {
    throw new DeltacatError('invalid_schema', `The time zone "${zone}" is unknown; use a name such as Europe/Berlin.`);
  }
}

/** The clock of a zone, read as if it showed UTC. */
function localSeconds(format: Intl.DateTimeFormat, seconds: bigint): bigint {
  const instant = new Date(Number(seconds) * 1000);
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
  local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
  return BigInt(local.getTime()) / 1000n;
}
