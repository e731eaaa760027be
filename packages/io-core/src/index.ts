export { type CoerceOptions, coerceRows } from './coerce.ts';
export { ColumnValues, type TypedValues } from './columns/values.ts';
export { type DescribedFile, type DescribeInput, describeFiles } from './describe-files.ts';
export { DuckRelation, openRelation, type RelationOptions } from './duck-relation.ts';
export { MEMORY_LIMIT_MB_MIN, parseMemoryLimit } from './duckdb/memory.ts';
export { closeEngine, configureEngine, type EngineSettings } from './duckdb/session.ts';
export { executePlan } from './execute.ts';
export type { Compression, Inspection } from './formats/capability.ts';
export { isDelimited, isTextFormat } from './formats/dialect.ts';
export { type FileRows, type WrittenFile, writeParquetFile } from './formats/parquet-file.ts';
export { fromManifestTable, type ManifestRows, planManifest } from './from-manifest.ts';
export { type InspectInput, inspectFile, isReadHere, tellsColumns } from './inspect.ts';
export { type LanceDescription, LanceHandle, type LanceQuery, type LanceTable, lanceHandles } from './lance-handle.ts';
export { type ParquetDescription, ParquetHandle, type ParquetRead, parquetHandles } from './parquet-handle.ts';
export { type PartitionFilter, partitionFilter } from './partition/filter.ts';
export { partitionOfFile } from './partition/of-file.ts';
export { checkPartitionScheme, mightMatchPartition, parseTransform, partitionRows } from './partition/partition.ts';
export { type PartitionValueTexts, partitionValueTexts } from './partition/value-text.ts';
export type { ExecuteOptions, PlanRows } from './plan-rows.ts';
export {
  type BoundPredicate,
  bindPredicate,
  conjunctsOver,
  type FileStats,
  matchesRow,
  mightMatch,
  predicateSql,
} from './predicate/predicate.ts';
export { rewritePlan } from './rewrite.ts';
export type { RowData, RowItem } from './row-data.ts';
export { openRowStream, type RowStream } from './row-stream.ts';
export { rowObjects } from './row-values.ts';
export { type FileColumns, type FitTarget, findMisfit, isWithin, type Misfit } from './schema/fit.ts';
export { inferType } from './schema/infer.ts';
export * from './schema/schema.ts';
export { isWidening, mayRound, widerType } from './schema/widen.ts';
export { type FindOptions, type FoundFiles, findSources } from './source-files.ts';
export { ambientAccess, type StorageAccess } from './storage/access.ts';
export { openStorage } from './storage/open.ts';
export { folderSize, realPath } from './storage/real-path.ts';
export { type S3Keys, type S3Options, type S3Patience, s3Storage } from './storage/s3.ts';
export { type S3Grant, s3Access } from './storage/s3-access.ts';
export type { RemoteReads, Storage, StoredFile, Tail, VersionRange } from './storage/storage.ts';
export { type Vended, vendedAccess } from './storage/vended-access.ts';
export { readScalar, scalarKind } from './values/scalar.ts';
export { firstSchema, RECORDS_PER_FILE, type WriteTarget, writeRowStream, writeRows } from './write.ts';
