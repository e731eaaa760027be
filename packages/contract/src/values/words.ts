import { z } from 'zod';

/**
 * One of a few words. Client 0.1.0 writes an enum in a query as `WriteMode.AUTO`, so `X.Y` is read as `y`; words are
 * matched without regard to case.
 */
function words<const T extends readonly [string, ...string[]]>(values: T) {
  return z.preprocess((value) => (typeof value === 'string' ? normalize(value, values) : value), z.enum(values));
}

function normalize(value: string, values: readonly string[]): string {
  const word = (/^[A-Za-z]+\.(\w+)$/.exec(value)?.[1] ?? value).toLowerCase();
  return values.includes(word) ? word : value;
}

/** What a write does to its table. */
export const WRITE_MODES = [
  'auto',
  'create',
  'add',
  'append',
  'merge',
  'delete',
  'replace',
  'replace_partition',
] as const;
/** What a write does to its table: see docs/guide/writing.md. */
export const writeMode = words(WRITE_MODES).meta({
  description:
    'auto: create the table when missing, else merge if it has merge keys, else append. create: fail if it exists. ' +
    'add, append: new rows. merge: upsert by merge key. delete: remove rows by key. replace: new content. ' +
    'replace_partition: new content of the partitions written.',
});
/** What a write does to its table. */
export type WriteMode = (typeof WRITE_MODES)[number];

/** File formats by their short wire names. */
export const CONTENT_TYPES = [
  'parquet',
  'lance',
  'csv',
  'tsv',
  'psv',
  'json',
  'feather',
  'avro',
  'orc',
  'unescaped_tsv',
  'binary',
] as const;
/** A file format by its short wire name. */
export type ContentType = (typeof CONTENT_TYPES)[number];

const UNESCAPED_TSV: string = 'application/x-amzn-unescaped-tsv';

const CONTENT_TYPE_BY_MIME: Record<string, ContentType> = {
  'application/parquet': 'parquet',
  'application/vnd.lance': 'lance',
  'text/csv': 'csv',
  'text/tsv': 'tsv',
  'text/psv': 'psv',
  'application/json': 'json',
  'application/feather': 'feather',
  'application/avro': 'avro',
  'application/orc': 'orc',
  [UNESCAPED_TSV]: 'unescaped_tsv',
  'application/octet-stream': 'binary',
};

/**
 * A file format as clients are told it. The official ones know this one by its MIME type alone; whoever parses an answer by the contract gets
 * the short name back.
 */
export function toldContentType(type: ContentType): ContentType {
  // The MIME type is no short name, but it is one of the spellings of this one.
  return type === 'unescaped_tsv' ? (UNESCAPED_TSV as ContentType) : type;
}

/** A file format: the short name, or its MIME type, in any case. */
export const contentType = z
  .preprocess((value) => {
    if (typeof value !== 'string') return value;
    return CONTENT_TYPE_BY_MIME[value.toLowerCase()] ?? normalize(value, CONTENT_TYPES);
  }, z.enum(CONTENT_TYPES))
  .meta({ description: 'File format: parquet, lance, csv, tsv, psv, json, feather, avro or orc.' });

/** How a file's bytes are wrapped. */
export const CONTENT_ENCODINGS = ['identity', 'gzip', 'deflate', 'zstd', 'bzip2', 'snappy'] as const;
/** How a file's bytes are wrapped. */
export const contentEncoding = words(CONTENT_ENCODINGS);
/** How a file's bytes are wrapped. */
export type ContentEncoding = (typeof CONTENT_ENCODINGS)[number];

/** What a delta does to the rows before it. */
export const DELTA_TYPES = ['add', 'append', 'upsert', 'delete'] as const;
/** What a delta does to the rows before it. */
export const deltaType = words(DELTA_TYPES);
/** What a delta does to the rows before it. */
export type DeltaType = (typeof DELTA_TYPES)[number];

/** Where a table version stands in its life. */
export const LIFECYCLE_STATES = ['created', 'unreleased', 'active', 'deprecated', 'beta', 'deleted'] as const;
/** Where a table version stands in its life; reads without a version use the latest `active` one. */
export const lifecycleState = words(LIFECYCLE_STATES).meta({
  description: 'Lifecycle state: created, unreleased, beta, active, deprecated or deleted.',
});
/** Where a table version stands in its life. */
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** The states of a transaction. */
export const TRANSACTION_STATUSES = ['RUNNING', 'COMMITTED', 'ABORTED', 'EXPIRED'] as const;
/** The state of a transaction, in any case. */
export const transactionStatus = z.preprocess(
  (value) => (typeof value === 'string' ? value.toUpperCase() : value),
  z.enum(TRANSACTION_STATUSES),
);
/** The state of a transaction. */
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

/** The states of a job. `finalizing` is for what the server still does with the result of a worker. */
export const JOB_STATES = ['pending', 'running', 'finalizing', 'completed', 'failed'] as const;
/** The state of a job. */
export type JobState = (typeof JOB_STATES)[number];

/** How strictly written values must fit a column. */
export const consistencyType = words(['none', 'coerce', 'validate']);
/** What may be done to a column of a table that exists. */
export const schemaOperation = words(['add', 'remove', 'update', 'update_type']).meta({
  description:
    'add: a column that may be null or has a default. remove: needs allow_incompatible_changes. update: type, nullable, ' +
    'future_default, consistency_type or doc. update_type: the type alone.',
});
/** Whether a write may change the schema of its table. */
export const SCHEMA_EVOLUTION_MODES = ['auto', 'manual', 'disabled'] as const;
/** Whether a write may change the schema of its table. */
export type SchemaEvolutionMode = (typeof SCHEMA_EVOLUTION_MODES)[number];
/** Sort direction; `asc` and `desc` are understood. */
export const sortOrder = z.preprocess(
  (value) => ({ asc: 'ascending', desc: 'descending' })[String(value).toLowerCase()] ?? lower(value),
  z.enum(['ascending', 'descending']),
);
/** Where nulls sort; `nulls-first` and `nulls-last` are understood. */
export const nullOrder = z.preprocess(
  (value) =>
    ({ 'nulls-first': 'at_start', 'nulls-last': 'at_end', nulls_first: 'at_start', nulls_last: 'at_end' })[
      String(value).toLowerCase()
    ] ?? lower(value),
  z.enum(['at_start', 'at_end']),
);

function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** What a commit may change: definitions by their object; `partition` stands for data. */
export const CHANGED_OBJECTS = ['namespace', 'table', 'table_version', 'partition'] as const;
/** What a commit may change. */
export const changedObject = words(CHANGED_OBJECTS).meta({
  description: 'What was changed: a namespace, a table, a table version, or its data (partition).',
});
/** What a commit may change. */
export type ChangedObject = (typeof CHANGED_OBJECTS)[number];

/** How a commit may change data. Of several at once the first of this list is told, as the one that weighs most. */
export const DATA_CHANGE_KINDS = [
  'rollback',
  'replace',
  'truncate',
  'delete',
  'merge',
  'append',
  'add',
  'rewrite',
] as const;
/** How a commit may change something. */
export const CHANGE_KINDS = ['create', 'alter', 'rename', 'drop', 'undrop', ...DATA_CHANGE_KINDS] as const;
/** How a commit may change something. */
export const changeKind = words(CHANGE_KINDS).meta({ description: 'How it was changed.' });
/** How a commit may change something. */
export type ChangeKind = (typeof CHANGE_KINDS)[number];
