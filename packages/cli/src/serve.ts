import { Command, Option } from 'commander';
import { parsePort } from './arguments.ts';
import { UsageError } from './exit.ts';
import { listen } from './listen.ts';
import { print } from './print/standard-output.ts';
import { untilStopped } from './stop.ts';

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
  const { catalogRoot, host, port } = options;
  const server = await listen({ catalog_root: catalogRoot, host, port });
  // Before the address is told: whoever reads it may end the server the same moment.
  const stopped = untilStopped();
  try {
    const names = server.context.config.catalogs.map(({ name }) => name).join(', ');
    await print(
      `DeltaCAT serves ${names} at ${server.url} (folder ${server.context.config.catalog_root}). Ctrl-C stops it.`,
    );
    await stopped;
  } finally {
    await server.close();
  }
}
