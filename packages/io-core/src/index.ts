export { type CoerceOptions, coerceRows } from './coerce.ts';
export { closeEngine, configureEngine, type EngineSettings } from './duckdb.ts';
export { executePlan } from './execute.ts';
export { type FileColumns, type FitTarget, findMisfit, type Misfit } from './fit.ts';
export type { Inspection } from './formats/capability.ts';
export type { ParquetCompression } from './formats/parquet-write.ts';
export { fromManifestTable } from './from-manifest.ts';
export { inferType } from './infer.ts';
export { type InspectInput, inspectFile } from './inspect.ts';
export { checkPartitionScheme, mightMatchPartition, parseTransform, partitionRows } from './partition.ts';
export { type PartitionFilter, partitionFilter } from './partition-filter.ts';
export { partitionOfFile } from './partition-of-file.ts';
export type { ExecuteOptions, PlanRows } from './plan-rows.ts';
export {
  type BoundPredicate,
  bindPredicate,
  conjunctsOver,
  type FileStats,
  matchesRow,
  mightMatch,
  predicateSql,
} from './predicate.ts';
export { rewritePlan } from './rewrite.ts';
export { rowObjects } from './row-values.ts';
export type { RowData } from './rows.ts';
export { readScalar, scalarKind } from './scalar.ts';
export * from './schema.ts';
export { openStorage } from './storage/open.ts';
export { folderSize, realPath } from './storage/real-path.ts';
export type { Storage, StoredFile, Tail } from './storage/storage.ts';
export { RECORDS_PER_FILE, type WriteTarget, writeRows } from './write.ts';
