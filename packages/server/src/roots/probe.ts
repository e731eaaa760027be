import { DeltacatError } from '@deltacat/contract';
import { newUuid } from '../ids.ts';
import { openRoot } from './access.ts';
import type { Binding } from './bindings.ts';

/** What a probe holds: enough to see that it comes back as it was written. */
const CONTENT = new TextEncoder().encode('A probe of DeltaCAT, which it removes again.\n');

/**
 * Shows that the server can write, read and remove a file at a root, before anything is entrusted to it. Throws
 * `invalid_request` that says what it could not do, and `service_unavailable` when the store does not answer.
 */
export async function probeRoot(root: string, binding: Binding): Promise<void> {
  const path = `${root}/.deltacat-probe-${newUuid()}`;
  let doing = 'write a file there';
  try {
    const storage = await openRoot(root, binding);
    await storage.write(path, CONTENT);
    doing = 'read a file that it wrote there';
    const found = await storage.read(path);
    if (Buffer.compare(found, CONTENT) !== 0) throw new DeltacatError('data_missing', `${path} came back changed.`);
    doing = 'remove a file that it wrote there';
    await storage.remove(path);
  } catch (error) {
    if (!(error instanceof DeltacatError)) throw error;
    const code = error.retryable ? 'service_unavailable' : 'invalid_request';
    const message = `${root} cannot be a data root: the server could not ${doing}. ${error.message}`;
    throw new DeltacatError(code, message, { root, reason: error.code, cause: error });
  }
}
