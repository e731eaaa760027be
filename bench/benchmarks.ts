import { appends, appendsPostgres } from './benchmarks/appends.ts';
import { bulk } from './benchmarks/bulk.ts';
import { coldStart } from './benchmarks/cold-start.ts';
import { growth } from './benchmarks/growth.ts';
import { merge } from './benchmarks/merge.ts';
import { mergeMemory } from './benchmarks/merge-memory.ts';
import { plans } from './benchmarks/plans.ts';
import { s3Columns } from './benchmarks/s3-columns.ts';
import { transaction } from './benchmarks/transaction.ts';
import type { Benchmark } from './suite/benchmark.ts';

/** Every benchmark of the suite by name, in the order of docs/performance.md. */
export const BENCHMARKS: Record<string, Benchmark> = {
  appends,
  'appends-postgres': appendsPostgres,
  transaction,
  plans,
  merge,
  'merge-memory': mergeMemory,
  bulk,
  's3-columns': s3Columns,
  'cold-start': coldStart,
  growth,
};
