import type { ColumnStats, SchemaField } from '@deltacat/contract';
import type { Data, Table, Vector } from 'apache-arrow';
import { Moment } from './columns/encode.ts';
import { readColumn } from './columns/read.ts';
import type { FileStats } from './predicate/predicate.ts';
import { statsRange } from './predicate/stats-range.ts';
import { fieldType } from './schema/schema.ts';
import { compareScalars, type Scalar, type ScalarKind, scalarJson, scalarKind } from './values/scalar.ts';
import { lowerBound, upperBound } from './values/text-bounds.ts';

/** The least and the greatest value of a column; both null where it has none but null and NaN. */
interface Extremes {
  min: Scalar | null;
  max: Scalar | null;
}

const NO_EXTREMES: Extremes = { min: null, max: null };

/**
 * Minimum, maximum and number of nulls of each column, as JSON. Bytes, durations and nested columns have only their
 * nulls counted: readers in other languages could not compare more.
 */
export function tableStats(table: Table): Record<string, ColumnStats> {
  const columns = table.schema.fields.map((field, index): [string, ColumnStats] => {
    const vector = table.getChildAt(index);
    return [field.name, vector === null ? {} : columnStats(vector)];
  });
  return Object.fromEntries(columns);
}

/** Statistics of several files together. A column that one of them does not tell of has no bounds. */
export function mergeStats(files: readonly FileStats[], fields: readonly SchemaField[]): Record<string, ColumnStats> {
  const merged = fields.map((field): [string, ColumnStats] => {
    const parts = files.map(({ column_stats, record_count }) => ({ stats: column_stats?.[field.name], record_count }));
    const counts = parts.map(({ stats }) => stats?.null_count ?? null).filter((count) => count !== null);
    const stats = mergeBounds(scalarKind(fieldType(field)), parts);
    if (counts.length === files.length) stats.null_count = counts.reduce((sum, count) => sum + count, 0);
    return [field.name, stats];
  });
  return Object.fromEntries(merged);
}

function mergeBounds(
  kind: ScalarKind | null,
  parts: { stats: ColumnStats | undefined; record_count: number | null | undefined }[],
): ColumnStats {
  if (kind === null) return {};
  let merged = NO_EXTREMES;
  for (const { stats, record_count } of parts) {
    const range = statsRange(kind, stats, record_count ?? null);
    if (range === 'all null') continue;
    if (range === null || range.min === null || range.max === null) return {};
    merged = widen(widen(merged, range.min), range.max);
  }
  return boundsJson(kind, merged);
}

function columnStats(vector: Vector): ColumnStats {
  const kind = scalarKind(vector.type);
  const null_count = vector.nullCount;
  if (kind === null || kind.name === 'bytes' || kind.name === 'duration' || null_count === vector.length) {
    return { null_count };
  }
  return { ...boundsJson(kind, extremesOf(vector, kind)), null_count };
}

function boundsJson(kind: ScalarKind, { min, max }: Extremes): ColumnStats {
  const low = typeof min === 'string' ? lowerBound(min) : min;
  const high = typeof max === 'string' ? upperBound(max) : max;
  if (low === null || high === null) return {};
  const bounds = { min: scalarJson(kind, low), max: scalarJson(kind, high) };
  return bounds.min === null || bounds.max === null ? {} : bounds;
}

function extremesOf(vector: Vector, kind: ScalarKind): Extremes {
  const chunks = vector.data.filter(({ length }) => length > 0);
  if (vector.data.some(({ dictionary }) => dictionary !== undefined)) return readExtremes(vector);
  if (kind.name === 'string') return textExtremes(chunks);
  // Half floats are stored as words whose order is not theirs.
  const isPlain = kind.name !== 'bool' && kind.name !== 'decimal';
  const isHalf = kind.name === 'float' && chunks.some(({ values }) => values instanceof Uint16Array);
  return isPlain && !isHalf ? numberExtremes(chunks, kind) : readExtremes(vector);
}

/** Numbers and times straight from their buffers, which are a hundred times as fast as values read one by one. */
function numberExtremes(chunks: readonly Data[], kind: ScalarKind): Extremes {
  let min: number | bigint | null = null;
  let max: number | bigint | null = null;
  for (const chunk of chunks) {
    // Columns of numbers and times have such values, one for each row.
    const values = chunk.values as ArrayLike<number | bigint>;
    for (let row = 0; row < chunk.length; row += 1) {
      const value = values[row];
      if (value === undefined || Number.isNaN(value) || !isValid(chunk, row)) continue;
      if (min === null || value < min) min = value;
      if (max === null || value > max) max = value;
    }
  }
  if (min === null || max === null || !('unit_ns' in kind)) return { min, max };
  return { min: BigInt(min) * kind.unit_ns, max: BigInt(max) * kind.unit_ns };
}

/** A text as it lies among others. */
interface Slice {
  values: Uint8Array;
  from: number;
  to: number;
}

/** Texts compared by their bytes where they lie, so that only two of them are decoded. */
function textExtremes(chunks: readonly Data[]): Extremes {
  let min: Slice | null = null;
  let max: Slice | null = null;
  for (const chunk of chunks) {
    const { valueOffsets } = chunk;
    const value: Slice = { values: chunk.values, from: 0, to: 0 };
    for (let row = 0; row < chunk.length; row += 1) {
      if (!isValid(chunk, row)) continue;
      value.from = Number(valueOffsets[row]);
      value.to = Number(valueOffsets[row + 1]);
      if (min === null || max === null) min = max = { ...value };
      else if (compareSlices(value, min) < 0) min = { ...value };
      else if (compareSlices(value, max) > 0) max = { ...value };
    }
  }
  return { min: min && textOf(min), max: max && textOf(max) };
}

/** A loop, because most texts differ within a few bytes: a call of `Buffer.compare` costs ten times as much. */
function compareSlices(a: Slice, b: Slice): number {
  const [length_a, length_b] = [a.to - a.from, b.to - b.from];
  const length = Math.min(length_a, length_b);
  for (let index = 0; index < length; index += 1) {
    const difference = (a.values[a.from + index] ?? 0) - (b.values[b.from + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return length_a - length_b;
}

function textOf({ values, from, to }: Slice): string {
  return Buffer.from(values.buffer, values.byteOffset + from, to - from).toString();
}

function isValid({ nullCount, nullBitmap, offset }: Data, row: number): boolean {
  if (nullCount === 0 || !nullBitmap?.length) return true;
  const bit = offset + row;
  return (((nullBitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
}

function readExtremes(vector: Vector): Extremes {
  const read = readColumn(vector);
  let extremes = NO_EXTREMES;
  for (let row = 0; row < vector.length; row += 1) {
    const value = read(row) ?? null;
    // A column of scalars is read as scalars, but for its times.
    if (value !== null) extremes = widen(extremes, value instanceof Moment ? value.ns : (value as Scalar));
  }
  return extremes;
}

function widen({ min, max }: Extremes, value: Scalar): Extremes {
  if (typeof value === 'number' && Number.isNaN(value)) return { min, max };
  const isLeast = min === null || compareScalars(value, min) < 0;
  const isGreatest = max === null || compareScalars(value, max) > 0;
  return isLeast || isGreatest ? { min: isLeast ? value : min, max: isGreatest ? value : max } : { min, max };
}
