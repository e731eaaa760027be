import { appends, appendsPostgres } from './benchmarks/appends.ts';
import { merge } from './benchmarks/merge.ts';
import { mergeMemory } from './benchmarks/merge-memory.ts';
import { plans } from './benchmarks/plans.ts';
import { s3Columns } from './benchmarks/s3-columns.ts';
import type { Benchmark } from './suite/benchmark.ts';

/** Every benchmark of the suite by name, in the order of docs/performance.md. */
export const BENCHMARKS: Record<string, Benchmark> = {
  appends,
  'appends-postgres': appendsPostgres,
  plans,
  merge,
  'merge-memory': mergeMemory,
  's3-columns': s3Columns,
};
