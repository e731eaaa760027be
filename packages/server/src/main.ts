import type { Server } from 'node:http';
import { isIP } from 'node:net';
import { configureEngine } from '@deltacat/io-core';
import { serve } from '@hono/node-server';
import pino from 'pino';
import { type Config, readConfig } from './config.ts';
import { machineClock, type ServerContext } from './context.ts';
import { explainFolder, makeFolder } from './db/folder.ts';
import { openStore } from './db/open.ts';
import { createApp } from './http/app.ts';
import { newUuid } from './ids.ts';
import { startLoops } from './loops.ts';
import { openCatalogs } from './roots/catalogs.ts';
import { VERSION } from './version.ts';

/** Where a server keeps its files and where it listens. */
export interface ServerOptions {
  /** Folder of the store, unless DELTACAT_DATABASE_URL names a database, and by default of the data; made when missing. */
  catalog_root: string;
  /** Address to listen on. Default: loopback only. */
  host?: string;
  /** Port to listen on; 0 takes a free one. Default 8080. */
  port?: number;
}

/** A server that is up. */
export interface RunningServer {
  url: string;
  context: ServerContext;
  /** Ends open requests, waits for work under way, and releases the store. */
  close(): Promise<void>;
}

/** Makes everything a server works with, without listening. The caller closes `db`. */
export async function openServer(config: Config, parts: Partial<ServerContext> = {}): Promise<ServerContext> {
  const { clock } = parts;
  const db = parts.db ?? (await openStore(config, clock ? { nowNs: () => clock.nowNs() } : {}));
  try {
    makeRoots(config);
    const log = parts.log ?? pino({ level: config.log_level }, pino.destination({ dest: 2, sync: true }));
    const context = { config, db, clock: machineClock, newId: newUuid, ...parts, log };
    await openCatalogs(context);
    return context;
  } catch (error) {
    if (!parts.db) await db.close();
    throw error;
  }
}

/** Makes the data roots that are missing: one that cannot be written to is better found now than by the first write. */
function makeRoots({ catalogs }: Config): void {
  for (const { name, data_roots } of catalogs) {
    for (const [key, { root, storage_type }] of Object.entries(data_roots)) {
      if (storage_type !== 'local') continue;
      try {
        makeFolder(root);
      } catch (error) {
        const told = explainFolder(error, root);
        const reason = told instanceof Error ? told.message : String(told);
        throw new Error(`Data root "${key}" of catalog "${name}": ${reason}`, { cause: error });
      }
    }
  }
}

/** Starts a server over HTTP; resolves once it accepts requests. Throws when the folder or the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const config = readConfig(options.catalog_root);
  const hostname = options.host ?? '127.0.0.1';
  refuseOpenDoor(hostname, config);
  const engine = { memory_limit_mb: config.memory_limit_mb ?? undefined, ...config.cache };
  if (Object.values(engine).some((setting) => setting !== undefined)) configureEngine(engine);
  const context = await openServer(config);
  const app = createApp(context);
  try {
    const { server, port } = await listen(app.fetch, { hostname, port: options.port ?? 8080 });
    const stopLoops = startLoops(context);
    const url = `http://${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
    const catalogs = config.catalogs.map(({ name }) => name);
    const { catalog_root } = config;
    const database = context.db.name;
    context.log.info({ url, catalog_root, database, catalogs, version: VERSION }, 'started');
    return {
      url,
      context,
      async close() {
        await closeListener(server);
        await stopLoops();
        await context.db.close();
        context.log.info({ url, database }, 'stopped');
      },
    };
  } catch (error) {
    await context.db.close();
    throw error;
  }
}

/** How long requests under way may take to end once the server closes. */
const CLOSING_MS = 10_000;

/** How often connections that have become idle are looked for meanwhile. */
const CLOSING_LOOK_MS = 20;

/** Takes no more connections and waits for requests under way. A connection that is kept alive would hold it up. */
async function closeListener(server: Server): Promise<void> {
  const looking = setInterval(() => server.closeIdleConnections(), CLOSING_LOOK_MS);
  const ending = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearInterval(looking);
  clearTimeout(ending);
}

/** How long an idle connection is kept: longer than clients keep theirs, so that none is closed under a request. */
const KEEP_ALIVE_MS = 65_000;

/** Without authentication everyone who reaches the server may do everything: only this machine should. */
function refuseOpenDoor(hostname: string, config: Config): void {
  const loopback = hostname === 'localhost' || hostname === '::1' || hostname.startsWith('127.');
  if (loopback || config.allow_anonymous) return;
  throw new Error(
    `Refusing to listen on ${hostname}: nobody has to log in, so anyone who reaches it could change everything. ` +
      'Listen on 127.0.0.1, or set DELTACAT_ALLOW_ANONYMOUS=true where the network is trusted.',
  );
}

function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  address: { hostname: string; port: number },
): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    // Without options for HTTP/2 the adapter makes a plain `http.Server`.
    const server = serve({ fetch, ...address }, (info) => resolve({ server, port: info.port })) as Server;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.once('error', reject);
  });
}
