import type { ColumnStats, PartitionScheme, PartitionValue, SchemaField } from '@deltacat/contract';
import { fieldType } from '../schema/schema.ts';
import { readScalar, type Scalar, type ScalarKind, scalarKind } from '../values/scalar.ts';
import { compileTransform, parseTransform, transformProblem } from './transform.ts';

/** What is known of a file without reading its rows. */
export interface KnownFile {
  fields: SchemaField[];
  record_count: number;
  column_stats: Record<string, ColumnStats> | null;
}

/** Writers may shorten longer bounds, and then two values look like one. */
const BOUND_LENGTH_MAX = 32;

/**
 * The partition that all rows of a file are in, when its statistics prove that there is only one: every source column
 * holds one value, or nothing but nulls. Null when they do not.
 */
export function partitionOfFile(scheme: PartitionScheme, file: KnownFile): PartitionValue[] | null {
  if (file.record_count === 0) return null;
  const values: PartitionValue[] = [];
  for (const { key, transform } of scheme.keys) {
    const parsed = parseTransform(transform);
    const sources = key.map((column) => onlyValue(column, file));
    const known = sources.filter((source) => source !== null);
    const kinds = known.map(({ kind }) => kind);
    if (known.length < key.length || transformProblem(parsed, kinds) !== null) return null;
    values.push(compileTransform(parsed, kinds)(known.map(({ value }) => value)));
  }
  return values;
}

function onlyValue(column: string, file: KnownFile): { kind: ScalarKind; value: Scalar | null } | null {
  const field = file.fields.find(({ name }) => name === column);
  const stats = file.column_stats?.[column];
  const kind = field && scalarKind(fieldType(field));
  // Bounds of fractional numbers leave NaN out.
  if (!kind || !stats || kind.name === 'float') return null;
  if (stats.null_count === file.record_count) return { kind, value: null };
  const { min, max, null_count } = stats;
  if (null_count !== 0 || min === null || min === undefined || min !== max) return null;
  if (typeof min === 'string' && min.length > BOUND_LENGTH_MAX) return null;
  const value = readScalar(kind, min);
  return value === undefined ? null : { kind, value };
}
