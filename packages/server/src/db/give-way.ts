import { setImmediate } from 'node:timers/promises';

/**
 * Lets other requests have their turn between two steps of long work: on SQLite a query is over when it returns, so that
 * waiting for queries alone lets nobody in. Never inside a unit of work, which awaits nothing but its queries.
 */
export async function giveWay(): Promise<void> {
  await setImmediate();
}
