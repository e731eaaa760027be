import { DeltacatError } from '@deltacat/contract';
import type { Queries } from '../db/database.ts';
import type { Catalog } from '../roots/catalogs.ts';

/** Lets new files go to a data root from now on. Throws `invalid_request` where the catalogs file has chosen one. */
export async function chooseDefault(queries: Queries, catalog: Catalog, name: string): Promise<void> {
  if (catalog.has_fixed_root) {
    throw new DeltacatError(
      'invalid_request',
      `The catalogs file of the server lets new files of catalog "${catalog.name}" go to "${catalog.data_root}". Leave data_root out there, or change it there.`,
      { root_name: name },
    );
  }
  const { catalog_id } = catalog;
  await queries
    .updateTable('data_roots')
    .set({ is_default: false })
    .where('catalog_id', '=', catalog_id)
    .where('name', '!=', name)
    .execute();
  await queries
    .updateTable('data_roots')
    .set({ is_default: true })
    .where('catalog_id', '=', catalog_id)
    .where('name', '=', name)
    .execute();
}
