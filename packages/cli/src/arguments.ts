import { type PartitionChoices, type Predicate, parseJson, parsePredicate, partitionChoices } from '@deltacat/contract';
import { InvalidArgumentError } from 'commander';

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Reads `namespace.table`. Neither has a default: a forgotten namespace would make a table that nobody looks for. */
export function parseTable(text: string): { namespace: string; table: string } {
  const [namespace, table, ...rest] = text.split('.');
  if (namespace && table && rest.length === 0) return { namespace, table };
  throw new InvalidArgumentError('Write it as namespace.table.');
}

/** Reads `namespace` or `namespace.table`; the table of a namespace alone is null. */
export function parseNamespaceOrTable(text: string): { namespace: string; table: string | null } {
  if (text !== '' && !text.includes('.')) return { namespace: text, table: null };
  return parseTable(text);
}

/** Reads the address of a server. */
export function parseUrl(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return text;
  throw new InvalidArgumentError('Write it as http://host:port.');
}

/** Reads a filter in JSON, such as `{"eq": ["origin", "SEA"]}`. */
export function parseFilter(text: string): Predicate | null {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON (${(error as Error).message}). Example: {"eq": ["origin", "SEA"]}`);
  }
  const parsed = parsePredicate(value);
  if ('problem' in parsed) throw new InvalidArgumentError(parsed.problem);
  return parsed.predicate;
}

/**
 * Adds a partition to those named before: a list of its values in JSON, one value, or its id. What is no JSON is a text, so
 * that `--partition Lima` needs no quotes within quotes.
 */
export function parsePartition(text: string, before: PartitionChoices = []): PartitionChoices {
  let value: unknown = text;
  try {
    value = parseJson(text);
  } catch {
    // A bare word.
  }
  const [choice] = partitionChoices.safeParse([Array.isArray(value) ? { partition_values: value } : value]).data ?? [];
  if (choice !== undefined) return [...before, choice];
  throw new InvalidArgumentError('Write it as a value, as a list of values such as ["Lima", 2026], or as an id.');
}

/** Reads a list of column names parted by commas. */
export function parseColumns(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** An ISO date, with a time of day and a zone or without. */
const ISO =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[T ](?<clock>\d{2}:\d{2}(?::\d{2})?)(?:\.(?<fraction>\d{1,9}))?)?(?<zone>Z|[+-]\d{2}:\d{2})?$/;

/** Reads a time: nanoseconds since 1970, or an ISO date such as 2026-03-31T12:00:00Z. Without a zone it is UTC, as times are printed. */
export function parseTime(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return parseNanoseconds(text);
  const { date, clock = '00:00', fraction = '', zone = 'Z' } = ISO.exec(text)?.groups ?? {};
  const ms = Date.parse(`${date}T${clock}${zone}`);
  if (date !== undefined && !Number.isNaN(ms) && isDay(date))
    return BigInt(ms) * NANOSECONDS_PER_MILLISECOND + BigInt(fraction.padEnd(9, '0'));
  throw new InvalidArgumentError(
    'Write it as nanoseconds since 1970 or as an ISO date, such as 2026-03-31T12:00:00Z; without a zone it is UTC.',
  );
}

/** February 31 is read as March 3 otherwise. */
function isDay(date: string): boolean {
  const ms = Date.parse(date);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

/** How many digits times of our days have in other units, and how many are missing then. */
const OTHER_UNITS = [
  { unit: 'seconds', digits: 10 },
  { unit: 'milliseconds', digits: 13 },
  { unit: 'microseconds', digits: 16 },
];
const NANOSECOND_DIGITS = 19;

function parseNanoseconds(text: string): bigint {
  const ns = BigInt(text);
  const digits = ns.toString();
  // Shorter ones are before September 2001, when there was no table to read.
  if (digits.length >= NANOSECOND_DIGITS) return ns;
  const other = OTHER_UNITS.find((known) => known.digits === digits.length);
  const hint = other && ` These seem to be ${other.unit}: write ${digits.padEnd(NANOSECOND_DIGITS, '0')}.`;
  throw new InvalidArgumentError(
    `Write it as nanoseconds since 1970 (${NANOSECOND_DIGITS} digits) or as an ISO date.${hint ?? ''}`,
  );
}

/** A moment of a catalog: by the number of a commit, or by a time. */
export interface Moment {
  seq?: number;
  time?: bigint;
}

/** Longer numbers are times in some unit, not commits. */
const COMMIT_DIGITS_MAX = 9;

/** Reads a moment: the number of a commit, nanoseconds since 1970, or an ISO date. */
export function parseMoment(text: string): Moment {
  if (/^\d+$/.test(text) && text.length <= COMMIT_DIGITS_MAX) return { seq: Number(text) };
  return { time: parseTime(text) };
}

/** Reads a number of rows. */
export function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number, 0 or more.');
}

/** Reads a number of things, of which at least one is wanted. */
export function parseSomeCount(text: string): number {
  const count = parseCount(text);
  if (count > 0) return count;
  throw new InvalidArgumentError('It is a whole number, 1 or more.');
}

const MS_PER_UNIT: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a span of time, such as 90s, 30m, 12h or 7d, in milliseconds. */
export function parseSpan(text: string): number {
  const { count, unit = 's' } = /^(?<count>\d{1,9})(?<unit>[smhd])$/.exec(text)?.groups ?? {};
  if (count !== undefined) return Number(count) * (MS_PER_UNIT[unit] ?? 0);
  throw new InvalidArgumentError('Write it as a number with its unit: 90s, 30m, 12h or 7d.');
}

/** Reads the number of a port; 0 asks for a free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
}
