import { join, resolve } from 'node:path';
import type { DataRoot } from '../roots/data-roots.ts';

/** A folder for the files of one write, below its table's own once the table exists. No other write ever has it. */
export function folderFor({ root, binding }: DataRoot, write: { table_id: string | null; id: string }): string {
  const parts = ['data', write.table_id ?? write.id, write.id];
  return binding ? [root, ...parts].join('/') : join(resolve(root), ...parts);
}
