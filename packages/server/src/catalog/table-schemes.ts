import {
  DeltacatError,
  EMPTY_SCHEME_ID,
  type PartitionScheme,
  type SchemaField,
  type SortScheme,
} from '@deltacat/contract';
import { checkPartitionScheme, parseTransform } from '@deltacat/io-core';

/** What a scheme is completed with: the table's fields (null when it has none) and where ids come from. */
interface SchemeContext {
  fields: SchemaField[] | null;
  newId(): string;
}

/**
 * Completes a partition scheme: an id, a transform for every key. Null when it has no keys, which is an unpartitioned
 * table. Throws `invalid_schema`.
 */
export function definePartitionScheme(
  asked: PartitionScheme | null | undefined,
  context: SchemeContext,
): PartitionScheme | null {
  if (!asked || asked.keys.length === 0) return null;
  const seen = new Set<string>();
  const keys = asked.keys.map((key) => {
    const transform = key.transform?.trim() || 'identity';
    parseTransform(transform);
    requireColumns(key.key, context.fields, 'partition');
    requireNew(seen, `${key.key.join(' ')} ${transform.toLowerCase()}`, `Partition key ${listed(key.key)}`);
    return { ...key, transform };
  });
  const scheme = { ...asked, id: schemeId(asked.id, context), keys };
  if (context.fields) checkPartitionScheme(scheme, context.fields);
  return scheme;
}

/** Completes a sort scheme: an id, directions. Null when it has no keys. Throws `invalid_schema`. */
export function defineSortScheme(asked: SortScheme | null | undefined, context: SchemeContext): SortScheme | null {
  if (!asked || asked.keys.length === 0) return null;
  const seen = new Set<string>();
  const keys = asked.keys.map((key) => {
    if (key.key.length > 1) throw invalid(`Sort key ${listed(key.key)} has several columns. Use one key for each.`);
    if (key.transform && key.transform.trim().toLowerCase() !== 'identity') {
      throw invalid(`Sort transform "${key.transform}" is not possible: rows are sorted by the columns themselves.`);
    }
    requireColumns(key.key, context.fields, 'sort');
    requireNew(seen, key.key.join(' '), `Sort key ${listed(key.key)}`);
    return { ...key, sort_order: key.sort_order ?? ('ascending' as const), null_order: key.null_order ?? 'at_end' };
  });
  return { ...asked, id: schemeId(asked.id, context), keys };
}

/** The id given, or a fresh one; the id that means "no scheme" cannot name one. */
function schemeId(asked: string | number | null | undefined, context: SchemeContext): string {
  return asked === null || asked === undefined || asked === EMPTY_SCHEME_ID ? context.newId() : String(asked);
}

function requireColumns(columns: string[], fields: SchemaField[] | null, kind: string): void {
  if (!fields) return;
  const missing = columns.filter((column) => !fields.some((field) => field.name === column));
  if (missing.length === 0) return;
  const known = fields.map((field) => field.name).join(', ');
  throw invalid(`The ${kind} scheme names ${listed(missing)}, which the schema lacks. It has: ${known}.`);
}

function requireNew(seen: Set<string>, key: string, what: string): void {
  if (seen.has(key)) throw invalid(`${what} appears twice; remove one.`);
  seen.add(key);
}

function listed(columns: string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

function invalid(message: string): DeltacatError {
  return new DeltacatError('invalid_schema', message);
}
