import { API, DeltacatError, type Endpoint, type OperationName } from '@deltacat/contract';
import { alterNamespace } from './catalog/alter-namespace.ts';
import { alterTable } from './catalog/alter-table.ts';
import { createDataRoot } from './catalog/create-data-root.ts';
import { createDiscoveryRoot } from './catalog/create-discovery-root.ts';
import { createNamespace } from './catalog/create-namespace.ts';
import { createStorageBinding } from './catalog/create-storage-binding.ts';
import { createTable } from './catalog/create-table.ts';
import { deleteDataRoot } from './catalog/delete-data-root.ts';
import { deleteDiscoveryRoot } from './catalog/delete-discovery-root.ts';
import { describeCatalog } from './catalog/describe-catalog.ts';
import { describeDiscoveryRootNamed } from './catalog/describe-discovery-root.ts';
import { describeStorage } from './catalog/describe-storage.ts';
import { describeTable } from './catalog/describe-table.ts';
import { dropNamespace } from './catalog/drop-namespace.ts';
import { dropTable } from './catalog/drop-table.ts';
import { getNamespace } from './catalog/get-namespace.ts';
import { listCatalogs } from './catalog/list-catalogs.ts';
import { listDiscoveryRoots } from './catalog/list-discovery-roots.ts';
import { listDropped } from './catalog/list-dropped.ts';
import { listNamespaces } from './catalog/list-namespaces.ts';
import { listTableVersions } from './catalog/list-table-versions.ts';
import { listTables } from './catalog/list-tables.ts';
import { namespaceExists } from './catalog/namespace-exists.ts';
import { renameTable } from './catalog/rename-table.ts';
import { tableExists } from './catalog/table-exists.ts';
import { undropNamespace } from './catalog/undrop-namespace.ts';
import { undropTable } from './catalog/undrop-table.ts';
import { updateDataRoot } from './catalog/update-data-root.ts';
import { updateDiscoveryRoot } from './catalog/update-discovery-root.ts';
import { updateStorageBinding } from './catalog/update-storage-binding.ts';
import { AnswerText, type Handler, type RequestContext, type TextHandler } from './context.ts';
import { getServerEndpoints } from './health/get-server-endpoints.ts';
import { health } from './health/health.ts';
import { diffTable } from './history/diff-table.ts';
import { listCatalogHistory } from './history/list-catalog-history.ts';
import { listTableHistory } from './history/list-table-history.ts';
import { getJobProgress } from './jobs/get-job-progress.ts';
import { getJobStatus } from './jobs/get-job-status.ts';
import { compactionStatus } from './maintenance/compaction/compaction-status.ts';
import { submitCompactionJob } from './maintenance/compaction/submit-compaction-job.ts';
import { repairPartitionStats } from './maintenance/repair-partition-stats.ts';
import { getPartition } from './reads/get-partition.ts';
import { getPartitionDelta } from './reads/get-partition-delta.ts';
import { getStream } from './reads/get-stream.ts';
import { listDirtyPartitionStats } from './reads/list-dirty-partition-stats.ts';
import { listPartitionDeltas } from './reads/list-partition-deltas.ts';
import { listPartitions } from './reads/list-partitions.ts';
import { listStreams } from './reads/list-streams.ts';
import { previewRows } from './reads/preview.ts';
import { queryPartitionStats } from './reads/query-partition-stats.ts';
import { abortTransaction } from './transactions/abort-transaction.ts';
import { commitTransaction } from './transactions/commit-transaction.ts';
import { createTransaction } from './transactions/create-transaction.ts';
import { getTransaction } from './transactions/get-transaction.ts';
import { heartbeatTransaction } from './transactions/heartbeat-transaction.ts';
import { listTransactions } from './transactions/list-transactions.ts';
import { readSteadily } from './transactions/steady-read.ts';
import { abortWriteSession } from './writes/abort-write-session.ts';
import { commitWrite } from './writes/commit-write.ts';
import { commitWriteSession } from './writes/commit-write-session.ts';
import { createWriteSession } from './writes/create-write-session.ts';
import { getWriteSession } from './writes/get-write-session.ts';
import { heartbeatWriteSession } from './writes/heartbeat-write-session.ts';
import { planMerged } from './writes/plan-merged.ts';
import { rollbackTable } from './writes/rollback-table.ts';
import { stageWrite } from './writes/stage-write.ts';
import { truncateTable } from './writes/truncate-table.ts';
import { writeData } from './writes/write-data.ts';

/** What serves each operation of the contract; REST, MCP, client and command line all enter here. */
const OPERATIONS: { [Name in OperationName]: Name extends 'plan_read' ? TextHandler<Name> : Handler<Name> } = {
  health,
  get_server_endpoints: getServerEndpoints,
  list_catalogs: listCatalogs,
  describe_catalog: describeCatalog,
  describe_catalog_storage_control: describeStorage,
  create_data_root: createDataRoot,
  update_data_root: updateDataRoot,
  delete_data_root: deleteDataRoot,
  create_storage_binding: createStorageBinding,
  update_storage_binding: updateStorageBinding,
  list_discovery_roots: listDiscoveryRoots,
  describe_discovery_root: describeDiscoveryRootNamed,
  create_discovery_root: createDiscoveryRoot,
  update_discovery_root: updateDiscoveryRoot,
  delete_discovery_root: deleteDiscoveryRoot,
  create_namespace: createNamespace,
  get_namespace: getNamespace,
  namespace_exists: namespaceExists,
  alter_namespace: alterNamespace,
  drop_namespace: dropNamespace,
  list_namespaces: listNamespaces,
  undrop_namespace: undropNamespace,
  undrop_table: undropTable,
  list_dropped: listDropped,
  create_table: createTable,
  describe_table: describeTable,
  table_exists: tableExists,
  alter_table: alterTable,
  rename_table: renameTable,
  drop_table: dropTable,
  list_tables: listTables,
  list_table_versions: listTableVersions,
  create_transaction: createTransaction,
  get_transaction: getTransaction,
  list_transactions: listTransactions,
  heartbeat_transaction: heartbeatTransaction,
  commit_transaction: commitTransaction,
  abort_transaction: abortTransaction,
  list_table_history: listTableHistory,
  list_catalog_history: listCatalogHistory,
  diff_table: diffTable,
  list_streams: listStreams,
  get_stream: getStream,
  list_partitions: listPartitions,
  get_partition: getPartition,
  list_partition_deltas: listPartitionDeltas,
  list_partition_delta_pages: (context, input) => listPartitionDeltas(context, input),
  get_partition_delta: getPartitionDelta,
  query_partition_stats: queryPartitionStats,
  list_dirty_partition_stats: listDirtyPartitionStats,
  repair_partition_stats: repairPartitionStats,
  plan_read: planMerged,
  preview_rows: previewRows,
  create_write_session: createWriteSession,
  get_write_session: getWriteSession,
  heartbeat_write_session: heartbeatWriteSession,
  commit_write_session: commitWriteSession,
  abort_write_session: abortWriteSession,
  stage_write: stageWrite,
  commit_write: commitWrite,
  write_data: writeData,
  truncate_table: truncateTable,
  rollback_table: rollbackTable,
  compaction_status: compactionStatus,
  submit_compaction_job: submitCompactionJob,
  get_job_status: getJobStatus,
  get_job_progress: getJobProgress,
};

/** Performs an operation with input that its schema has parsed. Throws `not_transactional` for one that stands alone. */
export async function perform(context: RequestContext, name: OperationName, input: object): Promise<unknown> {
  const { transactional = false, role, query, body }: Endpoint = API[name];
  const takesTransaction = 'transaction_id' in query || 'transaction_id' in body;
  if (takesTransaction && !transactional && 'transaction_id' in input) refuseTransaction(name, input);
  // The schema of that very operation parsed the input.
  const handler = OPERATIONS[name] as unknown as (context: RequestContext, input: object) => Promise<unknown>;
  const reads = transactional && role === 'READER';
  const transaction_id = 'transaction_id' in input ? input.transaction_id : null;
  if (!reads || typeof transaction_id !== 'string') return handler(context, input);
  return readSteadily(context, transaction_id, async () => readWhole(await handler(context, input)));
}

/** What is read in a transaction must have been read to its end before the transaction changes. */
async function readWhole(answer: unknown): Promise<unknown> {
  if (!(answer instanceof AnswerText)) return answer;
  const pieces = await Array.fromAsync(answer.pieces);
  return new AnswerText(eachOf(pieces));
}

async function* eachOf(pieces: string[]): AsyncGenerator<string> {
  yield* pieces;
}

function refuseTransaction(name: OperationName, { transaction_id }: { transaction_id: unknown }): void {
  if (transaction_id === null || transaction_id === undefined) return;
  throw new DeltacatError(
    'not_transactional',
    `${name} cannot be a part of transaction "${transaction_id}". Call it without one: it is done at once, by itself.`,
    { transaction_id },
  );
}
