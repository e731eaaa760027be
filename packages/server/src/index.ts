export { type Config, readConfig, VARIABLES } from './config.ts';
export { backupStore } from './db/backup.ts';
export { migrateStore, type StoreStatus, storeStatus } from './db/open.ts';
export { restoreStore } from './db/restore.ts';
export { type RunningServer, type ServerOptions, startServer } from './main.ts';
export type { Found, Severity } from './maintenance/check.ts';
export {
  checkStore,
  type RepairReport,
  repairStore,
  type StoreCheckOptions,
  type StoreReport,
} from './maintenance/fsck.ts';
export { VERSION } from './version.ts';
