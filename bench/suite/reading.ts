import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Peers } from './peers.ts';

/** What a process of its own took to read rows to Arrow. */
export interface Reading {
  rows: number;
  ms: number;
  /** The most resident memory that the process took, from its start. */
  peak_mb: number;
}

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

/** Reads in turns by several readers, which must find equally many rows. The first turn is not counted. */
export async function readInTurns(
  readers: Record<string, () => Promise<Reading>>,
  runs: number,
): Promise<Record<'ms' | 'peak_mb', Record<string, number[]>>> {
  const readings: Record<string, Reading[]> = {};
  for (let run = runs > 1 ? -1 : 0; run < runs; run += 1) {
    for (const [name, read] of Object.entries(readers)) {
      const reading = await read();
      readings[name] ??= [];
      if (run >= 0) readings[name].push(reading);
    }
  }
  const found = new Set(Object.values(readings).flatMap((some) => some.map(({ rows }) => rows)));
  if (found.size > 1) throw new Error(`the readers disagree about the rows: ${JSON.stringify(readings)}`);
  const figures = (key: 'ms' | 'peak_mb') =>
    Object.fromEntries(Object.entries(readings).map(([name, some]) => [name, some.map((reading) => reading[key])]));
  return { ms: figures('ms'), peak_mb: figures('peak_mb') };
}
