import * as catalogs from './endpoints/catalogs.ts';
import * as compaction from './endpoints/compaction.ts';
import * as drops from './endpoints/drops.ts';
import * as healthEndpoints from './endpoints/health.ts';
import * as history from './endpoints/history.ts';
import * as jobs from './endpoints/jobs.ts';
import * as namespaces from './endpoints/namespaces.ts';
import * as partitionStats from './endpoints/partition-stats.ts';
import * as reads from './endpoints/reads.ts';
import * as storage from './endpoints/storage.ts';
import * as streams from './endpoints/streams.ts';
import * as tables from './endpoints/tables.ts';
import * as transactions from './endpoints/transactions.ts';
import * as writes from './endpoints/writes.ts';

/** Every operation of the API by its name. Routes, the OpenAPI document, clients and tools are made from this table. */
export const API = {
  health: healthEndpoints.health,
  get_server_endpoints: healthEndpoints.getServerEndpoints,
  list_catalogs: catalogs.listCatalogs,
  describe_catalog: catalogs.describeCatalog,
  describe_catalog_storage_control: storage.describeCatalogStorageControl,
  create_data_root: storage.createDataRoot,
  update_data_root: storage.updateDataRoot,
  delete_data_root: storage.deleteDataRoot,
  create_storage_binding: storage.createStorageBinding,
  update_storage_binding: storage.updateStorageBinding,
  list_discovery_roots: storage.listDiscoveryRoots,
  describe_discovery_root: storage.describeDiscoveryRoot,
  create_discovery_root: storage.createDiscoveryRoot,
  update_discovery_root: storage.updateDiscoveryRoot,
  delete_discovery_root: storage.deleteDiscoveryRoot,
  create_namespace: namespaces.createNamespace,
  get_namespace: namespaces.getNamespace,
  namespace_exists: namespaces.namespaceExists,
  alter_namespace: namespaces.alterNamespace,
  drop_namespace: namespaces.dropNamespace,
  list_namespaces: namespaces.listNamespaces,
  undrop_namespace: drops.undropNamespace,
  undrop_table: drops.undropTable,
  list_dropped: drops.listDropped,
  create_table: tables.createTable,
  describe_table: tables.describeTable,
  table_exists: tables.tableExists,
  alter_table: tables.alterTable,
  rename_table: tables.renameTable,
  drop_table: tables.dropTable,
  list_tables: tables.listTables,
  list_table_versions: tables.listTableVersions,
  create_transaction: transactions.createTransaction,
  get_transaction: transactions.getTransaction,
  list_transactions: transactions.listTransactions,
  heartbeat_transaction: transactions.heartbeatTransaction,
  commit_transaction: transactions.commitTransaction,
  abort_transaction: transactions.abortTransaction,
  list_table_history: history.listTableHistory,
  list_catalog_history: history.listCatalogHistory,
  diff_table: history.diffTable,
  list_streams: streams.listStreams,
  get_stream: streams.getStream,
  list_partitions: streams.listPartitions,
  get_partition: streams.getPartition,
  list_partition_deltas: streams.listPartitionDeltas,
  list_partition_delta_pages: streams.listPartitionDeltaPages,
  get_partition_delta: streams.getPartitionDelta,
  query_partition_stats: partitionStats.queryPartitionStats,
  list_dirty_partition_stats: partitionStats.listDirtyPartitionStats,
  repair_partition_stats: partitionStats.repairPartitionStats,
  plan_read: reads.planRead,
  preview_rows: reads.previewRows,
  create_write_session: writes.createWriteSession,
  get_write_session: writes.getWriteSession,
  heartbeat_write_session: writes.heartbeatWriteSession,
  commit_write_session: writes.commitWriteSession,
  abort_write_session: writes.abortWriteSession,
  stage_write: writes.stageWrite,
  commit_write: writes.commitWrite,
  write_data: writes.writeData,
  truncate_table: writes.truncateTable,
  rollback_table: writes.rollbackTable,
  compaction_status: compaction.compactionStatus,
  submit_compaction_job: compaction.submitCompactionJob,
  get_job_status: jobs.getJobStatus,
  get_job_progress: jobs.getJobProgress,
} as const;

/** The table of operations. */
export type Api = typeof API;
/** The name of an operation. */
export type OperationName = keyof Api;
