import { DeltacatError } from '@deltacat/contract';
import type { Catalog } from '../roots/catalogs.ts';
import type { DataRoot, DataRoots } from '../roots/data-roots.ts';

/** A data root that was added to those of the catalogs file. Throws `not_found`, `invalid_request` for one of the file. */
export function requireStoredRoot(catalog: Catalog, { by_name }: DataRoots, name: string): DataRoot {
  const found = by_name.get(name);
  if (!found) {
    const known = [...by_name.keys()].join(', ');
    const message = `Catalog "${catalog.name}" has no data root "${name}". It has: ${known}.`;
    throw new DeltacatError('not_found', message, { root_name: name });
  }
  if (!found.is_configured) return found;
  throw new DeltacatError(
    'invalid_request',
    `Data root "${name}" is one that the server was started with. Change the catalogs file, and start the server again.`,
    { root_name: name },
  );
}
