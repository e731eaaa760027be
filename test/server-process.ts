import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server in a process of its own. */
export interface ServerProcess {
  url: string;
  root: string;
  /** Ends the server at once, as a crash would; its folder stays. */
  kill(): Promise<void>;
  /** Ends the server in order; a folder that was made for it goes too. */
  stop(): Promise<void>;
}

/** Starts `deltacat serve` as users do, over the folder given or a fresh one and with further variables, and waits for its address. */
export async function startServerProcess(
  folder?: string,
  environment: Record<string, string> = {},
): Promise<ServerProcess> {
  const root = folder ?? mkdtempSync(join(tmpdir(), 'deltacat-server-'));
  const args = ['serve', '--catalog-root', root, '--transport', 'http', '--port', '0'];
  const command = join(import.meta.dirname, '../packages/cli/bin/deltacat.js');
  const flags = ['--conditions=@deltacat/source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const address = /http:\/\/[\d.]+:\d+/.exec(chunk.toString())?.[0];
      if (address) resolve(address);
    });
    void ended.then(() => reject(new Error('the server ended before it listened')));
  });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return {
    url,
    root,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      if (folder === undefined) rmSync(root, { recursive: true, force: true });
    },
  };
}
