import { DeltacatError } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import { findTransaction } from '../snapshots/transactions.ts';

/** How often a read is done again because its transaction changed while it was done. */
const ATTEMPTS_MAX = 5;

/**
 * Reads in a transaction, which keeps no state but its newest: what was read across a change of it, or across its end, may
 * be a part of each, and is read again.
 */
export async function readSteadily<T>(
  context: ServerContext,
  transaction_id: string,
  read: () => Promise<T>,
): Promise<T> {
  const versionNow = async () => (await findTransaction(context.db.reader, transaction_id))?.transaction_version;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const before = await versionNow();
    const answer = await read();
    if ((await versionNow()) === before) return answer;
  }
  const message = `Transaction "${transaction_id}" is being changed faster than it can be read. Wait for its changes, then repeat the read.`;
  throw new DeltacatError('concurrent_modification', message, { transaction_id });
}
