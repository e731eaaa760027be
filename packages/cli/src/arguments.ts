import { type Predicate, parseJson, parsePredicate } from '@deltacat/contract';
import { InvalidArgumentError } from 'commander';

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Reads `namespace.table`; a table alone is in the namespace `default`. */
export function parseTable(text: string): { namespace: string; table: string } {
  const parts = text.split('.');
  const [first, second] = parts;
  if (parts.length === 1 && first) return { namespace: 'default', table: first };
  if (parts.length === 2 && first && second) return { namespace: first, table: second };
  throw new InvalidArgumentError('Write it as namespace.table.');
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

/** Reads a list of column names parted by commas. */
export function parseColumns(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Reads a time: nanoseconds since 1970, or an ISO date such as 2026-03-31T12:00:00Z. */
export function parseTime(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return BigInt(ms) * NANOSECONDS_PER_MILLISECOND;
  throw new InvalidArgumentError('Write it as nanoseconds since 1970 or as an ISO date, such as 2026-03-31T12:00:00Z.');
}

/** Reads a number of rows. */
export function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number, 0 or more.');
}
