import { type ContentType, DeltacatError, type WriteEntry, type WriteMode } from '@deltacat/contract';
import type { RowData, RowItem } from '@deltacat/io-core';
import type { Schema } from 'apache-arrow';
import type { OperationArguments } from './bind.ts';
import type { OperationAnswer } from './send.ts';
import type { SourceFiles } from './source-files.ts';
import type { Transaction } from './transaction.ts';
import type { Transactions } from './transactions.ts';
import { WriteSession, type WriteSessionState } from './write-session.ts';

/**
 * What can be written: an Arrow `Table` or `RecordBatch`es, made by whatever copy of apache-arrow, an array of objects
 * (rows), an object of arrays (columns; typed arrays keep their type), or paths, folders and globs of files that exist
 * already, which are registered where they are, of the format that their names tell. Rows and record batches may also come one after another, from a generator, a stream, or a relation or
 * a handle of another read: they are written in files of the table's size as they come, so that they need not fit into memory.
 */
export type WriteData = RowData | AsyncIterable<RowItem> | string | string[];

/** The definition of a table that a write makes when it is missing. */
export type CreateIfMissing = NonNullable<OperationArguments<'create_write_session'>['create_if_missing']>;

/** Where a session writes, and how. */
export interface StageArguments {
  namespace: string;
  table: string;
  /** What the write does to its table. Default `auto`: create it when missing, merge if it has merge keys, else append. */
  mode?: WriteMode | undefined;
  /** The format of the files. Default `parquet`. */
  format?: ContentType | undefined;
  table_version?: string | undefined;
  /** The name of the data root to write to. */
  root?: string | undefined;
  /** The same key and owner find an open session again. */
  write_key?: string | undefined;
  /** Who owns the session; the client's `worker_id` when a `write_key` is given without it. */
  owner_key?: string | undefined;
  /** Accept files outside the session's folder. */
  allow_external_entries?: boolean | undefined;
  /** How to create the table when it is missing, in mode `auto` or `create`. */
  create_if_missing?: CreateIfMissing | undefined;
  catalog?: string | undefined;
  /** The transaction that it belongs to. */
  transaction?: Transaction | undefined;
}

/** Where rows are written, and how. */
export interface WriteArguments extends StageArguments {
  commit_message?: string | undefined;
}

/** Files to make visible: those of a session, or files anywhere with the table they belong to. */
export type CommitArguments =
  | {
      session: WriteSession;
      entries: WriteEntry[];
      commit_message?: string | undefined;
      /** Those of the session, or left out. */
      catalog?: string | undefined;
      transaction?: Transaction | undefined;
    }
  | {
      session?: undefined;
      namespace: string;
      table: string;
      entries: WriteEntry[];
      mode?: WriteMode | undefined;
      format?: ContentType | undefined;
      table_version?: string | undefined;
      commit_message?: string | undefined;
      catalog?: string | undefined;
      /** The transaction that it belongs to. */
      transaction?: Transaction | undefined;
    };

/** What a commit answers: totals of the files, and where the commit stands in the catalog's history. */
export type CommitResult = WriteSessionState | OperationAnswer<'commit_write'>;

/** What writes are made with. */
export interface Writer {
  transactions: Transactions;
  worker_id: string;
  closing: AbortSignal;
}

/** Opens a write session: see `Catalog.stage`. */
export async function stageWrite(writer: Writer, args: StageArguments): Promise<WriteSession> {
  const { transactions, worker_id, closing } = writer;
  const owner_key = args.owner_key ?? (args.write_key === undefined ? undefined : worker_id);
  const transaction = transactions.transactionFor('create_write_session', { ...args });
  const state = await transactions.call('create_write_session', { ...args, owner_key });
  // A session of a transaction lives as long as that.
  transaction?.keepAlive();
  return new WriteSession(state, { transactions, transaction, closing, heartbeat: transaction === null });
}

/** Finds a write session: see `Catalog.getWriteSession`. */
export async function findWriteSession(
  { transactions, closing }: Writer,
  args: OperationArguments<'get_write_session'>,
): Promise<WriteSession> {
  const state = await transactions.call('get_write_session', args);
  return new WriteSession(state, { transactions, transaction: null, closing, heartbeat: false });
}

/** Writes rows: see `Catalog.write`. */
export async function writeTable(writer: Writer, data: WriteData, args: WriteArguments): Promise<WriteSessionState> {
  // What cannot be written there is refused before anything is read.
  writer.transactions.transactionFor('create_write_session', { ...args });
  if (isPaths(data)) {
    const { commit_message, ...stage } = args;
    const { findSourceFiles, requireHeaders } = await import('./source-files.ts');
    const files = await findSourceFiles(data, args.format);
    const format = files.content_type;
    await using session = await stageWrite(writer, {
      ...definedBy(files, stage),
      format,
      allow_external_entries: true,
    });
    requireHeaders(files, session.state);
    return await session.commit(files.entries, withMessage(commit_message));
  }
  return await writeRowData(writer, data, args);
}

async function writeRowData(
  writer: Writer,
  data: RowData | AsyncIterable<RowItem>,
  { commit_message, ...stage }: WriteArguments,
): Promise<WriteSessionState> {
  const { firstSchema, openRowStream, serializeSchema, tellsColumns, vendedAccess, writeRowStream } = await import(
    '@deltacat/io-core'
  );
  const stageAs = (schema: Schema | null) =>
    stageWrite(writer, definedBy({ schema_serialized: schema && serializeSchema(schema) }, stage));
  await using rows = await openRowStream(data);
  await using opened = await stageAs(rows.schema);
  // A missing table gets its columns from files that tell them, and where these do not, from the first values.
  const isUntold = mayCreate(stage) && isUndefined(opened.state) && !tellsColumns(opened.state.format);
  const schema = isUntold ? await firstSchema(rows, opened.state) : null;
  if (schema !== null) await opened.abort('opened again with a schema');
  await using session = schema === null ? opened : await stageAs(schema);
  const access = vendedAccess(session.state, () => session.heartbeat());
  const entries = await writeRowStream(rows, { ...session.state, access });
  if (entries.length === 0) refuseUndefined(session.state);
  return await session.commit(entries, withMessage(commit_message));
}

/** A write of nothing makes the table that it is asked to make, or fails. */
function refuseUndefined(state: WriteSessionState): void {
  if (!isUndefined(state)) return;
  const { namespace, table } = state;
  throw new DeltacatError(
    'invalid_request',
    `Table "${namespace}.${table}" is missing, and there are no rows to tell its columns. Write an Arrow table or typed arrays, which have types without rows, or give a schema_def in create_if_missing.`,
    { namespace, table },
  );
}

function isUndefined({ table_exists, schema }: WriteSessionState): boolean {
  return !table_exists && !schema;
}

/** Makes files visible: see `Catalog.commit`. */
export async function commitFiles(writer: Writer, args: CommitArguments): Promise<CommitResult> {
  const { commit_message } = args;
  if (args.session !== undefined) {
    refuseElsewhere(args.session, args);
    return args.session.commit(args.entries, withMessage(commit_message));
  }
  const { namespace, table, entries, mode, format, table_version, catalog, transaction } = args;
  const about = { namespace, table, mode, table_version, catalog };
  if (writer.transactions.transactionFor('create_write_session', { ...about, transaction }) === null) {
    const files = { content_type: format, manifest_entries: entries };
    return writer.transactions.call('commit_write', { ...about, ...files, commit_message });
  }
  // Only sessions bring files into a transaction.
  const stage = { ...about, format, transaction, allow_external_entries: true };
  await using session = await stageWrite(writer, stage);
  return await session.commit(entries, withMessage(commit_message));
}

/** A session is bound to the catalog and the transaction that it was opened in. */
function refuseElsewhere(
  { session_id, state }: WriteSession,
  { catalog, transaction }: Pick<CommitArguments, 'catalog' | 'transaction'>,
): void {
  const isElsewhere = (wanted: string | null | undefined, own: string | null | undefined) => wanted && wanted !== own;
  const asked = isElsewhere(catalog, state.catalog) ? `catalog "${catalog}"` : null;
  const other = isElsewhere(transaction?.id, state.transaction_id) ? `transaction "${transaction?.id}"` : null;
  if (asked === null && other === null) return;
  const own = state.transaction_id ? `transaction "${state.transaction_id}" of ` : '';
  throw new DeltacatError(
    'invalid_request',
    `Write session "${session_id}" belongs to ${own}catalog "${state.catalog}", not to ${other ?? asked}. Leave that out, or stage a session there.`,
    { session_id },
  );
}

function withMessage(commit_message: string | undefined) {
  return commit_message === undefined ? {} : { commit_message };
}

function isPaths(data: WriteData): data is string | string[] {
  return (
    typeof data === 'string' ||
    (Array.isArray(data) && data.length > 0 && data.every((item) => typeof item === 'string'))
  );
}

const CREATING: WriteMode[] = ['auto', 'create'];

function mayCreate({ mode = 'auto', create_if_missing }: StageArguments): boolean {
  return CREATING.includes(mode) && create_if_missing?.schema_def === undefined;
}

/**
 * A table that is missing is made, with its namespace: with the schema of what is written, unless the caller defines
 * another. Where that schema is not known before, the server takes it from the files.
 */
function definedBy(
  { schema_serialized }: Pick<SourceFiles, 'schema_serialized'>,
  stage: StageArguments,
): StageArguments {
  if (!mayCreate(stage)) return stage;
  const schema = schema_serialized === null ? {} : { schema_def: schema_serialized };
  return { ...stage, create_if_missing: { ...schema, ...stage.create_if_missing } };
}
