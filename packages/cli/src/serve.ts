import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from './exit.ts';

interface ServeOptions {
  catalogRoot: string;
  transport: 'stdio' | 'http';
  host: string;
  port: number;
}

/** `deltacat serve`: runs the catalog server until it is told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Run the catalog server.')
    .requiredOption('--catalog-root <dir>', 'folder of the database and, by default, of the data; made when missing')
    .addOption(
      new Option('--transport <transport>', 'http for the REST API; stdio for agents (not available yet)')
        .choices(['stdio', 'http'])
        .default('stdio'),
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', parsePort, 8080)
    .action((options: ServeOptions) => serve(options));
}

async function serve(options: ServeOptions): Promise<void> {
  if (options.transport === 'stdio') {
    throw new UsageError(
      'The stdio transport is not available yet. Serve the REST API with: deltacat serve --catalog-root DIR --transport http',
    );
  }
  const { startServer } = await import('@deltacat/server');
  const { catalogRoot, host, port } = options;
  const server = await startServer({ catalog_root: catalogRoot, host, port }).catch(explainAddress(host, port));
  const names = server.context.config.catalogs.map(({ name }) => name).join(', ');
  console.log(
    `DeltaCAT serves ${names} at ${server.url} (folder ${server.context.config.catalog_root}). Ctrl-C stops it.`,
  );
  await untilStopped();
  await server.close();
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function explainAddress(host: string, port: number) {
  return (error: NodeJS.ErrnoException): never => {
    if (error.code === 'EADDRINUSE') throw new Error(`Port ${port} of ${host} is taken. Choose another with --port.`);
    throw error;
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
}
