export { type Config, readConfig, VARIABLES } from './config.ts';
export { migrateStore, type StoreStatus, storeStatus } from './db/open.ts';
export { type RunningServer, type ServerOptions, startServer } from './main.ts';
export { VERSION } from './version.ts';
