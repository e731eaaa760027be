import { posix } from 'node:path';
import { DeltacatError } from '@deltacat/contract';

type Lance = typeof import('@lancedb/lancedb');

/**
 * Lance's own library. It is 150 megabytes for every platform, so that only those who use the format install it: without it the
 * failure is `not_supported` and says how.
 */
export async function loadLance(): Promise<Pick<Lance, 'connect'>> {
  try {
    return await import('@lancedb/lancedb');
  } catch (error) {
    const message = `Lance datasets are read and written by @lancedb/lancedb, which is not installed or does not load here: npm install @lancedb/lancedb@0.31.0`;
    throw new DeltacatError('not_supported', message, { cause: error });
  }
}

/** A dataset's folder as Lance names it: `x.lance` is the table `x` of a connection to the folder it is in. */
export function tableAt(path: string): { folder: string; name: string } {
  return { folder: posix.dirname(path), name: posix.basename(path, '.lance') };
}

/** What Lance says is wrong, without the places in its own sources. */
export function reasonOf(error: Error): string {
  return (error.message.split('\n')[0] ?? '').replace(/,? \/\S+\.rs:[\s\S]*/, '').trim();
}
