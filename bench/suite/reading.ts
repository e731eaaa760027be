import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { measureInTurns, type Samples } from './benchmark.ts';
import type { Peers } from './peers.ts';

/** What a process of its own took to read rows to Arrow. */
export type Reading = {
  rows: number;
  ms: number;
  /** The most resident memory that the process took, from its start. */
  peak_mb: number;
};

const CHILD = fileURLToPath(new URL('./read-child.ts', import.meta.url));

/** Reads a table of the namespace `bench` by our client. */
export async function readByOurs(url: string, table: string): Promise<Reading> {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, CHILD, url, table]);
  return JSON.parse(stdout);
}

/** Reads by a program of bench/peers/: what it is opened with, and what it is asked to read. */
export async function readByPeer(
  peers: Peers,
  script: string,
  { open, read = {} }: { open?: object; read?: object },
): Promise<Reading> {
  const peer = peers.start(script);
  try {
    if (open) await peer.ask('open', open);
    const { rows, ms } = (await peer.ask('read', read)) as Omit<Reading, 'peak_mb'>; // as the programs answer
    return { rows, ms, peak_mb: Number(await peer.ask('peak_mb')) };
  } finally {
    await peer.stop();
  }
}

/** Reads in turns by several readers, which must find equally many rows. */
export async function readInTurns(
  readers: Record<string, () => Promise<Reading>>,
  runs: number,
): Promise<Record<'ms' | 'peak_mb', Samples>> {
  const { rows, ...figures } = await measureInTurns(readers, { runs, kinds: ['rows', 'ms', 'peak_mb'] });
  const found = new Set(Object.values(rows).flat());
  if (found.size > 1) throw new Error(`the readers disagree about the rows: ${JSON.stringify(rows)}`);
  return figures;
}
