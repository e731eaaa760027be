import type { RunningServer, ServerOptions } from '@deltacat/server';
import { systemReason } from './system-error.ts';

/** Starts a server; an address that the system refuses is told in words, with what to do. */
export async function listen(options: ServerOptions): Promise<RunningServer> {
  // The server and its database load only when they are needed.
  const { startServer } = await import('@deltacat/server');
  try {
    return await startServer(options);
  } catch (error) {
    throw explain(error, options) ?? error;
  }
}

const ADDRESS_CALLS = ['listen', 'bind', 'getaddrinfo'];

function explain(error: unknown, { host = '127.0.0.1', port }: ServerOptions): Error | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall } = error as NodeJS.ErrnoException; // absent where the system was not asked
  if (code === 'EADDRINUSE') {
    return new Error(`Port ${port} of ${host} is taken. Choose another with --port.`, { cause: error });
  }
  if (!ADDRESS_CALLS.includes(syscall ?? '')) return null;
  const message = `Cannot listen on port ${port} of ${host}: ${systemReason(error)}. Choose others with --port and --host.`;
  return new Error(message, { cause: error });
}
