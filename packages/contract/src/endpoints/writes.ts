import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { ENTRIES_MAX, writeEntry } from '../values/entry.ts';
import { namespaceName, tableName, tableVersion } from '../values/names.ts';
import { count, int64, nanoseconds } from '../values/numbers.ts';
import { dataRoot } from '../values/plan.ts';
import { changed, changing, inCatalog, inTransaction, operation, reading, whole } from '../values/query.ts';
import { schemaField } from '../values/schema.ts';
import { partitionScheme, sortScheme } from '../values/schemes.ts';
import { storageBinding } from '../values/storage.ts';
import { freeText, keyText } from '../values/text.ts';
import { contentType, writeMode } from '../values/words.ts';
import { tableDefinition } from './tables.ts';

/** The most rows of one inline write. */
export const INLINE_ROWS_MAX = 10_000;

const params = { namespace: namespaceName, table: tableName };
const sessionParams = { session_id: keyText.min(1).max(255) };
const found = ['catalog_not_found', 'namespace_not_found', 'table_not_found', 'table_version_not_found'] as const;
const data = [
  'invalid_request',
  'invalid_entry',
  'schema_mismatch',
  'merge_keys_required',
  'concurrent_modification',
  'operation_id_reused',
  'not_supported',
] as const;
const tag = 'control';

const writeSession = z.object({
  session_id: z.string(),
  session_version: z.int().meta({ description: 'Send it with the next call; it grows with every change.' }),
  status: z.enum(['OPEN', 'ATTACHED', 'COMMITTED', 'ABORTED', 'EXPIRED']),
  mode: writeMode,
  format: contentType,
  data_dir: z.string().meta({ description: 'Put the files here.' }),
  namespace: z.string(),
  table: z.string(),
  table_exists: z.boolean(),
  created_at: nanoseconds,
  expires_at: nanoseconds,
  last_heartbeat_at: nanoseconds,
  catalog: z.string().nullish(),
  table_version: z.string().nullish(),
  root: z.string().nullish(),
  root_id: z.string().nullish(),
  binding_id: z.string().nullish(),
  binding_revision: z.int().nullish(),
  available_roots: z.record(z.string(), dataRoot).nullish(),
  available_storage_bindings: z.record(z.string(), storageBinding).nullish(),
  credentials: z
    .record(z.string(), z.unknown())
    .nullish()
    .meta({ description: 'Keys by endpoint (or `default`), and the same by `binding@revision`.' }),
  layout: z.string().nullish(),
  schema: z.array(schemaField).nullish(),
  schema_serialized: z.string().nullish(),
  schema_evolution_mode: z.string().nullish(),
  schema_consistency_type: z.string().nullish(),
  merge_keys: z.array(z.string()).nullish(),
  partition_scheme: partitionScheme.nullish(),
  sort_scheme: sortScheme.nullish(),
  target_records_per_file: count.nullish(),
  attached: z.boolean().nullish(),
  committed: z.boolean().nullish(),
  commit_operation_id: z.string().nullish(),
  commit_status: z.string().nullish(),
  files_registered: count.nullish(),
  deltas_written: count.nullish(),
  total_records: count.nullish(),
  total_bytes: count.nullish(),
  abort_reason: z.string().nullish(),
  committed_delta_locators: z.array(z.object({ stream_position: int64, partition_id: z.string() }).loose()).nullish(),
  ...changed,
});
/** A write session as it is answered. */
export type WriteSessionAnswer = z.input<typeof writeSession>;

/** Opens a write session: a folder to put files in, and what they must look like. */
export const createWriteSession = endpoint({
  op: 'create_write_session',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/write-sessions',
  summary: 'Open a write session: a folder to put files in, and what they must look like.',
  params,
  body: {
    mode: writeMode.default('auto'),
    format: contentType.default('parquet'),
    table_version: tableVersion.nullish(),
    root: z.string().max(255).nullish().meta({ description: 'Name of the data root to write to.' }),
    write_key: z
      .string()
      .max(1024)
      .nullish()
      .meta({ description: 'The same key and owner find an open session again.' }),
    owner_key: keyText.nullish(),
    allow_external_entries: z.boolean().nullish().meta({ description: 'Accept files outside the session folder.' }),
    create_if_missing: z
      .object({
        ...tableDefinition,
        auto_create_namespace: z.boolean().nullish().meta({ description: 'Create the namespace too. Default true.' }),
      })
      .nullish()
      .meta({ description: 'How to create the table when it is missing (mode auto or create).' }),
    ...inCatalog,
    ...inTransaction,
    ...operation,
  },
  output: writeSession,
  errors: [
    ...found,
    'invalid_request',
    'merge_keys_required',
    'name_taken',
    'operation_id_reused',
    'invalid_schema',
    'not_supported',
  ],
  role: 'WRITER',
  tool: 'deltacat_create_write_session',
  transactional: true,
  tag,
});

/** Reads a write session. */
export const getWriteSession = endpoint({
  op: 'get_write_session',
  method: 'GET',
  path: '/v1/write-sessions/{session_id}',
  summary: 'Read a write session.',
  params: sessionParams,
  query: inCatalog,
  output: writeSession,
  errors: ['write_session_not_found', 'catalog_not_found'],
  role: 'WRITER',
  tool: 'deltacat_get_write_session',
  tag,
});

/** Keeps a write session alive. */
export const heartbeatWriteSession = endpoint({
  op: 'heartbeat_write_session',
  method: 'POST',
  path: '/v1/write-sessions/{session_id}/heartbeat',
  summary: 'Keep a write session alive for another time to live.',
  params: sessionParams,
  query: inCatalog,
  body: { session_version: whole },
  output: writeSession,
  errors: ['write_session_not_found', 'catalog_not_found', 'session_version_mismatch', 'write_session_closed'],
  role: 'WRITER',
  tool: 'deltacat_heartbeat_write_session',
  tag,
});

/** Makes the files of a write session visible, all at once. */
export const commitWriteSession = endpoint({
  op: 'commit_write_session',
  method: 'POST',
  path: '/v1/write-sessions/{session_id}/commit',
  summary: 'Make the files of a write session visible, all at once.',
  params: sessionParams,
  query: inCatalog,
  body: {
    session_version: whole,
    entries: z.array(writeEntry).max(ENTRIES_MAX),
    operation_id: operation.operation_id,
    transaction_version: whole.nullish(),
    commit_message: freeText.nullish(),
  },
  output: writeSession,
  errors: [
    'write_session_not_found',
    'session_version_mismatch',
    'write_session_closed',
    'entry_outside_session',
    ...found,
    ...data,
    'name_taken',
  ],
  role: 'WRITER',
  tool: 'deltacat_commit_write_session',
  transactional: true,
  tag,
});

/** Gives a write session up; nothing of it becomes visible. */
export const abortWriteSession = endpoint({
  op: 'abort_write_session',
  method: 'POST',
  path: '/v1/write-sessions/{session_id}/abort',
  summary: 'Give a write session up; nothing of it becomes visible.',
  params: sessionParams,
  query: inCatalog,
  body: { session_version: whole, reason: freeText.nullish() },
  output: writeSession,
  errors: ['write_session_not_found', 'catalog_not_found', 'session_version_mismatch', 'write_session_closed'],
  role: 'WRITER',
  tool: 'deltacat_abort_write_session',
  tag,
});

/** Opens a write in the way of the oldest client: a folder, and a token to commit with. */
export const stageWrite = endpoint({
  op: 'stage_write',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/stage',
  summary: 'Open a write session and get its folder; commit with `validation_token` by commit_write.',
  params,
  query: {
    table_version: tableVersion.nullish(),
    mode: writeMode.default('auto'),
    content_type: contentType.default('parquet'),
    data_root_name: keyText.nullish().meta({ description: 'Name of the data root to write to.' }),
    ...reading,
    ...operation,
  },
  output: z.object({
    namespace: z.string(),
    table: z.string(),
    table_exists: z.boolean(),
    mode: writeMode,
    content_type: contentType,
    data_dir: z.string(),
    partition_id: z.string().meta({ description: 'The id of the write session.' }),
    validation_token: z.string().nullish().meta({ description: 'Send it with commit_write.' }),
    data_root_name: z.string().nullish(),
    data_root_info: dataRoot.nullish(),
    available_data_roots: z.record(z.string(), dataRoot).nullish(),
    credentials: z.record(z.string(), z.unknown()).nullish(),
    merge_keys: z.array(z.string()).nullish(),
    schema: z.array(schemaField).nullish(),
    partition_scheme: partitionScheme.nullish(),
    sort_scheme: sortScheme.nullish(),
    schema_evolution_mode: z.string().nullish(),
    schema_consistency_type: z.string().nullish(),
    transaction_id: z.string().nullish(),
    transaction_version: z.int().nullish(),
  }),
  errors: [...found, 'invalid_request', 'merge_keys_required', 'name_taken', 'not_supported', 'operation_id_reused'],
  role: 'WRITER',
  tool: 'deltacat_stage_write',
  transactional: true,
  tag: 'catalog',
});

/** Makes files visible that were written without a session. */
export const commitWrite = endpoint({
  op: 'commit_write',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/commit',
  summary: 'Make files visible that were written without a session.',
  params,
  query: {
    mode: writeMode.default('auto'),
    content_type: contentType.default('parquet'),
    table_version: tableVersion.nullish(),
    ...changing,
  },
  body: {
    manifest_entries: z.array(writeEntry).max(ENTRIES_MAX),
    validation_token: keyText
      .nullish()
      .meta({ description: 'The token of stage_write: commits its session, with files of its folder.' }),
    commit_message: freeText.nullish(),
  },
  output: z.object({
    committed: z.boolean(),
    table: z.string(),
    namespace: z.string().nullish(),
    files_registered: count,
    total_records: count,
    deltas_written: count,
    ...changed,
  }),
  errors: [...found, ...data, 'name_taken', 'write_session_not_found', 'write_session_closed', 'entry_outside_session'],
  role: 'WRITER',
  tool: 'deltacat_commit_write',
  transactional: true,
  tag: 'catalog',
});

/** Writes a few rows that travel in the request. */
export const writeData = endpoint({
  op: 'write_data',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/write',
  summary: `Write a few rows (at most ${INLINE_ROWS_MAX}) that travel in the request.`,
  params,
  query: {
    table_version: tableVersion.nullish(),
    mode: writeMode.default('auto'),
    content_type: contentType.nullish(),
    root: keyText.max(255).nullish().meta({ description: 'Name of the data root to write to.' }),
    ...changing,
  },
  body: {
    data: z
      .union(
        [z.record(z.string(), z.array(z.unknown())), z.array(z.record(z.string(), z.unknown()))],
        'expected rows as [{"a": 1}] or columns as {"a": [1]}, in the field "data" of the body',
      )
      .meta({ description: 'Rows as a list of objects, or columns as an object of lists.' }),
    commit_message: freeText.nullish(),
  },
  output: z.object({
    table: z.string(),
    written: z.boolean().default(true),
    records: z.int().default(0),
    deltas_written: z.int().default(0),
    ...changed,
  }),
  errors: [...found, ...data, 'name_taken', 'payload_too_large', 'unknown_column'],
  role: 'WRITER',
  tool: 'deltacat_write_data',
  tag: 'catalog',
});

/** Removes all rows of a table version; its history stays. */
export const truncateTable = endpoint({
  op: 'truncate_table',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/truncate',
  summary: 'Remove all rows of a table version. Schema, properties and history stay.',
  params,
  query: { table_version: tableVersion.nullish(), ...changing },
  output: z.object({ table: z.string(), truncated: z.boolean().default(true), ...changed }),
  errors: [...found, 'operation_id_reused'],
  role: 'WRITER',
  tool: 'deltacat_truncate_table',
  tag: 'catalog',
});

/** Brings a table version back to its state of an earlier time. */
export const rollbackTable = endpoint({
  op: 'rollback_table',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/rollback',
  summary:
    'Bring a table version back to its rows and schema of an earlier time. History stays: roll forward the same way.',
  params,
  query: { table_version: tableVersion.nullish(), ...changing },
  body: { as_of: nanoseconds, commit_message: freeText.nullish() },
  output: z.object({
    table: z.string(),
    as_of: nanoseconds.nullish(),
    rolled_back: z.boolean().default(true),
    ...changed,
  }),
  errors: [...found, 'invalid_as_of', 'operation_id_reused'],
  role: 'WRITER',
  tool: 'deltacat_rollback',
  tag: 'catalog',
});
