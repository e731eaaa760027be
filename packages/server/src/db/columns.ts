import { parseJson, stringifyJson } from '@deltacat/contract';

/**
 * How columns are read whose SQL type says less than we know. Both databases map by this table, by column name: a name
 * means one thing everywhere. Integers not listed here are `number`.
 */
const COLUMNS: Record<string, 'bigint' | 'json' | 'boolean'> = {
  head_at_ns: 'bigint',
  created_at_ns: 'bigint',
  committed_at_ns: 'bigint',
  expires_at_ns: 'bigint',
  heartbeat_at_ns: 'bigint',
  finalized_at_ns: 'bigint',
  as_of_ns: 'bigint',
  applied_at_ns: 'bigint',
  replaced_at_ns: 'bigint',
  disabled_at_ns: 'bigint',
  available_at_ns: 'bigint',
  claimed_at_ns: 'bigint',
  lease_expires_at_ns: 'bigint',
  completed_at_ns: 'bigint',
  position: 'bigint',
  previous_position: 'bigint',
  last_position: 'bigint',
  answer: 'json',
  payload: 'json',
  properties: 'json',
  partition_scheme: 'json',
  sort_scheme: 'json',
  content_types: 'json',
  fields: 'json',
  retired: 'json',
  partition_values: 'json',
  entry_params: 'json',
  stats: 'json',
  create_if_missing: 'json',
  result: 'json',
  refusal: 'json',
  settings: 'json',
  usages: 'json',
  config: 'json',
  progress_events: 'json',
  mandatory: 'boolean',
  is_default: 'boolean',
  is_clean: 'boolean',
  allow_external_entries: 'boolean',
};

/** Turns a stored value into what the rest of the server works with. */
function readColumn(name: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  const kind = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
  if (kind === 'json') return typeof value === 'string' ? parseJson(value) : value;
  if (kind === 'boolean') return Boolean(Number(value));
  if (typeof value === 'bigint') return kind === 'bigint' ? value : Number(value);
  return kind === 'bigint' && typeof value === 'number' ? BigInt(value) : value;
}

/** The same for every column of a row, in place. */
export function readRow(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) row[name] = readColumn(name, row[name]);
  return row;
}

/** Turns a value into what both databases store: objects as JSON text, booleans as 0 and 1. */
export function writeColumn(value: unknown): null | string | number | bigint | Uint8Array {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof Uint8Array ? value : stringifyJson(value);
}
