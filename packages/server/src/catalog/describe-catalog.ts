import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { dataRootsOf, describeRoots } from '../roots/data-roots.ts';
import { viewHead } from '../snapshots/view.ts';

/** Describes a catalog: where its data goes, and its newest commit. */
export const describeCatalog: Handler<'describe_catalog'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { catalog_id, name, root } = catalog;
  const { reader } = context.db;
  const { by_name, default_name: data_root } = await dataRootsOf(reader, catalog);
  const { seq, committed_at_ns } = await viewHead(reader, catalog_id);
  const data_roots = describeRoots(by_name.values());
  return { name, root, data_root, data_roots, clock_mode: 'system', seq, committed_at_ns };
};
