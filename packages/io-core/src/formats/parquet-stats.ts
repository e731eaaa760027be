import type { ColumnStats } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import { compareScalars, type Scalar, scalarJson } from '../values/scalar.ts';
import { type Bounds, parquetBounds } from './parquet-bounds.ts';
import type { ParquetChunk, ParquetElement, ParquetFooter } from './parquet-footer.ts';
import { REPETITION } from './parquet-words.ts';

/**
 * Bounds and null counts of the flat columns of a file, folded over its row groups. A bound is left out when a row
 * group with values does not tell it or tells a shortened one: a missing bound prunes nothing, a wrong one loses rows.
 */
export function parquetColumnStats(footer: ParquetFooter, schema: Schema): Record<string, ColumnStats> {
  const groups = footer.row_groups.filter(({ num_rows }) => num_rows > 0);
  const places = leafPlaces(footer.elements);
  const stats: [string, ColumnStats][] = [];
  for (const [index, element] of footer.elements.entries()) {
    const place = places[index];
    if (place === undefined || element.type === undefined || element.repetition_type === REPETITION.repeated) continue;
    const chunks = groups.map(({ columns }) => columns[place]);
    stats.push([element.name, foldChunks(chunks, element, parquetBounds(element, schema.fields[index]?.type))]);
  }
  return Object.fromEntries(stats);
}

/** For each top-level element, the place of its first leaf among the columns of a row group. */
function leafPlaces(elements: ParquetElement[]): number[] {
  let next = 0;
  return elements.map((element) => {
    const place = next;
    next += leafCount(element);
    return place;
  });
}

function leafCount(element: ParquetElement): number {
  return element.type !== undefined ? 1 : element.children.reduce((sum, child) => sum + leafCount(child), 0);
}

function foldChunks(chunks: (ParquetChunk | undefined)[], element: ParquetElement, bounds: Bounds | null): ColumnStats {
  let nulls: number | null = 0;
  let min: Scalar | null | undefined;
  let max: Scalar | null | undefined;
  for (const chunk of chunks) {
    const null_count = chunk?.statistics?.null_count ?? (element.repetition_type === REPETITION.required ? 0 : null);
    nulls = nulls === null || null_count === null ? null : nulls + null_count;
    if (chunk !== undefined && null_count === chunk.num_values) continue;
    min = further(min, boundOf(chunk, 'min', bounds), -1);
    max = further(max, boundOf(chunk, 'max', bounds), 1);
  }
  const stats: ColumnStats = {};
  const low = jsonOf(min, bounds);
  const high = jsonOf(max, bounds);
  // As elsewhere, a column has both bounds or none.
  if (low !== null && high !== null) Object.assign(stats, { min: low, max: high });
  if (nulls !== null) stats.null_count = nulls;
  return stats;
}

function boundOf(chunk: ParquetChunk | undefined, side: 'min' | 'max', bounds: Bounds | null): Scalar | null {
  const bytes = chunk?.statistics?.[side];
  if (bytes === undefined || bounds === null) return null;
  // The deprecated fields ordered everything as signed numbers or signed bytes.
  const { name } = bounds.kind;
  const unordered = name === 'string' || name === 'bytes' || name === 'decimal';
  const unsigned = bounds.kind.name === 'int' && bounds.kind.min === 0n;
  return chunk?.statistics?.deprecated && (unordered || unsigned) ? null : bounds.read(bytes, side);
}

/** The bound further in a direction; null, once any is unknown. */
function further(known: Scalar | null | undefined, next: Scalar | null, direction: 1 | -1): Scalar | null {
  if (known === null || next === null) return null;
  return known === undefined || compareScalars(next, known) * direction > 0 ? next : known;
}

function jsonOf(bound: Scalar | null | undefined, bounds: Bounds | null): unknown {
  return bounds === null || bound === null || bound === undefined ? null : scalarJson(bounds.kind, bound);
}
