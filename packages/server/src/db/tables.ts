import type {
  ContentEncoding,
  ContentType,
  DeltaType,
  ErrorDetails,
  JobState,
  LifecycleState,
  PartitionScheme,
  PartitionValue,
  SchemaField,
  SortScheme,
  TransactionStatus,
  WriteMode,
} from '@deltacat/contract';
import type { Generated } from 'kysely';
import type { DataRootRow, DiscoveryRootRow, StorageBindingRow } from './root-rows.ts';

/** Properties as they are stored: any JSON by name. */
export type Properties = Record<string, unknown>;

/**
 * What every versioned row carries: it is visible to a snapshot `s` when `from_seq <= s` and (`to_seq` is null or
 * `to_seq > s`). A row without `from_seq` is uncommitted work of its transaction.
 */
export interface Versioned {
  row_id: Generated<number>;
  from_seq: number | null;
  to_seq: number | null;
  transaction_id: string | null;
}

/**
 * One catalog and its head: the newest sequence number and when it was committed. `definitions_id` names one state of
 * its namespaces, tables and versions: a commit that changes any of them gives it anew, appending data does not.
 */
export interface CatalogRow {
  catalog_id: string;
  name: string;
  head_seq: number;
  head_at_ns: bigint;
  definitions_id: string;
  created_at_ns: bigint;
}

/** One commit of a catalog. */
export interface CommitRow {
  catalog_id: string;
  seq: number;
  committed_at_ns: bigint;
  author: string | null;
  message: string | null;
  operation: string;
  transaction_id: string | null;
}

/** One thing that a commit touched: its change-set is all its rows. */
export interface TouchRow {
  catalog_id: string;
  object_id: string;
  seq: number;
  kind: string;
  partition_id: string | null;
}

/** One answered operation: repeated with the same payload it is answered alike. */
export interface OperationRow {
  catalog_id: string;
  operation_id: string;
  payload_hash: string;
  answer: unknown;
  seq: number | null;
  created_at_ns: bigint;
  transaction_id: string | null;
}

/** One event that a commit left for a loop to act on; it is there until one has. */
export interface OutboxRow {
  event_id: Generated<number>;
  catalog_id: string;
  seq: number;
  kind: string;
  payload: unknown;
  created_at_ns: bigint;
}

/** One state of a namespace. */
export interface NamespaceRow extends Versioned {
  namespace_id: string;
  catalog_id: string;
  name: string;
  properties: Properties;
}

/** One state of a table. */
export interface TableRow extends Versioned {
  table_id: string;
  catalog_id: string;
  namespace_id: string;
  name: string;
  description: string | null;
  properties: Properties;
}

/** One state of a table version. A null `schema_id` is a schemaless version. */
export interface TableVersionRow extends Versioned {
  table_version_id: string;
  table_id: string;
  catalog_id: string;
  version: string;
  version_number: number;
  lifecycle_state: LifecycleState;
  description: string | null;
  properties: Properties;
  schema_id: number | null;
  partition_scheme: PartitionScheme | null;
  sort_scheme: SortScheme | null;
  content_types: ContentType[];
}

/** One stream: the data of a table version from one replacement to the next. */
export interface StreamRow extends Versioned {
  stream_id: string;
  table_version_id: string;
  catalog_id: string;
  previous_stream_id: string | null;
}

/** One schema of a table version; schemas never change. */
export interface SchemaRow {
  table_version_id: string;
  schema_id: number;
  fields: SchemaField[];
  serialized: string;
  /** The highest field id that this or an earlier schema of the version has; null for that of its own fields. */
  field_id_max: number | null;
  /** The names of columns that earlier schemas had and this one has not, in lower case; null for none. */
  retired: string[] | null;
}

/** One partition of a stream. Its identity never changes; `last_position` grows with every delta committed to it. */
export interface PartitionRow {
  partition_id: string;
  table_version_id: string;
  stream_id: string;
  scheme_id: string;
  partition_values: PartitionValue[] | null;
  /** Canonical JSON of the values: with stream and scheme the natural key. */
  values_key: string;
  /** Canonical JSON of the first three values, for pruning by equality in SQL. */
  value_1: string | null;
  value_2: string | null;
  value_3: string | null;
  last_position: bigint;
  /** What its standing deltas count now; fsck and `repair_partition_stats` count again. */
  record_count: Generated<number>;
  content_length: Generated<number>;
  file_count: Generated<number>;
  delta_count: Generated<number>;
}

/** What became visible together in one partition; a manifest and its files never change. */
export interface ManifestRow {
  manifest_id: string;
  catalog_id: string;
  table_version_id: string;
  entry_params: { equality_field_locators?: string[] | null } | null;
  author_name: string | null;
  author_version: string | null;
  record_count: number;
  content_length: number;
  file_count: number;
  content_type: ContentType | null;
  created_at_ns: bigint;
}

/** One file of a manifest. */
export interface FileRow {
  manifest_id: string;
  ordinal: number;
  file_id: string;
  path: string;
  content_type: ContentType;
  content_encoding: ContentEncoding;
  record_count: number;
  content_length: number;
  source_content_length: number | null;
  schema_id: number | null;
  sort_scheme_id: string | null;
  mandatory: boolean;
}

/** Statistics of the files of one manifest, a list per column: the n-th item is of the n-th file. */
export interface ManifestStats {
  [column: string]: { min: unknown[]; max: unknown[]; null_count: (number | null)[] };
}

/** Statistics of one manifest's files. */
export interface FileStatsRow {
  manifest_id: string;
  stats: ManifestStats;
}

/** One delta: makes a manifest visible in a partition at a position. */
export interface DeltaRow extends Versioned {
  catalog_id: string;
  table_version_id: string;
  stream_id: string;
  partition_id: string;
  manifest_id: string;
  delta_type: DeltaType;
  position: bigint | null;
  previous_position: bigint | null;
}

/** Totals of a table version from one commit on until the next row, so that describing any moment costs one row. */
export interface TotalsRow {
  table_version_id: string;
  from_seq: number;
  total_records: number;
  total_bytes: number;
  total_files: number;
  delta_count: number;
  /** How many of the deltas are upserts, deletes, and rewrites; null where nobody has counted. */
  upsert_count: number | null;
  delete_count: number | null;
  rewrite_count: number | null;
  /** What tells this set of manifests from others, in whatever order they came: 32 hex digits. */
  fingerprint: string | null;
}

/** The states of a write session. */
export type WriteSessionStatus = 'OPEN' | 'ATTACHED' | 'COMMITTED' | 'ABORTED' | 'EXPIRED';

/** One write session. */
export interface WriteSessionRow {
  session_id: string;
  catalog_id: string;
  namespace: string;
  table_name: string;
  table_id: string | null;
  table_version_id: string | null;
  table_version: string | null;
  status: WriteSessionStatus;
  session_version: number;
  mode: WriteMode;
  format: ContentType;
  data_root: string;
  data_dir: string;
  write_key: string | null;
  owner_key: string | null;
  allow_external_entries: boolean;
  create_if_missing: unknown;
  opened_seq: number;
  /** The schema that its version had then; null without one, and for sessions older than this column. */
  opened_schema_id: number | null;
  /** The partition scheme that it had then; null without a version, and for sessions older than this column. */
  opened_scheme_id: string | null;
  created_at_ns: bigint;
  expires_at_ns: bigint;
  heartbeat_at_ns: bigint;
  transaction_id: string | null;
  commit_operation_id: string | null;
  payload_hash: string | null;
  result: unknown;
  abort_reason: string | null;
}

/** One transaction. What it wrote stays until it is clean again after it was given up. */
export interface TransactionRow {
  transaction_id: string;
  catalog_id: string;
  status: TransactionStatus;
  transaction_version: number;
  /** The commit whose state it sees, beside its own changes. */
  base_seq: number;
  /** The time whose state it reads; null for one that may write. */
  as_of_ns: bigint | null;
  commit_message: string | null;
  author: string | null;
  operation_count: number;
  created_at_ns: bigint;
  expires_at_ns: bigint;
  heartbeat_at_ns: bigint;
  finalized_at_ns: bigint | null;
  abort_reason: string | null;
  /** Why its commit was refused, where that ended it; a repeated commit is told the same. */
  refusal: { message: string; details: ErrorDetails } | null;
  seq: number | null;
  committed_at_ns: bigint | null;
  is_clean: boolean;
}

/** One thing that an open transaction touches: a part of the change-set of its commit. */
export interface TransactionTouchRow {
  touch_id: Generated<number>;
  transaction_id: string;
  object_id: string;
  kind: string;
  partition_id: string | null;
}

/** One event that the commit of an open transaction will leave. */
export interface TransactionEventRow {
  event_id: Generated<number>;
  transaction_id: string;
  kind: string;
  payload: unknown;
}

/** A committed row that an open transaction ends: hidden from it now, ended for all at its commit. */
export interface EndingRow {
  transaction_id: string;
  table_name: string;
  row_id: number;
}

/** Something done in the background. It is its worker's while the lease lasts; after that, another takes it up again. */
export interface JobRow {
  job_id: string;
  catalog_id: string;
  job_type: string;
  /** The object that it is done to. */
  subject_id: string;
  /** Of the jobs with one key at most one is active; null for those that may be active together. */
  dedupe_key: string | null;
  config: unknown;
  state: JobState;
  /** From 0 to 1. */
  progress: number;
  progress_message: string;
  /** How many of what are done, by name. */
  progress_events: Record<string, { completed: number; expected: number | null }>;
  error: string | null;
  result: Record<string, unknown>;
  worker_id: string | null;
  /** Counts those who took it up: what an earlier one still does is refused by it. */
  claim_generation: number;
  heartbeat_timeout_seconds: number;
  retry_count: number;
  max_retries: number;
  created_at_ns: bigint;
  /** When it may be taken up; later after an attempt that failed. */
  available_at_ns: bigint;
  claimed_at_ns: bigint | null;
  heartbeat_at_ns: bigint | null;
  lease_expires_at_ns: bigint | null;
  completed_at_ns: bigint | null;
}

/** Migrations that were applied. */
export interface MigrationRow {
  name: string;
  applied_at_ns: bigint;
}

/** The tables of the store. */
export interface Tables {
  catalogs: CatalogRow;
  commits: CommitRow;
  touches: TouchRow;
  operations: OperationRow;
  outbox: OutboxRow;
  namespaces: NamespaceRow;
  tables: TableRow;
  table_versions: TableVersionRow;
  streams: StreamRow;
  schemas: SchemaRow;
  partitions: PartitionRow;
  manifests: ManifestRow;
  files: FileRow;
  file_stats: FileStatsRow;
  deltas: DeltaRow;
  totals: TotalsRow;
  write_sessions: WriteSessionRow;
  transactions: TransactionRow;
  transaction_touches: TransactionTouchRow;
  transaction_events: TransactionEventRow;
  endings: EndingRow;
  storage_bindings: StorageBindingRow;
  data_roots: DataRootRow;
  discovery_roots: DiscoveryRootRow;
  jobs: JobRow;
  migrations: MigrationRow;
}

/** The tables whose rows are versioned. */
export type VersionedTable = 'namespaces' | 'tables' | 'table_versions' | 'streams' | 'deltas';
