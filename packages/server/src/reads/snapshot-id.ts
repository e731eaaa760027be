import { createHash } from 'node:crypto';
import type { DeltaInView } from '../snapshots/deltas.ts';
import { fingerprintOf } from '../snapshots/fingerprint.ts';

const LENGTH = 32;

/**
 * The fingerprint of the files that a plan resolves to, before any is dropped by its statistics: 32 hex digits, the same
 * whenever the same files are resolved. Made from manifests, which never change, so it costs one step per delta. Order
 * counts only where rows are merged, because only there it decides which row wins.
 */
export async function snapshotId(deltas: readonly DeltaInView[], merging: boolean): Promise<string> {
  if (!merging) return snapshotIdOf(await fingerprintOf(deltas.map(({ manifest_id }) => manifest_id)));
  const lines = deltas.map(({ manifest_id, delta_type }) => `${manifest_id} ${delta_type}`);
  return idOf('merged', lines.join('\n'));
}

/** The same of manifests whose fingerprint is known, where nothing is merged. */
export function snapshotIdOf(fingerprint: string): string {
  return idOf('as written', fingerprint);
}

function idOf(how: 'merged' | 'as written', what: string): string {
  return createHash('sha256').update(`deltacat-snapshot-2\n${how}\n${what}`).digest('hex').slice(0, LENGTH);
}
