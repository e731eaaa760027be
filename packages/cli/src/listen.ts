import { type RunningServer, type ServerOptions, startServer } from '@deltacat/server';
import { systemReason } from './system-error.ts';

/** Starts a server; what the system refuses is told with the address or folder that it is about, and what to do. */
export async function listen(options: ServerOptions): Promise<RunningServer> {
  try {
    return await startServer(options);
  } catch (error) {
    throw explain(error, options) ?? error;
  }
}

const ADDRESS_CALLS = ['listen', 'bind', 'getaddrinfo'];

function explain(error: unknown, { catalog_root, host, port }: ServerOptions): Error | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path } = error as NodeJS.ErrnoException; // absent where the system was not asked
  if (code === 'EADDRINUSE') {
    return new Error(`Port ${port} of ${host} is taken. Choose another with --port.`, { cause: error });
  }
  if (ADDRESS_CALLS.includes(syscall ?? '')) {
    const message = `Cannot listen on port ${port} of ${host}: ${systemReason(error)}. Choose others with --port and --host.`;
    return new Error(message, { cause: error });
  }
  if (syscall !== 'mkdir') return null;
  const message = `The folder ${path ?? catalog_root} cannot be made: ${systemReason(error)}. Choose another --catalog-root.`;
  return new Error(message, { cause: error });
}
