import { API, type OperationName } from '@deltacat/contract';
import type { ManifestRows } from '@deltacat/io-core';
import { bind, type OperationArguments, type Operations, pagesOf } from './bind.ts';
import { JOB_OPERATIONS } from './jobs.ts';
import {
  type ManifestArguments,
  type PlanArguments,
  planRead,
  type ReadArguments,
  readManifest,
  readRows,
} from './read.ts';
import type { ReadAs, ReadResults } from './read-forms.ts';
import type { ReadPlan } from './read-plan.ts';
import type { OperationAnswer, PagedOperation } from './send.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionName } from './transactions.ts';
import {
  type CommitArguments,
  type CommitResult,
  commitFiles,
  findWriteSession,
  type StageArguments,
  stageWrite,
  type WriteArguments,
  type WriteData,
  type Writer,
  writeTable,
} from './write.ts';
import type { WriteSession, WriteSessionState } from './write-session.ts';

/** Operations of the server itself, not of a catalog. */
export const SERVER_OPERATIONS = ['health', 'get_server_endpoints'] as const satisfies OperationName[];

type JobOperation = (typeof JOB_OPERATIONS)[keyof typeof JOB_OPERATIONS];

/** Operations that a catalog has methods of. */
type CatalogOperation = Exclude<OperationName, (typeof SERVER_OPERATIONS)[number] | JobOperation>;

type Bound = Operations<CatalogOperation>;
/** Methods that answer something handier than the operation itself. */
type Replaced = 'listCatalogs' | 'namespaceExists' | 'tableExists' | 'getWriteSession' | 'getTransaction';

/**
 * Namespaces, tables, and the rows in them. Every operation of the API has a method of its name in camelCase that takes one
 * object of all its fields; those below are more than that. What the server refuses rejects with a `RequestError` that
 * carries its code, what is found here with a `DeltacatError`.
 */
export interface Catalog extends Omit<Bound, Replaced> {
  /** The catalogs that the server serves. */
  listCatalogs(): Promise<OperationAnswer<'list_catalogs'>['catalogs']>;
  /** Whether a namespace exists. */
  namespaceExists(input: OperationArguments<'namespace_exists'>): Promise<boolean>;
  /** Whether a table, or a version of it, exists. */
  tableExists(input: OperationArguments<'table_exists'>): Promise<boolean>;
  /**
   * The pages of a listing, one after another, all of one state: `pages('list_tables', { namespace, limit: 100 })`. Each
   * is what the operation's own method answers, and has the `next_token` to continue with elsewhere.
   */
  pages<Op extends PagedOperation>(op: Op, input: OperationArguments<Op>): AsyncGenerator<OperationAnswer<Op>>;

  /**
   * Reads rows: as an Arrow `Table`, or by `read_as` as `objects`, `columns` or `batches`, as a relation in DuckDB, or as handles
   * of Parquet files, which read nothing before they are asked to. Files are opened here, not by the server. `rows_limit` and `rows_offset` count rows; `limit` and `offset` count FILES of the plan, as in the Python client.
   * Without a limit everything is read, as of one state. A table without a schema reads as its manifest table, one row per file. Rejects with `table_not_found`,
   * `unknown_column`, `invalid_predicate`, `invalid_as_of`, `not_supported` for files that cannot be read here, and
   * `data_missing` for those that are gone.
   */
  read<As extends ReadAs = 'arrow'>(input: ReadArguments<As>): Promise<ReadResults[As]>;
  /** Plans a read without doing it: which files of one state hold the rows. `read({ plan })` does it later. */
  plan(input: PlanArguments): Promise<ReadPlan>;
  /**
   * Reads the files that a manifest table names (its column `path`), in any form: the second step for tables without a schema.
   * Rows of it, as objects, will do.
   */
  fromManifestTable<As extends ReadAs = 'arrow'>(
    table: ManifestRows,
    input?: ManifestArguments<As>,
  ): Promise<ReadResults[As]>;
  /** A few rows as the server reads them, with the schema and the number of rows: for a look, not for work. */
  preview(input: OperationArguments<'preview_rows'>): Promise<OperationAnswer<'preview_rows'>>;

  /**
   * Writes rows, all of them or none: opens a session, puts files into its folder, and commits. In mode `auto` a missing
   * table is created with the schema of the rows. Files that paths, folders and globs name are registered where they are, not
   * copied. Answers with the totals, `seq` and `committed_at_ns` of the commit. Rejects with `schema_mismatch`,
   * `merge_keys_required`, `table_not_found` (other modes), `invalid_entry`, `invalid_request` for what holds no rows, or a
   * `ConcurrentModificationError`.
   */
  write(data: WriteData, input: WriteArguments): Promise<WriteSessionState>;
  /** Opens a write session: a folder for files that you write yourself. Use it with `await using`. */
  stage(input: StageArguments): Promise<WriteSession>;
  /**
   * Finds a write session by its id, in whatever state it is. Nothing keeps it alive but its own `heartbeat()`. One of a
   * transaction commits within that.
   */
  getWriteSession(input: OperationArguments<'get_write_session'>): Promise<WriteSession>;
  /** Makes files visible, all at once: those of a session, or files anywhere with the table they belong to. */
  commit(input: CommitArguments): Promise<CommitResult>;
  /** Finds a transaction by its id, in whatever state it is, to go on with it. It keeps its catalog. */
  getTransaction(input: TransactionName): Promise<Transaction>;
}

/** The methods of `client.catalog`. */
export function createCatalog(writer: Writer): Catalog {
  const { transactions } = writer;
  const { call } = transactions;
  const others: readonly string[] = [...SERVER_OPERATIONS, ...Object.values(JOB_OPERATIONS)];
  const ops = Object.keys(API).filter((op) => !others.includes(op));
  return {
    ...bind(call, ops as CatalogOperation[]), // the keys of the table, without those of server and jobs
    listCatalogs: async () => (await call('list_catalogs')).catalogs,
    namespaceExists: async (input) => (await call('namespace_exists', input)).exists,
    tableExists: async (input) => (await call('table_exists', input)).exists,
    pages(op, input) {
      // Later pages belong to it too, wherever they are asked for.
      const transaction = transactions.transactionFor(op, { ...input }) ?? undefined;
      return pagesOf(call, op, { ...input, transaction });
    },
    read: (input) => readRows(transactions, input),
    plan: (input) => planRead(transactions, input),
    fromManifestTable: (table, input = {}) => readManifest(table, input),
    preview: (input) => call('preview_rows', input),
    write: (data, input) => writeTable(writer, data, input),
    stage: (input) => stageWrite(writer, input),
    getWriteSession: (input) => findWriteSession(writer, input),
    commit: (input) => commitFiles(writer, input),
    getTransaction: (input) => transactions.find(input),
  };
}
