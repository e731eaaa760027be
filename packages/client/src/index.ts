export {
  type ContentType,
  type DataFile,
  DeltacatError,
  type Predicate,
  type ScanTask,
  type SchemaField,
  type WriteEntry,
  type WriteMode,
} from '@deltacat/contract';
export type {
  ColumnValues,
  DuckRelation,
  ManifestRows,
  ParquetDescription,
  ParquetHandle,
  ParquetRead,
  PlanRows,
  TypedValues,
} from '@deltacat/io-core';
export type { Call, OperationArguments, Operations } from './bind.ts';
export type { Catalog } from './catalog.ts';
export { Client, type ClientOptions, URL_DEFAULT } from './client.ts';
export { ConcurrentModificationError, ConnectionError, RequestError, type RequestFailure } from './errors.ts';
export type { JobStatus, Jobs, WaitArguments } from './jobs.ts';
export type {
  ManifestArguments,
  PlanArguments,
  PlannedArguments,
  ReadArguments,
  ReadOptions,
} from './read.ts';
export type { ReadAs, ReadResults } from './read-forms.ts';
export { type PartitionSummary, type PlanScope, ReadPlan } from './read-plan.ts';
export type { CallOptions } from './request.ts';
export type { Work, WorkOptions } from './run-transaction.ts';
export type { OperationAnswer, PagedOperation } from './send.ts';
export { Transaction, type TransactionState } from './transaction.ts';
export type { TransactionName, TransactionOptions } from './transactions.ts';
export type {
  CommitArguments,
  CommitResult,
  CreateIfMissing,
  StageArguments,
  WriteArguments,
  WriteData,
} from './write.ts';
export { type EntryFacts, type SessionCommitOptions, WriteSession, type WriteSessionState } from './write-session.ts';
