import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SOURCE = '--conditions=@deltacat/source';
const START_TRIES_MAX = 300;
const START_PAUSE_MS = 100;

/** What pages write for the address of their server. */
const ADDRESS = 'http://127.0.0.1:8080';

/** A server of our own, for one page. */
export interface Server {
  url: string;
  stop(): Promise<void>;
}

/** Starts `deltacat serve` on a free port; resolves when it answers. */
export async function startServer(catalogRoot: string): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = ['serve', '--catalog-root', catalogRoot, '--transport', 'http', '--port', String(port)];
  const command = [
    SOURCE,
    '--disable-warning=ExperimentalWarning',
    join(ROOT, 'packages/cli/bin/deltacat.js'),
    ...options,
  ];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  for (let tries = 0; child.exitCode === null && tries < START_TRIES_MAX; tries += 1) {
    if (await isHealthy(url)) return { url, stop: () => stop(child) };
    await setTimeout(START_PAUSE_MS);
  }
  await stop(child);
  throw new Error(`the server did not answer at ${url}/health:\n${said}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The program that runs a language, with its options; undefined when this machine has none. */
export function interpreter(language: string): string[] | undefined {
  if (language === 'sh') return ['bash', '-euo', 'pipefail'];
  if (language === 'ts') return [process.execPath, SOURCE, '--disable-warning=ExperimentalWarning'];
  const python = process.env.DELTACAT_PYTHON ?? join(homedir(), '.cache/deltacat-conformance/py067/bin/python');
  return existsSync(python) ? [python] : undefined;
}

/** Points a page's text at the server that was started for it. */
export function addressed(text: string, { url }: Server): string {
  return text.replaceAll(ADDRESS, url);
}

/** Runs a file in its folder and resolves to what it printed; rejects with all it said when it fails. */
export async function runFile([program = '', ...options]: string[], file: string): Promise<string> {
  const path = [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, NO_COLOR: '1' };
  try {
    const { stdout } = await promisify(execFile)(program, [...options, file], { cwd: dirname(file), env });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }; // what execFile adds to its errors
    throw new Error(`${file} failed:\n${stdout ?? ''}\n${stderr ?? error}`, { cause: error });
  }
}
