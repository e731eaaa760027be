import { DeltacatError } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { requireBinding } from '../roots/binding-change.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { changeStorage } from '../roots/storage-state.ts';
import { placeOf } from './create-data-root.ts';
import { findDiscoveryRoot, replaceDiscoveryRoot } from './discovery-root.ts';

/** What a place is for that says nothing of it. */
const USAGE_DEFAULT = ['crawl'];

/** Adds a place that may be crawled; the name of a disabled one can be had again. */
export const createDiscoveryRoot: Handler<'create_discovery_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { name, lifecycle_state, usage, description = null, authorization = null } = input;
  const root = placeOf(input.root_uri);
  return changeStorage(context, catalog, async (at) => {
    const before = await findDiscoveryRoot(at.queries, catalog, name);
    if (before?.lifecycle_state === 'active') {
      const message = `Catalog "${catalog.name}" has a discovery root "${name}" already. Choose another name, or change it with update_discovery_root.`;
      throw new DeltacatError('name_taken', message, { root_name: name });
    }
    const { binding_id, binding_revision } = await requireBinding(at.queries, catalog, input.binding_name);
    const settings = { usage: usage ?? USAGE_DEFAULT, description, authorization };
    const next = { name, binding_id, root, settings, lifecycle_state };
    const discovery_root_id = await replaceDiscoveryRoot(at, context, { catalog, before, next });
    return { changed: true, discovery_root_id, binding_id, binding_revision };
  });
};
