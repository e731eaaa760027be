/** The least memory limit that is of use: what reading needs whatever it reads. */
export const MEMORY_LIMIT_MB_MIN = 384;
/** What a process takes that reads nothing yet, 110 MiB, and beside DuckDB while it reads: measured, with a reserve. */
const BESIDE_MB = 320;
/** With less DuckDB cannot sort or merge many rows, not even by its disk; the process then takes more than a small limit. */
const ENGINE_MB_MIN = 128;
/** The most that rows may take at a time on their way from DuckDB to whoever reads them. */
const ROWS_MB = 128;
/** The part of DuckDB's limit that they may take when that is little. */
const ROWS_PART_MAX = 1 / 4;
const READ_MB_MIN = 1;

/** How much of a process's memory limit is DuckDB's, in MiB: what it needs beyond that it puts aside on disk. */
export function engineMemoryMb(limit_mb: number): number {
  return Math.max(limit_mb - BESIDE_MB, ENGINE_MB_MIN);
}

/** What DuckDB needs for each of its threads to sort by its disk: with 192 MiB and two threads it could not sort 10 million rows. */
const THREAD_MB = 96;

/** How many threads DuckDB may have with some memory, in MiB, of the machine's. */
export function engineThreads(engine_mb: number, available: number): number {
  return Math.max(1, Math.min(available, Math.floor(engine_mb / THREAD_MB)));
}

/**
 * The part of DuckDB's memory that rows which are sorted at a time may take: it keeps them twice, beside the files that it reads and
 * what waits to be fetched.
 */
const SORT_PART = 1 / 4;

/** The most bytes of rows that are sorted at a time, with some memory for DuckDB in MiB. */
export function sortBytesMax(engine_mb: number): number {
  return engine_mb * SORT_PART * 2 ** 20;
}

const UNITS_MB: Record<string, number> = { mib: 1, gib: 1024, mb: 1e6 / 2 ** 20, gb: 1e9 / 2 ** 20 };

/** Reads a memory limit, such as `512MiB` or `2GiB`, as MiB; null when it is none, or less than the least that is of use. */
export function parseMemoryLimit(text: string): number | null {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?([MG]i?B)$/i.exec(text.trim()) ?? [];
  const mb = Math.floor(Number(digits) * (UNITS_MB[unit.toLowerCase()] ?? 0));
  return mb >= MEMORY_LIMIT_MB_MIN ? mb : null;
}

/** What one read may hold on the way, in MiB; given back when it is disposed of. */
export interface RowMemory extends Disposable {
  readonly mb: number;
}

/**
 * Memory for the rows of all reads that are open. Each takes half of what is left, so that however many there are, and even if
 * nobody takes their rows, they stay within bounds; one alone gets enough to be fast. Nobody waits: a program may open
 * many reads and take their rows in turns.
 */
export class RowsAllowance {
  #left_mb: number;

  constructor(limit_mb: number) {
    this.#left_mb = Math.min(ROWS_MB, engineMemoryMb(limit_mb) * ROWS_PART_MAX);
  }

  take(): RowMemory {
    const mb = Math.max(READ_MB_MIN, Math.floor(this.#left_mb / 2));
    this.#left_mb -= mb;
    return {
      mb,
      [Symbol.dispose]: () => {
        this.#left_mb += mb;
      },
    };
  }
}
