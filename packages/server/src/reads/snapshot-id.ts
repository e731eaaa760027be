import { createHash } from 'node:crypto';
import type { DeltaInView } from '../snapshots/deltas.ts';

const LENGTH = 32;

/**
 * The fingerprint of the files that a plan resolves to, before any is dropped by its statistics: 32 hex digits, the same
 * whenever the same files are resolved. Made from manifests, which never change, so it costs one step per delta. Order
 * counts only where rows are merged, because only there it decides which row wins.
 */
export function snapshotId(deltas: readonly DeltaInView[], merging: boolean): string {
  const lines = deltas.map(({ manifest_id, delta_type }) => `${manifest_id} ${merging ? delta_type : 'data'}`);
  if (!merging) lines.sort();
  return createHash('sha256')
    .update(`deltacat-snapshot-1\n${merging ? 'merged' : 'as written'}\n${lines.join('\n')}`)
    .digest('hex')
    .slice(0, LENGTH);
}
