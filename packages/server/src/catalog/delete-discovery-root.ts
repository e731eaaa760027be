import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { changeStorage } from '../roots/storage-state.ts';
import { replaceDiscoveryRoot, requireDiscoveryRoot } from './discovery-root.ts';

/** Disables a place that may be crawled; done again, nothing changes. */
export const deleteDiscoveryRoot: Handler<'delete_discovery_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  return changeStorage(context, catalog, async (at) => {
    const before = await requireDiscoveryRoot(at.queries, catalog, input.root_name);
    const { name, binding_id, root, settings, lifecycle_state, discovery_root_id } = before;
    if (lifecycle_state === 'disabled') return { changed: false, discovery_root_id, binding_id };
    const next = { name, binding_id, root, settings, lifecycle_state: 'disabled' as const };
    return {
      changed: true,
      binding_id,
      discovery_root_id: await replaceDiscoveryRoot(at, context, { catalog, before, next }),
    };
  });
};
