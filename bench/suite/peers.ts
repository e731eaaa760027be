import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PythonProcess } from '../../test/python-process.ts';
import { runCommand } from './command.ts';

/** The programs in bench/peers/, each of which speaks for one peer. */
export const PEERS = { DuckLake: 'ducklake.py', 'delta-rs': 'delta_rs.py', PyIceberg: 'iceberg.py' } as const;

/** Who we are measured beside. */
export type PeerName = keyof typeof PEERS;

const FOLDER = new URL('../peers/', import.meta.url).pathname;

/** The peers as they are installed here. */
export interface Peers {
  /** The names of those that can run: all of them, or none where there is no Python. */
  names: readonly PeerName[];
  /** Runs a program of bench/peers/ by its file name. */
  start(script: string): PythonProcess;
}

/**
 * Installs the peers of bench/peers/requirements.txt into a virtual environment of the user's cache, once for each content of
 * that file. Without Python, or with packages that cannot be had, there are none, and that is said.
 */
export async function installPeers(): Promise<Peers> {
  const requirements = join(FOLDER, 'requirements.txt');
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = join(cache, 'deltacat-bench', version);
  const python = join(folder, 'bin/python');
  const done = join(folder, 'installed');
  if (!existsSync(done)) {
    console.log(`Installing the peers into ${folder} ...`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const made = await runCommand('python3', ['-m', 'venv', folder]);
    const installed =
      made.status === 0 ? await runCommand(python, ['-m', 'pip', 'install', '-q', '-r', requirements]) : made;
    if (installed.status !== 0) {
      console.log(`The peers are left out, for they could not be installed: ${installed.stderr.trim()}`);
      return { names: [], start: () => missing() };
    }
    writeFileSync(done, '');
  }
  return {
    names: Object.keys(PEERS) as PeerName[],
    start: (script) => new PythonProcess(python, join(FOLDER, script), true),
  };
}

function missing(): never {
  throw new Error('the peers are not installed');
}
