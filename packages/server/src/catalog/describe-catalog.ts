import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { viewHead } from '../snapshots/view.ts';

/** Describes a catalog: where its data goes, and its newest commit. */
export const describeCatalog: Handler<'describe_catalog'> = async (context, input) => {
  const { catalog_id, name, root, data_root, data_roots } = catalogNamed(context, input.catalog_name);
  const { seq, committed_at_ns } = await viewHead(context.db.reader, catalog_id);
  return { name, root, data_root, data_roots, clock_mode: 'system', seq, committed_at_ns };
};
