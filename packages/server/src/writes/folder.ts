import { join, resolve } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import type { Catalog } from '../roots/catalogs.ts';

/** A data root that was chosen for new files. */
export interface Place {
  data_root: string;
  folder: string;
}

/** The data root of that name, or the one that new files of a catalog go to. Throws `invalid_request`. */
export function chooseRoot(catalog: Catalog, wanted: string | null | undefined): Place {
  const data_root = wanted ?? catalog.data_root;
  const found = Object.hasOwn(catalog.data_roots, data_root) ? catalog.data_roots[data_root] : undefined;
  if (found) return { data_root, folder: resolve(found.root) };
  const known = Object.keys(catalog.data_roots).join(', ');
  const message = `Catalog "${catalog.name}" has no data root "${data_root}". It has: ${known}.`;
  throw new DeltacatError('invalid_request', message, { root: data_root });
}

/** A folder for the files of one write, below its table's own once the table exists. No other write ever has it. */
export function folderFor(place: Place, write: { table_id: string | null; id: string }): string {
  return join(place.folder, 'data', write.table_id ?? write.id, write.id);
}
