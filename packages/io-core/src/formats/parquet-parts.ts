import { joinParts, type Part, sizeOfParts } from '../storage/parts.ts';
import type { ParquetFooter } from './parquet-footer.ts';

/** What lies between two parts is fetched with them when it is less: asking twice takes longer. */
const GAP_BYTES = 64 * 1024;

/** From this share of a file on, all of it is fetched: it will hardly cost more, and serves every later read. */
const WHOLE_FROM = 0.8;

/**
 * The parts of a Parquet file that reading some columns needs: their pages, dictionaries, filters and indexes in all row
 * groups, and the footer. Null where that is nearly all of it.
 */
export function parquetParts(footer: ParquetFooter, wanted: ReadonlySet<string> | null): Part[] | null {
  if (wanted === null) return null;
  // DuckDB takes names of columns for equal whatever their case.
  const names = new Set([...wanted].map((name) => name.toLowerCase()));
  const { size_bytes, tail } = footer;
  const chunks = footer.row_groups.flatMap(({ columns }) => columns);
  const needed = chunks.filter(({ path: [name = ''] }) => names.has(name.toLowerCase())).flatMap(({ parts }) => parts);
  const end = { offset: size_bytes - tail.bytes.byteLength, end: size_bytes };
  const starts = [...chunks.flatMap(({ parts }) => parts.map(({ offset }) => offset)), size_bytes];
  starts.sort((a, b) => a - b);
  const within = needed.map(({ offset, end }) => ({ offset, end: Math.min(end, startAfter(starts, offset)) }));
  const parts = joinParts([...within, end], GAP_BYTES);
  return sizeOfParts(parts) >= size_bytes * WHOLE_FROM ? null : parts;
}

/**
 * Where the next thing in the file begins. No part goes beyond it: of a column that nobody wants, either all is there or
 * not even its first bytes, which say how to read the rest. Zeros in their place are no page, and a reader fails.
 */
function startAfter(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return starts[low] ?? offset;
}
