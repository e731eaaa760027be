export { type Config, readConfig, VARIABLES } from './config.ts';
export { type RunningServer, type ServerOptions, startServer } from './main.ts';
export { VERSION } from './version.ts';
