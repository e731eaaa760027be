import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

let running: ChildProcess | null = null;

// The command gets the signal of a terminal as well; the server that it works on must outlive it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => running?.kill(signal));

/** Runs a command with more in its environment, or less by undefined; answers its exit code, as shells tell it. */
export function runCommand(command: string[], environment: Record<string, string | undefined>): Promise<number> {
  const [first = '', ...rest] = command;
  const child = spawn(first, rest, { stdio: 'inherit', env: { ...process.env, ...environment } });
  running = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
  });
}

/** Ends the script with a message for whoever started it. */
export function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
